import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const SERVER_IMAGES = [
  "postgres:17",
  "mysql:9.7",
  "mariadb:11.8",
  "postgres:15",
  "postgres:18",
  "mariadb:10.11",
  "postgres:12",
] as const;
export type ServerImage = (typeof SERVER_IMAGES)[number];

/** The image with btrfs-progs and xfsprogs that the pool's helper container is made from. */
export const POOL_TOOLS = "ditto-test/pool-tools:1";

/** Something that tests need and this machine does not have: they are skipped, and `fix` says how to change that. */
export interface Missing {
  what: string;
  why: string;
  fix: string;
}

export interface Availability {
  available: boolean;
  /** Why not; empty when available. */
  reason: string;
}

/** What the live tests can use. A name is null, or its key absent, when the thing is missing. */
export interface Provisioned {
  format: 1;
  docker: Availability;
  /** `env` must be set for every podman command, see containers.conf. */
  podman: Availability & { env: Record<string, string> };
  images: Partial<Record<ServerImage, string>>;
  /** The images of `images` that podman has too, under the same names. */
  podmanImages: Partial<Record<ServerImage, string>>;
  poolTools: string | null;
  native: {
    /** Directory of Debian's `postgres`, `initdb`, `pg_ctl`. */
    postgresBin: string | null;
    /** Path of `mariadbd`. */
    mariadbServer: string | null;
  };
  samples: string | null;
  missing: Missing[];
}

export function cacheDirectory(): string {
  const chosen = process.env.DITTO_TEST_CACHE;
  if (chosen) return resolve(chosen);
  return process.getuid?.() === 0 ? "/var/cache/ditto-test" : join(homedir(), ".cache", "ditto-test");
}

/** Makes a folder inside the cache and returns its path. */
export function cacheFolder(...names: string[]): string {
  const path = join(cacheDirectory(), ...names);
  mkdirSync(path, { recursive: true });
  return path;
}

export function writeProvisioned(report: Provisioned): void {
  writeWhole(reportPath(), `${JSON.stringify(report, null, 2)}\n`);
}

/** What the last provisioning found; where there was none, nothing is available and the reason says so. */
export function readProvisioned(): Provisioned {
  if (existsSync(reportPath())) {
    const report = JSON.parse(readFileSync(reportPath(), "utf8")) as Provisioned;
    if (report.format === 1) return report;
  }
  const reason = 'Nothing was provisioned: run "bun test/provision.ts"';
  return {
    format: 1,
    docker: { available: false, reason },
    podman: { available: false, reason, env: {} },
    images: {},
    podmanImages: {},
    poolTools: null,
    native: { postgresBin: null, mariadbServer: null },
    samples: null,
    missing: [{ what: "live tests", why: reason, fix: "bun test/provision.ts" }],
  };
}

/** Writes a file that is either whole or not there. */
export function writeWhole(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.unfinished`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, path);
}

function reportPath(): string {
  return join(cacheDirectory(), "provisioned.json");
}
