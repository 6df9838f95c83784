import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import { accessTo, type CopyRecord, wordFor } from "./record.ts";
import type { SnapshotWishes } from "./snapshot.ts";

/**
 * Makes a running copy ready to be frozen; resolves to what will not be in it, in words. Throws `NOT_CAPTURED` when
 * there is such and nobody allowed it.
 */
export async function prepareFreeze(copy: CopyRecord, wishes: SnapshotWishes): Promise<string[]> {
  const engine: ServerEngine = servers[copy.engine];
  const access = await accessTo(copy);
  const session = await engine.connect(access);
  try {
    const look = {
      session,
      connect: (database: string) => engine.connect({ ...access, database }),
      stopped: wishes.stop ?? false,
      samePlace: copy.runtime !== "native",
    };
    const { lost, elsewhere } = await engine.uncaptured(look);
    // Two servers would write into the same files.
    if (elsewhere.length > 0 && !look.samePlace) throw shared(copy, elsewhere);
    const missing = [...lost, ...elsewhere];
    if (missing.length > 0 && !wishes.allowNotCaptured) throw notCaptured(copy, missing, wishes);
    if (!wishes.stop) await engine.checkpoint(session);
    return missing;
  } catch (error) {
    throw error instanceof DittoError ? error : notReady(copy, error);
  } finally {
    await session.close().catch(() => {});
  }
}

/** What the server says when its disk is full, or when that has just ended it. */
const DISK = /No space left on device|disk.*full|Errcode: 28\b/i;

function notReady(copy: CopyRecord, cause: unknown): DittoError {
  const said = messageOf(cause);
  const full = DISK.test(said);
  const state = full ? "its server's disk is full" : `its server failed meanwhile (${said})`;
  const name = wordFor(copy);
  return new DittoError(`Cannot take a snapshot of "${name}": ${state}`, {
    code: full ? "DISK_FULL" : "SERVER_FAILED",
    hint: `"bun scripts/copy.ts logs ${name} --server" shows what it said; ${full ? "free space" : "look whether its disk is full"}, and take it again`,
    cause,
  });
}

function notCaptured(copy: CopyRecord, missing: string[], { stop }: SnapshotWishes): DittoError {
  const how = stop ? "" : "--stop stops the server for it and takes what is on disk then; ";
  return new DittoError(`Cannot take all of "${wordFor(copy)}": not captured would be ${missing.join(", ")}`, {
    code: "NOT_CAPTURED",
    hint: `${how}--allow-not-captured takes the snapshot without`,
  });
}

function shared(copy: CopyRecord, files: string[]): DittoError {
  return new DittoError(
    `Cannot take a snapshot of "${wordFor(copy)}": it has data outside of its directory, ${files.join(", ")}`,
    {
      code: "NOT_CAPTURED",
      hint: "A copy of the snapshot would write into the same files: move them back into the data directory",
    },
  );
}
