import { finish } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { ownerTag } from "../kit/owner.ts";
import type { Runtime } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { waitForLogin } from "./login.ts";
import { freeOfMigration } from "./migrating.ts";
import { type CopyRecord, logEvent, readCopy, runtimeIdOf, wordFor, writeCopy } from "./record.ts";
import { serveRequestOf } from "./serving.ts";

/** One command at a time changes a copy; it begins with what the record says then. */
export async function changeCopy<T>(
  copy: CopyRecord,
  change: (now: CopyRecord, runtime: Runtime) => Promise<T>,
  waitMs = 10 * 60_000,
): Promise<T> {
  return withLock(
    `copy-${copy.id}`,
    async () => {
      const now = await readCopy(copy.id);
      if (!now || now.status === "destroying") throw notAwake({ ...copy, status: "destroyed" });
      if (now.status === "creating" || now.status === "pending") throw notAwake(now);
      const runtime = await runtimeNamed(now.runtime, () => {});
      const whole = now.next ? await settled(now, now.next, runtime) : now;
      return change(await freeOfMigration(whole, runtime), runtime);
    },
    waitMs,
  );
}

/**
 * A copy whose data was being replaced when that was killed: it becomes what it was about to be when the new server
 * runs, because somebody may have worked on it; else it is what it was.
 */
async function settled(now: CopyRecord, next: CopyRecord, runtime: Runtime): Promise<CopyRecord> {
  return finish(async () => {
    const { next: _, ...before } = now;
    const running = (await runtime.state(runtimeIdOf(next))) === "running";
    const answers = () =>
      waitForLogin(runtime, next).then(
        () => true,
        () => false,
      );
    if (running && (await answers())) {
      const adopted: CopyRecord = { ...next, status: "ready", owner: await ownerTag() };
      await writeCopy(adopted);
      // What stays of the old one now belongs to no record, and is swept.
      await runtime.removeCopy(runtimeIdOf(now), now.frozen).catch(() => {});
      return adopted;
    }
    await runtime.removeCopy(runtimeIdOf(next), next.frozen);
    await runtime.takeBack(await serveRequestOf(before));
    await writeCopy(before);
    return before;
  });
}

/** Writes that a copy's server runs. */
export async function becomeReady(
  copy: CopyRecord,
  { action, begun, details = {} }: { action: string; begun: number; details?: Record<string, unknown> },
): Promise<CopyRecord> {
  const ready: CopyRecord = {
    ...copy,
    status: "ready",
    errorMessage: "",
    readyAt: new Date().toISOString(),
    readyMs: Math.round(performance.now() - begun),
    owner: copy.bound ? copy.owner : await ownerTag(),
  };
  await writeCopy(ready);
  await logEvent(copy.id, action, { ...details, ready_ms: ready.readyMs });
  return ready;
}

/** The error for a copy that is in no state to be used. */
export function notAwake(copy: CopyRecord): DittoError {
  const word = wordFor(copy);
  const hint =
    copy.status === "paused"
      ? `"bun scripts/copy.ts resume ${word}" lets it go on`
      : `See "bun scripts/copy.ts list", or make another: "bun scripts/copy.ts create"`;
  return new DittoError(`Cannot use copy "${word}": it is ${copy.status}`, { code: "COPY_NOT_RUNNING", hint });
}
