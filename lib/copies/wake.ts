import { type BaseRecord, readBase } from "../bases/catalogue.ts";
import { UNCLEAN } from "../engine/crash-guard.ts";
import { finish } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import type { Runtime } from "../runtime/index.ts";
import { becomeReady, changeCopy, notAwake } from "./change.ts";
import { waitForLogin } from "./login.ts";
import { sayCutOff, wasCutOff } from "./migrating.ts";
import { listens } from "./observe.ts";
import { type CopyRecord, logEvent, runtimeIdOf, wordFor, writeCopy } from "./record.ts";
import { replaceData, restServer } from "./replace.ts";
import { expiryForOthers, serveRequestOf, servingOf } from "./serving.ts";
import { checkedTtl } from "./ttl.ts";

/** What a copy is that can be started. */
const RESTING: CopyRecord["status"][] = ["ready", "stopped", "unclean"];

/** Stops a copy's server cleanly; its data, port and password stay, its memory is free. Stopped already is fine. */
export function stopCopy(copy: CopyRecord): Promise<CopyRecord> {
  return changeCopy(copy, async (now, runtime) => {
    await finish(() => restServer(now, runtime));
    const stopped: CopyRecord = { ...now, status: "stopped" };
    await writeCopy(stopped);
    await logEvent(now.id, "stopped");
    return stopped;
  });
}

/** Halts a copy's server: its memory and its connections stay, its processors are free. Paused already is fine. */
export function pauseCopy(copy: CopyRecord): Promise<CopyRecord> {
  return changeCopy(copy, async (now, runtime) => {
    const state = await runtime.state(runtimeIdOf(now));
    if (state !== "running" && state !== "paused") throw notAwake({ ...now, status: "stopped" });
    if (state === "running") await finish(() => runtime.pause(runtimeIdOf(now)));
    const paused: CopyRecord = { ...now, status: "paused" };
    await writeCopy(paused);
    await logEvent(now.id, "paused");
    return paused;
  });
}

/** Lets a paused copy go on; a running one is fine. */
export function resumeCopy(copy: CopyRecord): Promise<CopyRecord> {
  return changeCopy(copy, async (now, runtime) => {
    const state = await runtime.state(runtimeIdOf(now));
    if (state !== "running" && state !== "paused") throw notAwake({ ...now, status: "stopped" });
    if (state === "paused") await finish(() => runtime.resume(runtimeIdOf(now)));
    const ready: CopyRecord = { ...now, status: "ready" };
    await writeCopy(ready);
    await logEvent(now.id, "resumed");
    return ready;
  });
}

/** Starts a copy's server on its own URL; a running one is fine. Throws `COPY_UNCLEAN`, `COPY_LOST`, `PORT_IN_USE`. */
export function startCopy(copy: CopyRecord, say: (text: string) => void = () => {}): Promise<CopyRecord> {
  return changeCopy(copy, async (now, runtime) => {
    const state = await runtime.state(runtimeIdOf(now));
    if (state === "running" && now.status === "ready") return now;
    if (state === "paused") throw notAwake({ ...now, status: "paused" });
    say(`Starting copy ${wordFor(now)}, which was stopped`);
    const begun = performance.now();
    try {
      await rouse(now, runtime);
    } catch (error) {
      const { code } = error as DittoError;
      if (code === "PORT_IN_USE") throw portTaken(now);
      if (code === "COPY_LOST" || code === "POOL_MISSING") throw copyLost(now);
      if (code === "SERVER_MISSING") throw await serverMissing(now, error as DittoError);
      throw (await isUnclean(runtime, now)) ? await markUnclean(now) : error;
    }
    return becomeReady(now, { action: "started", begun });
  });
}

/** Starts the server and waits for it; once more where a command that was killed had asked it to stop, which it did meanwhile. */
async function rouse(copy: CopyRecord, runtime: Runtime): Promise<void> {
  const start = async () => {
    const state = await runtime.state(runtimeIdOf(copy));
    if (state !== "running") await finish(async () => runtime.restart(await serveRequestOf(copy)));
    await waitForLogin(runtime, copy);
  };
  try {
    await start();
  } catch (error) {
    if ((error as DittoError).code !== "COPY_NOT_READY" || (await runtime.state(runtimeIdOf(copy))) !== "exited")
      throw error;
    await start();
  }
}

/** The copy with its server running: brought back when it was stopped, by somebody or with its machine. */
export async function awake(found: CopyRecord, say: (text: string) => void): Promise<CopyRecord> {
  const copy = (await wasCutOff(found)) ? await changeCopy(found, async (now) => sayCutOff(found, now, say)) : found;
  if (copy.status === "ready" && (await listens(copy))) return copy;
  if (!RESTING.includes(copy.status)) throw notAwake(copy);
  return startCopy(copy, say);
}

