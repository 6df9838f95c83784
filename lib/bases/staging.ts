import { randomBytes } from "node:crypto";
import { servers } from "../engine/engines.ts";
import type { EngineName, ServerEngine, ServerVersion } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError, registerSecret } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Staging } from "../runtime/index.ts";
import type { Build } from "./build.ts";
import type { DetectedDump } from "./files.ts";
import type { ReseedRequest } from "./reseed.ts";
import { serverOfFile } from "./server-of-file.ts";
import { requireSpace } from "./space.ts";
import { transfers } from "./transfers.ts";
import { sizesOf } from "./unpacked.ts";
import { serverInside, startWorkshopServer } from "./workshop.ts";

/** A raw file whose rows a server holds for the time being. */
export interface StagedFile {
  /** To be read like any source. */
  url: DatabaseUrl;
  /** Sentences for the manifest. */
  warnings: string[];
}

type StagingWish = Pick<
  ReseedRequest,
  "runtime" | "image" | "selection" | "settings" | "jobs" | "minFree" | "rawOnDisk" | "step" | "warn"
>;

/** The user of every staging server. */
const USER = "ditto";

/**
 * Bytes of a data directory for each byte of a dump, and of an empty one with its logs. Measured were 2 for wide rows, 3 for
 * six columns with four indexes and 6 for two integers with two; memory that runs out later on is noticed then.
 */
const ROOM: Record<EngineName, { factor: number; empty: number }> = {
  postgres: { factor: 4, empty: 256 << 20 },
  mysql: { factor: 4, empty: 384 << 20 },
};

/** Memory that is left to servers and tools, which need some beside the files. */
const LEFT_FREE = 1 << 30;

const WAY_OUT =
  "Free memory, take a machine with more of it, or let the raw rows lie on this machine's disk for the time being: bun scripts/reseed.ts --from … --raw-on-disk";

/** A server of its own for a raw file while `action` reads it; nothing of it is left afterwards, whatever the end. */
export async function withStaging<T>(
  request: StagingWish,
  file: DetectedDump,
  action: (staged: StagedFile) => Promise<T>,
): Promise<T> {
  const server = serverOfFile(file, request.image);
  const engine: ServerEngine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
  const warnings: string[] = [];
  const warn = (message: string) => {
    warnings.push(message);
    request.warn(message);
  };
  request.step("Open the staging server");
  const memory = await requireRoom(request, file, { engine, warn });
  const staging = await request.runtime.openStaging({
    id: newId(),
    image: request.image || engine.image(server),
    user: engine.imageUser(server),
    server,
    memory,
    serverPort: engine.defaultPort,
  });
  return withCleanup(
    async () => action({ url: await loaded(request, file, { engine, server, staging, warn }), warnings }),
    () => staging.close(),
  );
}

/** The bytes of memory that the files may take; undefined: they lie on disk. Throws `MEMORY_LOW` where they don't fit. */
async function requireRoom(
  request: StagingWish,
  file: DetectedDump,
  { engine, warn }: { engine: ServerEngine; warn(message: string): void },
): Promise<number | undefined> {
  const { factor, empty } = ROOM[engine.name];
  if (request.rawOnDisk) {
    const { packed, unpacked } = await sizesOf(file, Number.POSITIVE_INFINITY);
    await requireSpace(request.runtime, "load the raw file", {
      minFree: request.minFree,
      needed: packed + unpacked * factor + empty,
    });
    warn(
      "The raw rows were on this machine's disk (--raw-on-disk); removed files leave their bytes there until they are overwritten",
    );
    return undefined;
  }
  const { bytes, swaps } = await request.runtime.memory();
  const room = (bytes ?? 0) - LEFT_FREE;
  const { packed, unpacked } = await sizesOf(file, Math.max(0, room) / factor);
  const needed = packed + unpacked * factor + empty;
  if (needed > room) throw tooLarge(file, needed, bytes);
  if (swaps)
    warn("This machine has swap, to which raw rows in memory may have been moved: it should be encrypted, or off");
  return Math.floor(room);
}

function tooLarge(file: DetectedDump, needed: number, bytes: number | undefined): DittoError {
  const state =
    bytes === undefined
      ? "this system keeps no files in memory"
      : `about ${formatBytes(needed + LEFT_FREE)} of memory or more are needed, and ${formatBytes(bytes)} are free`;
  return new DittoError(`Cannot mask "${file.name}": ${state}`, {
    code: "MEMORY_LOW",
    hint: WAY_OUT,
  });
}

interface Site {
  engine: ServerEngine;
  server: ServerVersion;
  staging: Staging;
  warn(message: string): void;
}

/** Loads the file and opens the door for {@link USER} alone, with a password that only this process knows. */
async function loaded(
  request: StagingWish,
  file: DetectedDump,
  { engine, staging, ...site }: Site,
): Promise<DatabaseUrl> {
  const server = await serverInside(engine, site.server, staging);
  const { listen } = staging;
  const running = await startWorkshopServer(engine, server, staging, {
    settings: request.settings,
    traits: {},
    staging: { listen },
  });
  const database = file.database || "app";
  const build: Build = {
    engine,
    server,
    workshop: staging,
    // Definitions alone are taken from it, when only they are wanted.
    selection: { ...request.selection, schemaOnly: false },
    database,
    jobs: request.jobs,
    // What is read from here goes on into a base, which is disarmed.
    disarms: false,
    step: request.step,
    warn: site.warn,
    serverErrors: running.errors,
  };
  await transfers[engine.name].fromFile(build, file).catch((error) => {
    throw explained(file, error, request);
  });
  const password = randomBytes(24).toString("base64url");
  registerSecret(password);
  await openDoor(build, engine.startSql({ user: USER, password, database, server }));
  const where = staging.reach ?? {
    host: "localhost",
    port: engine.defaultPort,
    socket: engine.socketIn(staging.place),
  };
  return { engine: engine.name, ...where, user: USER, password, database, params: {}, dropped: [] };
}

async function openDoor({ engine, server, workshop }: Build, sql: string): Promise<void> {
  const { status } = await workshop.run(engine.adminClient(workshop.place, undefined, server), { input: sql });
  if (status === 0) return;
  throw new DittoError(`Cannot mask the file: the server that holds its rows takes no user (status ${status})`, {
    code: "STAGING_FAILED",
    hint: "Check that the image in copy.image is one of this engine and version; --verbose shows each step",
  });
}

/** A disk that is full is the memory that was given, unless it is a disk. */
function explained(file: DetectedDump, error: unknown, { rawOnDisk }: StagingWish): unknown {
  if (rawOnDisk || (error as DittoError).code !== "DISK_FULL") return error;
  return new DittoError(`Cannot mask "${file.name}": its rows take more memory than is free`, {
    code: "MEMORY_LOW",
    hint: WAY_OUT,
    cause: error,
  });
}
