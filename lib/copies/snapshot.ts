import { readBase } from "../bases/catalogue.ts";
import { requireSpace } from "../bases/space.ts";
import { finish, interrupted, withCleanup } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { ownerTag } from "../kit/owner.ts";
import { checkName, newId } from "../kit/state.ts";
import { formatDuration } from "../kit/units.ts";
import type { Frozen, FrozenCopy, Runtime } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { changeCopy, notAwake } from "./change.ts";
import { requireAllowance } from "./disk-limit.ts";
import { keepNewest } from "./drop-snapshot.ts";
import { waitForLogin } from "./login.ts";
import { cutOff, wasCutOff } from "./migrating.ts";
import { type CopyRecord, logEvent, readCopy, runtimeIdOf, wordFor, writeCopy } from "./record.ts";
import { restServer } from "./replace.ts";
import { lostSnapshot } from "./rollback.ts";
import { serveRequestOf } from "./serving.ts";
import { isTaken, linkTo, pathOf, readSnapshot, type SnapshotRecord, writeSnapshot } from "./snapshot-record.ts";
import { prepareFreeze } from "./uncaptured.ts";

/** How a snapshot is taken. */
export interface SnapshotWishes {
  /** Undefined: the moment is its name. */
  name?: string | undefined;
  /** Stop the server for it: what only a stopped one has on disk is in it. */
  stop?: boolean | undefined;
  /** Take it without what a running server can't give. */
  allowNotCaptured?: boolean | undefined;
  /** It is for a command's own use and goes when nothing stands on it. */
  auto?: boolean;
}

/** Freezes a copy as it is now. The copy goes on with its connections, unless it is to be stopped for it. */
export async function takeSnapshot(copy: CopyRecord, wishes: SnapshotWishes, config: Config): Promise<SnapshotRecord> {
  return changeCopy(copy, async (now, runtime) => {
    const name = wishes.name ?? (await momentName(now));
    const id = newId();
    await refuse(now, name);
    const action = `take a snapshot of "${wordFor(now)}"`;
    await requireAllowance(config, action);
    await requireSpace(runtime, action, { minFree: config.disk.min_free, from: now.frozen });
    const state = await runtime.state(runtimeIdOf(now));
    if (state === "paused") throw notAwake({ ...now, status: "paused" });
    if (state === "missing") throw lost(now);
    // One that was killed has files as they were then, and the log of what was committed.
    const running = state === "running";
    const notCaptured = running ? await prepareFreeze(now, wishes) : [];
    return keep({ id, name, notCaptured, auto: wishes.auto ? await ownerTag() : undefined }, now, {
      runtime,
      freeze: () => {
        const freeze = (moving: boolean) =>
          runtime.freezeCopy({ id: runtimeIdOf(now), from: now.frozen, snapshot: id, running: moving });
        return running && wishes.stop ? whileStopped(now, runtime, () => freeze(false)) : freeze(running);
      },
    });
  });
}

/** As {@link takeSnapshot}; then the oldest of the copy beyond `copy.keep_snapshots` go. */
export async function takeAndKeep(
  copy: CopyRecord,
  wishes: SnapshotWishes,
  { config, say }: { config: Config; say(text: string): void },
): Promise<SnapshotRecord> {
  const name = wishes.name === undefined ? undefined : checkName(wishes.name, "a snapshot's name");
  const taken = await takeSnapshot(copy, { ...wishes, name }, config);
  const keep = config.copy.keep_snapshots;
  const gone = await keepNewest(copy.id, keep);
  if (gone.length > 0) say(`Removed ${gone.map(pathOf).join(", ")}: copy.keep_snapshots is ${keep}`);
  return taken;
}

/** What was taken, in words. */
export function describeTaken(snapshot: SnapshotRecord): string {
  const { pausedMs, notCaptured } = snapshot;
  const pause = pausedMs > 0 ? `; the server stood still for ${formatDuration(pausedMs)}` : "";
  const without = notCaptured.length > 0 ? `. Not captured: ${notCaptured.join(", ")}` : "";
  return `Took snapshot ${pathOf(snapshot)}${pause}${without}`;
}

/** The same frozen state under another name, with data of its own. */
export async function copySnapshot(snapshot: SnapshotRecord, name: string, config: Config): Promise<SnapshotRecord> {
  // What ditto took for a clone goes with that; a copy of it was asked for.
  const { auto: _, ...asked } = snapshot;
  const copied: SnapshotRecord = { ...asked, id: newId(), name: checkName(name, "a snapshot's name") };
  const runtime = await runtimeNamed(snapshot.frozen.runtime, () => {});
  await requireAllowance(config, "copy the snapshot");
  await requireSpace(runtime, "copy the snapshot", { minFree: config.disk.min_free, from: snapshot.frozen });
  if (await isTaken(copied)) throw taken(snapshot, name);
  if (!(await runtime.exists(snapshot.frozen))) throw lostSnapshot(snapshot, "copy the snapshot");
  let frozen: Frozen | undefined;
  return withCleanup(
    async () => {
      const made = await finish(async () => {
        frozen = await runtime.copyFrozen(snapshot.frozen, copied.id);
        return frozen;
      });
      const done = { ...copied, frozen: made };
      await withLock("copies", async () => {
        if (await isTaken(done)) throw taken(snapshot, name);
        await writeSnapshot(done);
      });
      return done;
    },
    async () => {
      if (frozen && (await readSnapshot(copied))?.id !== copied.id) await runtime.removeFrozen(frozen);
    },
  );
}

