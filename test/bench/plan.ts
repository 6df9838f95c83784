import { join, resolve } from "node:path";
import type { Conversation } from "../../lib/kit/cli.ts";
import { usageError } from "../../lib/kit/errors.ts";
import { didYouMean } from "../../lib/kit/nearest.ts";
import { formatBytes, parseSize } from "../../lib/kit/units.ts";
import { attempt } from "../provision/exec.ts";
import { type Provisioned, readProvisioned, type ServerImage } from "../provision/report.ts";
import { whyNoReflink } from "./native-root.ts";
import type { Gap } from "./results.ts";
import type { CopyCall } from "./run.ts";

/** A server as sources and containers have it. */
export interface Server {
  engine: Engine;
  /** As in the image's name: "17", "9.7", "11.8". */
  version: string;
  image: string;
}

export type Engine = "postgres" | "mysql" | "mariadb";

/** A way to keep bases and make copies. */
export interface Method {
  name: string;
  runtime: "docker" | "podman" | "native";
  storage: "pool" | "image" | "reflink" | "copy";
}

/** A database to generate. */
export interface Content {
  /** "10 MB" */
  label: string;
  /** 0 for the one of many files. */
  nominalBytes: number;
  accounts: number;
  /** Small tables besides the four of pgbench. */
  smallTables: number;
}

/** Blocks that share a source. */
export interface Group {
  server: Server;
  content: Content;
  methods: Method[];
}

/** What is to be measured, and what can't be. */
export interface Plan {
  groups: Group[];
  gaps: Gap[];
  runs: number;
  pairs: number;
  startupRuns: number;
  scratch: string;
  results: string;
}

export const CONTAINER_VERSIONS: Record<Engine, string> = { postgres: "17", mysql: "9.7", mariadb: "11.8" };
export const ENGINES = Object.keys(CONTAINER_VERSIONS) as Engine[];

const METHODS: Method[] = [
  { name: "docker/pool", runtime: "docker", storage: "pool" },
  { name: "docker/image", runtime: "docker", storage: "image" },
  { name: "podman/image", runtime: "podman", storage: "image" },
  { name: "native/reflink", runtime: "native", storage: "reflink" },
  { name: "native/copy", runtime: "native", storage: "copy" },
];
const UNASKED = METHODS.filter(({ runtime }) => runtime !== "podman").map(({ name }) => name);

/** What a row of `accounts` costs with its part of the indexes and of the other tables, measured; so sizes are "about". */
const BYTES_PER_ACCOUNT: Record<Engine, number> = { postgres: 180, mysql: 152, mariadb: 152 };

/** 3,425 tables of four files and what a server has by itself make 15,000. */
const MANY_FILES: Content = { label: "15,000 files", nominalBytes: 0, accounts: 10_000, smallTables: 3_425 };

/** The flags of `bench copy`, of which another bench has only some. */
type PlanCall = Conversation & { flags: Partial<CopyCall["flags"]> };

/** Reads the flags and looks what this machine has. Throws exit 2 for a word that is none. */
export async function makePlan(call: PlanCall, usualSizes = "10M,100M,1G"): Promise<Plan> {
  const { flags } = call;
  refuseForeignFlags(call);
  const engines = chosen("--engines", flags.engines, ENGINES, ENGINES);
  const names = METHODS.map(({ name }) => name);
  const methods = chosen("--methods", flags.methods, names, UNASKED);
  const sizes = sizesOf(flags.sizes ?? usualSizes, flags.large ?? false);
  // The temporary folder may lie in memory, where nothing costs what it costs.
  const scratch = resolve(flags.scratch ?? "/var/tmp/ditto-bench");
  const wanted = METHODS.filter(({ name }) => methods.includes(name));
  const parts = await Promise.all(
    engines.map((engine) =>
      planEngine(engine, { contents: contentsFor(engine, sizes, flags.files ?? false), wanted, scratch }),
    ),
  );
  return {
    groups: parts.flatMap(({ groups }) => groups),
    gaps: parts.flatMap(({ gaps }) => gaps),
    runs: flags.runs ?? 10,
    pairs: flags.pairs ?? 3,
    startupRuns: flags["startup-runs"] ?? 20,
    scratch,
    results: resolve(flags.results ?? join(import.meta.dir, "results/copy.json")),
  };
}

interface Wanted {
  contents: Content[];
  wanted: Method[];
  scratch: string;
}

