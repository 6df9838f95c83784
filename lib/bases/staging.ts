import { servers } from "../engine/engines.ts";
import type { EngineName, ServerEngine, ServerVersion } from "../engine/index.ts";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Staging } from "../runtime/index.ts";
import type { DetectedDump } from "./files.ts";
import type { ReseedRequest } from "./reseed.ts";
import { serverOfFile } from "./server-of-file.ts";
import { requireSpace } from "./space.ts";
import { serveOnce } from "./throwaway.ts";
import { transfers } from "./transfers.ts";
import { sizesOf } from "./unpacked.ts";

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

/** Loads the file, whose rows are then a user's to read. */
function loaded(
  request: StagingWish,
  file: DetectedDump,
  { engine, server, staging, warn }: Site,
): Promise<DatabaseUrl> {
  const { settings, selection, jobs, step } = request;
  // Definitions alone are taken from it, when only they are wanted.
  const task = { selection: { ...selection, schemaOnly: false }, jobs, step, warn };
  return serveOnce({ engine, server, staging, settings, database: file.database || "app" }, task, (build) =>
    transfers[engine.name].fromFile(build, file).catch((error) => {
      throw explained(file, error, request);
    }),
  );
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
