import { randomBytes } from "node:crypto";
import { servers } from "../engine/engines.ts";
import type { ServerEngine, ServerVersion } from "../engine/index.ts";
import * as mysql from "../engine/mysql/quote.ts";
import * as postgres from "../engine/postgres/quote.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError, registerSecret } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime, Staging } from "../runtime/index.ts";
import type { Build, Selection } from "./build.ts";
import type { DetectedDump } from "./files.ts";
import { transfers } from "./transfers.ts";
import { serverInside, startWorkshopServer } from "./workshop.ts";

/** The user of every server that is somebody's for the time being. */
const USER = "ditto";

/** Everything, as it is. */
const WHOLE: Selection = {
  tables: [],
  excludeTables: [],
  excludeTableData: [],
  rows: {},
  excludeExtensions: [],
  roles: "keep",
  largeObjects: "keep",
  schemaOnly: false,
};

/** What a throwaway server is to be. */
export interface ThrowawayRequest {
  runtime: Pick<Runtime, "openStaging">;
  server: ServerVersion;
  /** "": the engine's usual one. */
  image: string;
  settings: Record<string, string>;
  database: string;
  /** Loaded into it; without one the database is empty. */
  file?: DetectedDump;
}

/** Runs `action` with a server of its own, of which nothing is left afterwards, whatever the end. */
export async function withThrowaway<T>(
  request: ThrowawayRequest,
  action: (url: DatabaseUrl) => Promise<T>,
): Promise<T> {
  const { runtime, server, image, settings, database, file } = request;
  const engine: ServerEngine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  const staging = await runtime.openStaging({
    id: newId(),
    image: image || engine.image(server),
    user: engine.imageUser(server),
    server,
    memory: undefined,
    serverPort: engine.defaultPort,
  });
  const task = { selection: WHOLE, jobs: 1, step: () => ({ update() {} }), warn() {} };
  const load = (build: Build) => (file ? transfers[engine.name].fromFile(build, file) : makeDatabase(build));
  return withCleanup(
    async () => action(await serveOnce({ engine, server, staging, settings, database }, task, load)),
    () => staging.close(),
  );
}

async function makeDatabase(build: Build): Promise<void> {
  const { quoteIdentifier } = build.engine.name === "postgres" ? postgres : mysql;
  await administer(build, `CREATE DATABASE ${quoteIdentifier(build.database)};\n`, "makes no database");
}

/** A staging place, and the server that is to run there. */
export interface OnceServed {
  engine: ServerEngine;
  server: ServerVersion;
  staging: Staging;
  settings: Record<string, string>;
  database: string;
}

/** Starts the server, loads it, and then opens its door for one user, with a password that only this process knows. */
export async function serveOnce(
  { engine, staging, settings, database, ...place }: OnceServed,
  task: Pick<Build, "selection" | "jobs" | "step" | "warn">,
  load: (build: Build) => Promise<void>,
): Promise<DatabaseUrl> {
  const server = await serverInside(engine, place.server, staging);
  const { listen } = staging;
  const running = await startWorkshopServer(engine, server, staging, { settings, traits: {}, staging: { listen } });
  const build: Build = {
    ...task,
    engine,
    server,
    workshop: staging,
    database,
    // What is read from here goes on into a base, which is disarmed, or is thrown away.
    disarms: false,
    serverErrors: running.errors,
  };
  await load(build);
  const password = randomBytes(24).toString("base64url");
  registerSecret(password);
  await administer(build, engine.startSql({ user: USER, password, database, server }), "takes no user");
  const where = staging.reach ?? {
    host: "localhost",
    port: engine.defaultPort,
    socket: engine.socketIn(staging.place),
  };
  return { engine: engine.name, ...where, user: USER, password, database, params: {}, dropped: [] };
}

async function administer({ engine, server, workshop }: Build, sql: string, refusal: string): Promise<void> {
  const { status } = await workshop.run(engine.adminClient(workshop.place, undefined, server), { input: sql });
  if (status === 0) return;
  throw new DittoError(`Cannot use the server that was started for this: it ${refusal} (status ${status})`, {
    code: "STAGING_FAILED",
    hint: "Check that the image in copy.image is one of this engine and version; --verbose shows each step",
  });
}