interface Draft {
  id: string;
  name: string;
  notCaptured: string[];
  auto: string | undefined;
}

async function keep(
  draft: Draft,
  copy: CopyRecord,
  { runtime, freeze }: { runtime: Runtime; freeze: () => Promise<FrozenCopy> },
): Promise<SnapshotRecord> {
  let made: FrozenCopy | undefined;
  return withCleanup(
    async () => {
      // Set before a signal's undoing goes on, or it would not know of what was frozen.
      const frozen = await finish(async () => {
        made = await freeze();
        return made;
      });
      if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
      const snapshot = await recordOf(draft, copy, frozen);
      await announce(snapshot, copy);
      return snapshot;
    },
    async () => {
      if (made && !(await readSnapshot({ copyId: copy.id, name: draft.name }))) await runtime.removeFrozen(made.frozen);
    },
  );
}

async function recordOf(draft: Draft, copy: CopyRecord, made: FrozenCopy): Promise<SnapshotRecord> {
  const base = await readBase(copy.baseId);
  const { id, name, notCaptured, auto } = draft;
  return {
    id,
    name,
    ...{ copyId: copy.id, copyName: copy.name, project: copy.project, source: copy.source },
    ...{ engine: copy.engine, server: copy.server, database: copy.database, settings: base?.settings ?? {} },
    credentials: "hmac-sha256",
    ...(copy.head ? { parent: copy.head } : {}),
    ...{ baseId: copy.baseId, dumpKey: copy.dumpKey, profile: base?.profile ?? "none", image: base?.image ?? "" },
    ...(base?.maskKey === undefined ? {} : { maskKey: base.maskKey }),
    raw: copy.raw ?? false,
    ...made,
    notCaptured,
    ...(auto ? { auto } : {}),
    createdAt: new Date().toISOString(),
  };
}

/** Nobody deletes the copy, or reserves another on the snapshot, while it is written down. */
async function announce(snapshot: SnapshotRecord, copy: CopyRecord): Promise<void> {
  await withLock("copies", async () => {
    const now = await readCopy(copy.id);
    if (!now || now.status === "destroying") throw notAwake({ ...copy, status: "destroyed" });
    if (await isTaken(snapshot)) throw taken(copy, snapshot.name);
    await writeSnapshot(snapshot);
    if (!snapshot.auto) await writeCopy({ ...now, head: linkTo(snapshot) });
  });
  await logEvent(copy.id, "snapshot", { name: snapshot.name, paused_ms: snapshot.pausedMs });
}

async function whileStopped<T>(copy: CopyRecord, runtime: Runtime, action: () => Promise<T>): Promise<T> {
  return withCleanup(
    async () => {
      await restServer(copy, runtime);
      return action();
    },
    async () => {
      await runtime.restart(await serveRequestOf(copy));
      await waitForLogin(runtime, copy);
    },
  );
}

async function refuse(copy: CopyRecord, name: string): Promise<void> {
  const word = wordFor(copy);
  if (await isTaken({ copyId: copy.id, name })) throw taken(copy, name);
  if (copy.status === "unclean" || copy.status === "failed") throw notAwake(copy);
  if (copy.migrating && (await wasCutOff(copy))) throw cutOff(copy);
  if (copy.expiresAt !== null && Date.parse(copy.expiresAt) < Date.now()) {
    throw new DittoError(`Cannot take a snapshot of "${word}": it has expired and is about to go`, {
      code: "COPY_EXPIRED",
      hint: `"bun scripts/copy.ts extend ${word} --ttl 2h" keeps it`,
    });
  }
}

export function taken(copy: CopyRecord | SnapshotRecord, name: string): DittoError {
  const word = "copyId" in copy ? copy.copyName || copy.copyId : wordFor(copy);
  return new DittoError(`Cannot take the snapshot "${name}" of "${word}": there is one of this name`, {
    code: "SNAPSHOT_EXISTS",
    hint: `Choose another name, or delete it: "bun scripts/snapshot.ts delete ${word}/${name}"`,
  });
}

function lost(copy: CopyRecord): DittoError {
  const word = wordFor(copy);
  return new DittoError(`Cannot take a snapshot of "${word}": its server is gone from ${copy.runtime}`, {
    code: "COPY_LOST",
    hint: `Somebody removed it: "bun scripts/snapshot.ts rollback ${word}" or "bun scripts/copy.ts reset ${word}" makes it again, on the same URL`,
  });
}

/** `20261121-162233`, UTC; `20261121-162233-2` for the second one in that second. */
async function momentName({ id: copyId }: CopyRecord): Promise<string> {
  const moment = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  for (let turn = 1; ; turn++) {
    const name = turn === 1 ? moment : `${moment}-${turn}`;
    if (!(await isTaken({ copyId, name }))) return name;
  }
}