/** As {@link awake}; where its runtime is down the copy as it is, whose URL may be wanted all the same. */
export async function awakeWherePossible(copy: CopyRecord, say: (text: string) => void): Promise<CopyRecord> {
  if (!RESTING.includes(copy.status)) return copy;
  try {
    return await awake(copy, say);
  } catch (error) {
    if ((error as DittoError).code !== "RUNTIME_DOWN") throw error;
    say(`Note: ${(error as DittoError).message}`);
    return copy;
  }
}

/** Puts a copy back on a base, with its id, port, password and name; what was done in it is gone. */
export function resetCopy(copy: CopyRecord, base: BaseRecord, config: Config): Promise<CopyRecord> {
  return replaceData(copy, {
    action: "reset",
    check(now) {
      const { id: baseId, dumpKey, raw, frozen, database, server } = base;
      if (frozen.runtime !== now.runtime) throw otherRuntime(now, base);
      const serving = { ...servingOf(config, base), joins: now.serving.joins ?? [] };
      return { baseId, dumpKey, raw, frozen, database, server, serving };
    },
    lost: baseLost,
  });
}

/** Lets a copy live for so long from now on. */
export async function extendCopy(copy: CopyRecord, ttl: number | "never"): Promise<CopyRecord> {
  const ttlSeconds = checkedTtl(ttl, "extend the copy");
  return changeCopy(copy, async (now, runtime) => {
    const expiresAt = ttlSeconds === null ? null : new Date(Date.now() + ttlSeconds * 1000).toISOString();
    const extended: CopyRecord = { ...now, ttlSeconds, expiresAt };
    await runtime.setExpiry(runtimeIdOf(now), expiryForOthers(extended));
    await writeCopy(extended);
    await logEvent(now.id, "extended", { expires_at: expiresAt });
    return extended;
  });
}

async function isUnclean(runtime: Runtime, copy: CopyRecord): Promise<boolean> {
  const log = await runtime.logs(runtimeIdOf(copy)).catch(() => "");
  return log.trimEnd().endsWith(UNCLEAN);
}

async function markUnclean(copy: CopyRecord): Promise<DittoError> {
  await writeCopy({ ...copy, status: "unclean", errorMessage: "the machine went down while its server ran" });
  return new DittoError(`Cannot start copy "${wordFor(copy)}": the machine went down while its server ran`, {
    code: "COPY_UNCLEAN",
    hint: `Copies don't sync their writes, so its files may not belong together: "bun scripts/copy.ts reset ${wordFor(copy)}" puts it back on its base, "bun scripts/snapshot.ts rollback" on a snapshot, on the same URL`,
  });
}

function portTaken(copy: CopyRecord): DittoError {
  return new DittoError(`Cannot start copy "${wordFor(copy)}": somebody else listens on its port ${copy.port}`, {
    code: "PORT_IN_USE",
    hint: `End that program ("ss -ltnp" names it) and run the command again; the copy's data is as it was`,
  });
}

function copyLost(copy: CopyRecord): DittoError {
  return new DittoError(`Cannot start copy "${wordFor(copy)}": its data is gone from ${copy.runtime}`, {
    code: "COPY_LOST",
    hint: `Something removed it (a "docker system prune"?): "bun scripts/copy.ts reset ${wordFor(copy)}" makes it again from its base, on the same URL; "delete" forgets it`,
  });
}

/** A copy in a pool or a folder outlives the image that its server runs from. */
async function serverMissing(copy: CopyRecord, cause: DittoError): Promise<DittoError> {
  const image = (await readBase(copy.baseId))?.image;
  if (!image || copy.runtime === "native") return cause;
  return new DittoError(`Cannot start copy "${wordFor(copy)}": the image of its server is gone from ${copy.runtime}`, {
    code: "SERVER_MISSING",
    hint: `Its data is as it was: bring the image back ("${copy.runtime} pull ${image}") and run the command again`,
    cause,
  });
}

function otherRuntime(copy: CopyRecord, { frozen }: BaseRecord): DittoError {
  const word = wordFor(copy);
  return new DittoError(
    `Cannot reset copy "${word}": its base lies in ${frozen.runtime} now, and the copy in ${copy.runtime}`,
    {
      code: "OTHER_RUNTIME",
      exit: 2,
      hint: `"bun scripts/reseed.ts --runtime ${copy.runtime}" makes a base there; or delete the copy and make it again: "bun scripts/copy.ts delete ${word}"`,
    },
  );
}

function baseLost(copy: CopyRecord): DittoError {
  return new DittoError(`Cannot reset copy "${wordFor(copy)}": the data of its base is gone`, {
    code: "BASE_LOST",
    hint: 'Run "bun scripts/reseed.ts" to build a base again; the copy was left as it is',
  });
}