async function planEngine(
  engine: Engine,
  { contents, wanted, scratch }: Wanted,
): Promise<Pick<Plan, "groups" | "gaps">> {
  const found = readProvisioned();
  const groups: Group[] = [];
  const gaps: Gap[] = [];
  for (const [version, methods] of await byVersion(engine, wanted, found)) {
    const able: Method[] = [];
    for (const method of methods) {
      const reason = whyNot(engine, method, version, found) ?? (await whyNotHere(method, scratch));
      if (reason === undefined) able.push(method);
      else
        gaps.push(
          ...contents.map(({ label }) => ({
            engine,
            version,
            database: label,
            method: method.name,
            kind: "unavailable" as const,
            reason,
          })),
        );
    }
    const image = found.images[`${engine}:${version}` as ServerImage];
    if (image === undefined || able.length === 0) continue;
    groups.push(...contents.map((content) => ({ server: { engine, version, image }, content, methods: able })));
  }
  return { groups, gaps };
}

/** Throws exit 2 for flags of the scripts that say nothing here. */
export function refuseForeignFlags({ configPath, sourceName, runtimeName, yes }: Conversation): void {
  if (configPath === undefined && sourceName === undefined && runtimeName === undefined && !yes) return;
  throw usageError(
    "Cannot take --config, --source, --runtime or --yes: the bench writes its own configuration",
    "Choose with --engines and --methods",
  );
}

/** The words of a list, in the order of all there are; throws exit 2 for one that is none. */
export function chosen<Word extends string>(
  flag: string,
  text: string | undefined,
  all: Word[],
  unasked: Word[],
): Word[] {
  if (text === undefined) return unasked;
  const words = text.split(",").map((word) => word.trim());
  const wrong = words.find((word) => !(all as string[]).includes(word));
  if (wrong === undefined) return all.filter((word) => words.includes(word));
  throw usageError(`Cannot use "${wrong}" in ${flag}: it is one of ${all.join(", ")}`, didYouMean(wrong, all));
}

function sizesOf(text: string, large: boolean): number[] {
  const words = text === "none" ? [] : text.split(",");
  const sizes = words.map((word) => parseSize(word));
  if (large) sizes.push(parseSize("10G"));
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function contentsFor(engine: Engine, sizes: number[], files: boolean): Content[] {
  const contents = sizes.map((bytes) => ({
    label: formatBytes(bytes).replace(/\.0+(?= )/, ""),
    nominalBytes: bytes,
    accounts: Math.max(1000, Math.round(bytes / BYTES_PER_ACCOUNT[engine])),
    smallTables: 0,
  }));
  return files && engine === "postgres" ? [...contents, MANY_FILES] : contents;
}

/** The native server has the version that the machine has, and a source must have the same. */
async function byVersion(engine: Engine, methods: Method[], found: Provisioned): Promise<Map<string, Method[]>> {
  const native = await nativeVersion(engine, found);
  return Map.groupBy(methods, ({ runtime }) => (runtime === "native" ? native : CONTAINER_VERSIONS[engine]));
}

/** "15", "10.11", or "" when there is no native server. */
async function nativeVersion(engine: Engine, { native }: Provisioned): Promise<string> {
  const bin = native.postgresBin;
  const servers = { postgres: bin === null ? null : join(bin, "postgres"), mariadb: native.mariadbServer, mysql: null };
  const server = servers[engine];
  if (server === null) return "";
  const { stdout } = await attempt([server, "--version"]);
  const version = (engine === "postgres" ? /\d+/ : /\d+\.\d+/).exec(stdout.replace(/^.*?Ver /, ""));
  return version?.[0] ?? "";
}

function whyNot(engine: Engine, method: Method, version: string, found: Provisioned): string | undefined {
  if (version === "") return `the provision has no native server of ${engine}`;
  if (!found.docker.available) return `docker, where the source runs: ${found.docker.reason}`;
  const server = `${engine}:${version}` as ServerImage;
  if (found.images[server] === undefined) return `there is no image of ${server}, where the source runs`;
  if (method.runtime === "podman") {
    if (!found.podman.available) return `podman: ${found.podman.reason}`;
    if (found.podmanImages[server] === undefined) return `podman has no image of ${server}`;
  }
  return method.storage === "pool" && found.poolTools === null ? "there is no image with the pool's tools" : undefined;
}

async function whyNotHere({ storage }: Method, scratch: string): Promise<string | undefined> {
  return storage === "reflink" ? whyNoReflink(scratch) : undefined;
}
