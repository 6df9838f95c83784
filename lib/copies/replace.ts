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
    // Asked while the clone is made.
    const state = runtime.state(runtimeIdOf(now));
    state.catch(() => {});
    const { standsOn: _, head: __, migrating: ___, ...kept } = now;
    const fresh: CopyRecord = {
      ...kept,
      ...replacement,
      method: replacement.frozen.method,
      instance: `${now.id}-${newId().slice(-6)}`,
    };
    const old = await unlessLost(fresh.frozen, { runtime, lost: () => lost(now) }, () =>
      swapIn(fresh, { now, state }, runtime),
    );
    const details = fresh.standsOn ? { snapshot: fresh.standsOn.name } : { base_id: fresh.baseId };
    const ready = await becomeReady(fresh, { action, begun, details });
    await finish(async () => {
      await runtime.removeCopy(runtimeIdOf(now), now.frozen, { atRest: old.atRest });
      await old.ended;
    });
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

/** The server that was replaced, as it stops. */
interface Replaced {
  atRest: boolean;
  /** Never rejects. */
  ended: Promise<void>;
}

async function swapIn(
  fresh: CopyRecord,
  { now, state }: { now: CopyRecord; state: Promise<ServerState> },
  runtime: Runtime,
): Promise<Replaced> {
  let progress: "beside" | "stopping" | "proven" = "beside";
  let wasRunning = false;
  const old: Replaced = { atRest: true, ended: Promise.resolve() };
  const beforeStart = async () => {
    const found = await state;
    progress = "stopping";
    await writeCopy({ ...now, status: "stopped", next: fresh });
    wasRunning = found === "running" || found === "paused";
    if (!wasRunning) return { ended: old.ended };
    if (found === "paused") await runtime.resume(runtimeIdOf(now));
    old.atRest = false;
    const { ended } = await runtime.giveWay(await serveRequestOf(now));
    old.ended = ended.then(
      () => {
        old.atRest = true;
      },
      () => {},
    );
    return { ended: old.ended };
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
      await old.ended;
      if (wasRunning) await bringBack(now, runtime);
      await writeCopy(now);
    },
  );
  return old;
}

/** Stops a server in order, also one that stands still. */
export async function restServer(copy: CopyRecord, runtime: Runtime): Promise<void> {
  const state = await runtime.state(runtimeIdOf(copy));
  if (state === "paused") await runtime.resume(runtimeIdOf(copy));
  if (state === "running" || state === "paused") await runtime.stopServer(runtimeIdOf(copy));
}

async function bringBack(copy: CopyRecord, runtime: Runtime): Promise<void> {
  try {
    const request = await serveRequestOf(copy);
    await runtime.takeBack(request);
    await runtime.restart(request);
    await waitForLogin(runtime, copy);
    if (copy.status === "paused") await runtime.pause(runtimeIdOf(copy));
  } catch (error) {
    await writeCopy({ ...copy, status: "stopped" });
    throw error as DittoError;
  }
}
