import { DittoError } from "../kit/errors.ts";
import { missing, ownSnapshot } from "./find-snapshot.ts";
import { type CopyRecord, wordFor } from "./record.ts";
import { type Replacement, replaceData } from "./replace.ts";
import { knownSnapshots, linkTo, pathOf, type SnapshotRecord } from "./snapshot-record.ts";

/** Puts a copy back on one of its snapshots, with its id, name, port and password; it may be done again and again. */
export function rollBack(copy: CopyRecord, snapshot: SnapshotRecord): Promise<CopyRecord> {
  return replaceData(copy, {
    action: "rolled back",
    check(now) {
      refuseOther(now, snapshot);
      return replacementOf(snapshot, now.serving);
    },
    lost: (now) => lostSnapshot(snapshot, `roll back "${wordFor(now)}"`),
  });
}

/** A snapshot as what a copy's data becomes. */
export function replacementOf(snapshot: SnapshotRecord, serving: CopyRecord["serving"]): Replacement {
  const { baseId, dumpKey, raw, frozen, database, server } = snapshot;
  return {
    baseId,
    dumpKey,
    raw,
    frozen,
    database,
    server,
    serving,
    standsOn: linkTo(snapshot),
    head: linkTo(snapshot),
  };
}

/** The snapshot that a rollback is for: its own of this name, or where it came from last. */
export async function rollbackTarget(copy: CopyRecord, name: string | undefined): Promise<SnapshotRecord> {
  const word = wordFor(copy);
  if (name !== undefined) {
    const found = await ownSnapshot(copy, name);
    if (found) return found;
    throw await missing(`roll back "${word}" to`, `${word}/${name}`);
  }
  const own = (await knownSnapshots(copy.id)).filter(({ auto }) => auto === undefined);
  const last = (await knownSnapshots()).find(({ id }) => id === copy.head?.id) ?? own.at(-1);
  if (last) return last;
  throw new DittoError(`Cannot roll back "${word}": it has no snapshot`, {
    code: "SNAPSHOT_MISSING",
    hint: `"bun scripts/snapshot.ts create ${word}" takes one; "bun scripts/copy.ts reset ${word}" goes back to the base`,
  });
}

function refuseOther(copy: CopyRecord, snapshot: SnapshotRecord): void {
  const word = wordFor(copy);
  const hint = `"bun scripts/copy.ts create --from ${pathOf(snapshot)}" makes a copy of it`;
  const refuse = (state: string, code: string) => {
    throw new DittoError(`Cannot roll back "${word}" to "${pathOf(snapshot)}": ${state}`, { code, exit: 2, hint });
  };
  const { server, engine, frozen } = snapshot;
  if (snapshot.copyId !== copy.id && snapshot.id !== copy.standsOn?.id) refuse("it is another copy's", "OTHER_COPY");
  if (engine !== copy.engine || server.flavour !== copy.server.flavour) {
    refuse(`it is of ${server.flavour}, and the copy is ${copy.server.flavour}`, "OTHER_ENGINE");
  }
  if (server.version !== copy.server.version) {
    refuse(
      `it is of ${server.flavour} ${server.version}, and the copy is ${copy.server.version} now`,
      "VERSION_MISMATCH",
    );
  }
  if (frozen.runtime !== copy.runtime)
    refuse(`it lies in ${frozen.runtime}, and the copy in ${copy.runtime}`, "OTHER_RUNTIME");
}

/** The error for a snapshot whose data was removed by somebody else. */
export function lostSnapshot(snapshot: SnapshotRecord, action: string): DittoError {
  return new DittoError(
    `Cannot ${action}: the data of snapshot ${pathOf(snapshot)} is gone from ${snapshot.frozen.runtime}`,
    {
      code: "SNAPSHOT_LOST",
      hint: `Something removed it (a "docker system prune"?): "bun scripts/snapshot.ts delete ${pathOf(snapshot)}" forgets it`,
    },
  );
}
