import type { Conversation } from "../kit/cli.ts";
import { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { ownerAlive } from "../kit/owner.ts";
import { confirm } from "../kit/prompt.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type CopyRecord, knownCopies, wordFor } from "./record.ts";
import { forgetSnapshot, knownSnapshots, pathOf, readSnapshot, type SnapshotRecord } from "./snapshot-record.ts";

/** Deletes snapshots after a question. Throws `SNAPSHOT_IN_USE` before anything is removed. */
export async function deleteSnapshots(call: Conversation, snapshots: SnapshotRecord[]): Promise<SnapshotRecord[]> {
  for (const snapshot of snapshots) await refuseInUse(snapshot);
  await confirm(`Delete ${snapshots.map(pathOf).join(", ")}? What was frozen is lost.`, { call });
  for (const snapshot of snapshots) {
    if (!(await dropIfUnused(snapshot))) await refuseInUse(snapshot);
  }
  return snapshots;
}

/** Removes a snapshot that no copy stands on; false when one does. */
export async function dropIfUnused(snapshot: SnapshotRecord): Promise<boolean> {
  // The record goes first, while nobody can reserve a copy on it: data without one is swept.
  const unused = await withLock("copies", async () => {
    if ((await standingOn(snapshot)).length > 0) return false;
    const now = await readSnapshot(snapshot);
    if (now?.id === snapshot.id) await forgetSnapshot(snapshot);
    return true;
  });
  if (unused) await (await runtimeNamed(snapshot.frozen.runtime, () => {})).removeFrozen(snapshot.frozen);
  return unused;
}

/** The copies whose data was cloned from a snapshot. */
export async function standingOn({ id }: SnapshotRecord): Promise<CopyRecord[]> {
  return (await knownCopies()).filter(({ standsOn, next }) => standsOn?.id === id || next?.standsOn?.id === id);
}

async function refuseInUse(snapshot: SnapshotRecord): Promise<void> {
  const names = (await standingOn(snapshot)).map(wordFor);
  if (names.length === 0) return;
  const many = names.length > 1;
  throw new DittoError(`Cannot delete ${pathOf(snapshot)}: ${names.join(", ")} stand${many ? "" : "s"} on it`, {
    code: "SNAPSHOT_IN_USE",
    hint: `Delete ${many ? "them" : "it"} first ("bun scripts/copy.ts delete ${names.join(" ")}"), or put ${many ? "them" : "it"} on something else ("bun scripts/copy.ts reset")`,
  });
}

/** Of the snapshots of copies that go, those that go with them: no other copy stands on them. */
export async function goingWith(copies: CopyRecord[]): Promise<SnapshotRecord[]> {
  const going = new Set(copies.map(({ id }) => id));
  const others = (await knownCopies()).filter(({ id }) => !going.has(id));
  const needed = new Set(others.flatMap(({ standsOn, next }) => [standsOn?.id, next?.standsOn?.id]));
  return (await knownSnapshots()).filter(({ copyId, id }) => going.has(copyId) && !needed.has(id));
}

/** Removes the snapshots of copies that are gone by their owner's will. */
export async function dropSnapshotsOf(copyId: string): Promise<void> {
  for (const snapshot of await knownSnapshots(copyId)) await dropIfUnused(snapshot);
}

/** Removes the oldest snapshots of a copy beyond so many; those that a copy stands on stay. Resolves to what went. */
export async function keepNewest(copyId: string, keep: number): Promise<SnapshotRecord[]> {
  const own = (await knownSnapshots(copyId)).filter(({ auto }) => auto === undefined);
  const gone: SnapshotRecord[] = [];
  for (const old of own.slice(0, Math.max(0, own.length - keep))) if (await dropIfUnused(old)) gone.push(old);
  return gone;
}

/** Removes a command's own snapshots that nothing stands on any more; those of a living command are its affair. */
export async function dropLeftovers(): Promise<SnapshotRecord[]> {
  const gone: SnapshotRecord[] = [];
  for (const snapshot of await knownSnapshots()) {
    if (snapshot.auto === undefined || (await ownerAlive(snapshot.auto))) continue;
    if (await dropIfUnused(snapshot)) gone.push(snapshot);
  }
  return gone;
}
