import { servers } from "../engine/engines.ts";
import { DittoError } from "../kit/errors.ts";
import { ownerAlive, ownerTag } from "../kit/owner.ts";
import type { Runtime } from "../runtime/index.ts";
import { dropIfUnused } from "./drop-snapshot.ts";
import { accessTo, type CopyRecord, logEvent, runtimeIdOf, wordFor, writeCopy } from "./record.ts";
import { linkTo, type SnapshotRecord } from "./snapshot-record.ts";

/** Writes that a migration begins in a copy; until it ends no other command changes the copy. Called under its lock. */
export async function beginMigrating(now: CopyRecord, before: SnapshotRecord): Promise<CopyRecord> {
  const migrating: CopyRecord = { ...now, migrating: { owner: await ownerTag(), snapshot: linkTo(before) } };
  await writeCopy(migrating);
  await logEvent(now.id, "migrating", { snapshot: before.name });
  return migrating;
}

/** Writes that it has ended. Called under the copy's lock. */
export async function endMigrating(now: CopyRecord, details: Record<string, unknown>): Promise<CopyRecord> {
  const { migrating: _, ...free } = now;
  await writeCopy(free);
  await logEvent(now.id, "migrated", details);
  return free;
}

/** As {@link endMigrating} for one that did nothing: the snapshot before it goes, and the copy comes after what it came after. */
export async function forgetMigrating(now: CopyRecord, snapshot: SnapshotRecord): Promise<void> {
  const { migrating: _, head: __, ...free } = now;
  await writeCopy(snapshot.parent ? { ...free, head: snapshot.parent } : free);
  await dropIfUnused(snapshot);
}

/**
 * The copy for a command that changes it. Throws `COPY_MIGRATING` while somebody else's migration runs in it; of one that
 * was killed the rest is removed, as soon as the server runs.
 */
export async function freeOfMigration(now: CopyRecord, runtime: Runtime): Promise<CopyRecord> {
  const { migrating } = now;
  if (!migrating || migrating.owner === (await ownerTag())) return now;
  if (await ownerAlive(migrating.owner)) throw busy(now);
  if ((await runtime.state(runtimeIdOf(now))) !== "running") return now;
  const engine = servers[now.engine];
  const session = await engine.connect(await accessTo(now));
  try {
    await engine.watch.clear(session);
  } finally {
    await session.close();
  }
  const { migrating: _, ...free } = now;
  await writeCopy(free);
  return free;
}

/** True when the migration that was tried in it was killed, and nobody has looked since. */
export async function wasCutOff({ migrating }: CopyRecord): Promise<boolean> {
  return migrating !== undefined && !(await ownerAlive(migrating.owner));
}

/** Says once what became of a migration that was killed. */
export function sayCutOff({ migrating }: CopyRecord, now: CopyRecord, say: (text: string) => void): CopyRecord {
  const word = wordFor(now);
  const name = migrating?.snapshot.name.split("/").at(-1);
  say(`Note: a migration of "${word}" was cut off, and what it had done by then is in the copy`);
  if (name) say(`"bun scripts/snapshot.ts rollback ${word} --to ${name}" puts it back`);
  return now;
}

/** The error for a copy at rest in which a migration was killed. */
export function cutOff(copy: CopyRecord): DittoError {
  const word = wordFor(copy);
  return new DittoError(`Cannot take a snapshot of "${word}": a migration in it was cut off, with its server`, {
    code: "COPY_MIGRATING",
    hint: `"bun scripts/copy.ts start ${word}" puts it in order; "bun scripts/snapshot.ts rollback ${word} --to ${copy.migrating?.snapshot.name.split("/").at(-1)}" undoes the migration`,
  });
}

function busy(copy: CopyRecord): DittoError {
  const pid = copy.migrating?.owner.split("/")[1];
  return new DittoError(`Cannot change copy "${wordFor(copy)}": a migration is being tried in it (process ${pid})`, {
    code: "COPY_MIGRATING",
    hint: "Wait for its end, or end it with Ctrl-C: the copy is then put back as it was before",
  });
}
