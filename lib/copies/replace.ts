import { finish, withCleanup } from "../kit/cleanup.ts";
import type { DittoError } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import type { Frozen, Runtime, ServerState } from "../runtime/index.ts";
import { becomeReady, changeCopy } from "./change.ts";
import { openRoleOf, waitForLogin } from "./login.ts";
import { type CopyRecord, runtimeIdOf, writeCopy } from "./record.ts";
import { serveRequestOf } from "./serving.ts";

/** What a copy's data becomes. */
export type Replacement = Pick<CopyRecord, "baseId" | "dumpKey" | "frozen" | "database" | "server" | "serving"> &
  Required<Pick<CopyRecord, "raw">> &
  Pick<CopyRecord, "standsOn" | "head">;

interface Replacing {
  /** As its events say. */
  action: string;
  /** Looks at the copy as it is now, and throws when it can't become that. */
  check(now: CopyRecord): Promise<Replacement> | Replacement;
  /** The error when the data that it should become is gone. */
  lost(now: CopyRecord): DittoError;
}

/**
 * Exchanges a copy's data for a clone of something frozen: id, name, port and password stay. The new server stands beside
 * the old data until it has proven itself; when it can't, or ditto is killed, the copy is what it was.
 */
export function replaceData(copy: CopyRecord, { action, check, lost }: Replacing): Promise<CopyRecord> {
  return changeCopy(copy, async (now, runtime) => {
    const begun = performance.now();
    const replacement = await check(now);
    const state = await runtime.state(runtimeIdOf(now));
    const { standsOn: _, head: __, migrating: ___, ...kept } = now;
    const fresh: CopyRecord = {
      ...kept,
      ...replacement,
      method: replacement.frozen.method,
      instance: `${now.id}-${newId().slice(-6)}`,
    };
    await unlessLost(fresh.frozen, { runtime, lost: () => lost(now) }, () => swapIn(fresh, { now, state }, runtime));
    const details = fresh.standsOn ? { snapshot: fresh.standsOn.name } : { base_id: fresh.baseId };
    const ready = await becomeReady(fresh, { action, begun, details });
    await finish(() => runtime.removeCopy(runtimeIdOf(now), now.frozen, { atRest: true }));
    return ready;
  });
}

/**
 * Makes something of frozen data. Whether that is still there is asked only when it failed: to ask takes as long as the
 * clone itself.
 */
export async function unlessLost<T>(
  frozen: Frozen,
  { runtime, lost }: { runtime: Runtime; lost: () => DittoError },
  make: () => Promise<T>,
): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw (await runtime.exists(frozen).catch(() => true)) ? error : lost();
  }
}

async function swapIn(
  fresh: CopyRecord,
  { now, state }: { now: CopyRecord; state: ServerState },
  runtime: Runtime,
): Promise<void> {
  let progress: "beside" | "stopping" | "proven" = "beside";
  const wasRunning = state === "running" || state === "paused";
  const beforeStart = async () => {
    progress = "stopping";
    await writeCopy({ ...now, status: "stopped", next: fresh });
    await restServer(now, runtime, state);
  };
  await withCleanup(
    async () => {
      await finish(async () => runtime.serve({ ...(await serveRequestOf(fresh)), beforeStart }));
      await waitForLogin(runtime, fresh);
      await openRoleOf(fresh);
      progress = "proven";
    },
    async () => {
      if (progress === "proven") return;
      await runtime.removeCopy(runtimeIdOf(fresh), fresh.frozen);
      if (progress === "beside") return;
      if (wasRunning) await bringBack(now, runtime);
      await writeCopy(now);
    },
  );
}

/** Stops a server in order, also one that stands still. */
export async function restServer(copy: CopyRecord, runtime: Runtime, known?: ServerState): Promise<void> {
  const state = known ?? (await runtime.state(runtimeIdOf(copy)));
  if (state === "paused") await runtime.resume(runtimeIdOf(copy));
  if (state === "running" || state === "paused") await runtime.stopServer(runtimeIdOf(copy));
}

async function bringBack(copy: CopyRecord, runtime: Runtime): Promise<void> {
  try {
    await runtime.restart(await serveRequestOf(copy));
    await waitForLogin(runtime, copy);
    if (copy.status === "paused") await runtime.pause(runtimeIdOf(copy));
  } catch (error) {
    await writeCopy({ ...copy, status: "stopped" });
    throw error as DittoError;
  }
}
