import { afterAll, beforeAll, describe, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { attempt } from "../../provision/exec.ts";
import { POOL_TOOLS, readProvisioned, type ServerImage } from "../../provision/report.ts";
import type { SourceRequest } from "../../provision/sources.ts";
import { homeIdOf, makeProject, nativeRootOf, type Outcome, type Project, type RunOptions } from "./project.ts";
import { seed } from "./shared-base.ts";

/** A combination on which the tests of copies run. */
export interface Ground {
  runtime: "docker" | "podman" | "native";
  engine: "postgres" | "mysql";
  server: ServerImage;
  /** `test`: in both forms of the test run; `soak`: in the long one only. */
  in: "test" | "soak";
}

const GROUNDS: Ground[] = [
  { runtime: "docker", engine: "postgres", server: "postgres:17", in: "test" },
  { runtime: "docker", engine: "postgres", server: "postgres:18", in: "soak" },
  { runtime: "docker", engine: "mysql", server: "mysql:9.7", in: "soak" },
  { runtime: "docker", engine: "mysql", server: "mariadb:11.8", in: "soak" },
  { runtime: "podman", engine: "postgres", server: "postgres:17", in: "soak" },
  { runtime: "podman", engine: "mysql", server: "mysql:9.7", in: "soak" },
  { runtime: "podman", engine: "mysql", server: "mariadb:11.8", in: "soak" },
  { runtime: "native", engine: "postgres", server: "postgres:15", in: "soak" },
  { runtime: "native", engine: "mysql", server: "mariadb:10.11", in: "soak" },
];

export const soak = process.env.DITTO_TEST_SOAK === "1";

/** In the soak all of a file's servers, else the one of the engine that it names: what engines share, each file tries on one. */
export function serversToTry<Server extends { engine: string }>(all: readonly Server[], engine: string): Server[] {
  return all.filter((server) => soak || server.engine === engine);
}

/** The JSON of a copy, as far as tests look at it. */
export interface Copy {
  id: string;
  name: string;
  status: string;
  port: number;
  connection_string: string;
  expires_at: string | null;
  labels: Record<string, string>;
  [field: string]: unknown;
}

/** A project with a base of 1000 items, on one ground. */
export interface Stage {
  readonly ground: Ground;
  readonly project: Project;
  /** What a command needs to be in this project: its state folder, and where podman has its settings. */
  readonly env: Record<string, string>;
  /** docker or podman itself, whatever its status. */
  tool(...args: string[]): ReturnType<typeof attempt>;
  /** `bun scripts/copy.ts …`, whatever its status. */
  copy(args: string[], options?: RunOptions): Promise<Outcome>;
  /** Makes a copy and returns its JSON. */
  create(...args: string[]): Promise<Copy>;
  list(): Promise<Copy[]>;
  /** What copies leave in the runtime and the state folder; empty when all are gone. */
  leftovers(): Promise<string[]>;
}

interface Config {
  copy?: object;
  /** `pool`: one is made for the project, where the ground is docker's or podman's. */
  storage?: string;
  [section: string]: unknown;
}

/** How many items the base has. */
export const ITEMS = 1000;

/** Declares tests once for every ground that is there; what is missing is skipped by name. */
export function onEachGround(title: string, tests: (stage: Stage) => void, config: Config = {}): void {
  for (const ground of GROUNDS) {
    if (ground.in === "soak" && !soak) continue;
    if (config.storage === "pool" && ground.runtime === "native") continue;
    const missing = whyMissing(ground);
    const name = `${title}, ${ground.server} on ${ground.runtime}${missing ? ` (${missing})` : ""}`;
    describe.skipIf(missing !== undefined)(name, () => tests(setStage(ground, config)));
  }
}

/** Declares a test only where it means something: elsewhere it isn't skipped, there is none. */
export function testWhere(
  applies: boolean,
  skipped = false,
): (title: string, body: () => void | Promise<void>) => void {
  return applies ? test.skipIf(skipped) : () => {};
}

function setStage(ground: Ground, config: Config): Stage {
  let project: Project | undefined;
  let bare: string[] = [];
  const stage: Stage = {
    ground,
    get project() {
      if (!project) throw new Error("the stage is set in beforeAll");
      return project;
    },
    get env() {
      return { ...readProvisioned().podman.env, DITTO_HOME: stage.project.home, DITTO_OFFLINE: "1" };
    },
    tool: (...args) => attempt([ground.runtime, ...args], { env: readProvisioned().podman.env }),
    copy: (args, options) => stage.project.run("copy", args, options),
    create: (...args) => stage.project.json<Copy>("copy", ["create", ...args]),
    list: () => stage.project.json<Copy[]>("copy", ["list"]),
    // The first copy makes the state folder's network, which stays.
    leftovers: async () => {
      const stays = [...bare, `network ditto-${homeIdOf(stage.project.home)}`];
      return (await inventory(stage.project)).filter((thing) => !stays.includes(thing));
    },
  };
  beforeAll(async () => {
    project = await makeProject(configOf(ground, config));
    if (config.storage === "pool") await project.must("pool", ["create", "--size", "2G", "--tools-image", POOL_TOOLS]);
    // A base in the project's own pool can't be had from another's.
    if (config.storage === "pool") await project.must("reseed", ["--from", fixtureOf(ground)]);
    else await seed(project, fixtureOf(ground));
    bare = await inventory(project);
  });
  afterAll(async () => {
    if (config.storage === "pool") await project?.run("pool", ["delete", "--yes"]);
    await project?.remove();
  });
  return stage;
}

/** The configuration of a ground, to which a test adds its own. */
export function configOf(ground: Ground, { copy = {}, ...config }: Config = {}): object {
  const image = readProvisioned().images[ground.server];
  return { runtime: ground.runtime, copy: { image, ...copy }, dump: { roles: "keep" }, ...config };
}

/** What a source is started with that is like the ground's copies. */
export function sourceOf({ server }: Ground): Pick<SourceRequest, "engine" | "version" | "initdbArgs"> {
  const [engine, version] = server.split(":") as [SourceRequest["engine"], string];
  // The host's own server, which native bases run on, may lack the image's locale.
  return { engine, version, initdbArgs: "--locale=C --encoding=UTF8" };
}

/** Makes another base. */
export async function reseed(stage: Stage): Promise<void> {
  await stage.project.must("reseed", ["--from", fixtureOf(stage.ground), "--rebuild"]);
}

function fixtureOf({ engine }: Ground): string {
  return join(import.meta.dir, `../../fixtures/copies/${engine}.sql`);
}

function whyMissing(ground: Ground): string | undefined {
  const found = readProvisioned();
  if (ground.runtime === "native") {
    const server = ground.engine === "postgres" ? found.native.postgresBin : found.native.mariadbServer;
    return server === null ? "no native server" : undefined;
  }
  if (!found[ground.runtime].available) return found[ground.runtime].reason;
  const images = ground.runtime === "podman" ? found.podmanImages : found.images;
  return images[ground.server] === undefined ? "no image" : undefined;
}

/** Containers, volumes, images and files that must go with copies. Events stay for a month; locks are the kernel's. */
async function inventory(project: Project): Promise<string[]> {
  const files = project
    .files()
    .filter((file) => /^(copies|bases|snapshots|dumps|patches|tmp|work|native)\/./.test(file) || file.endsWith(".tmp"));
  const root = nativeRootOf(project.home) ?? "";
  const native = ["bases", "copies", "snapshots", "tmp"].flatMap((folder) => {
    const path = join(root, folder);
    return existsSync(path) ? readdirSync(path).map((name) => `native ${folder}/${name}`) : [];
  });
  return [...(await project.traces()), ...native, ...files.map((file) => `file ${file}`)];
}

/** Runs one statement through a driver that is not ditto's; rows as objects. */
export async function ask<Row = Record<string, unknown>>(url: string, sql: string): Promise<Row[]> {
  const client = new SQL(url, { max: 1, connectionTimeout: 20 });
  try {
    return [...(await client.unsafe(sql))] as Row[];
  } finally {
    await client.close();
  }
}

/** The number of items in a copy. */
export async function countItems(url: string): Promise<number> {
  const [row] = await ask<{ n: number | string }>(url, "SELECT count(*) AS n FROM items");
  return Number(row?.n);
}
