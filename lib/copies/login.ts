import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { interrupted, mustFinish } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import type { Runtime } from "../runtime/index.ts";
import { accessTo, type CopyRecord, passwordOf, runtimeIdOf } from "./record.ts";

/** A copy's server must answer within this time, or its log is shown. */
const READY_LIMIT_MS = 90_000;

/** What was begun before a signal must not be handed out after it; what undoes goes on. */
export function stopIfInterrupted(): void {
  if (interrupted() && !mustFinish())
    throw new DittoError("Cannot make a copy: interrupted", { code: "INTERRUPTED", exit: 130 });
}

/** Until the copy's user can log in over TCP, and a wrong password can't. */
export async function waitForLogin(runtime: Runtime, copy: CopyRecord): Promise<void> {
  const engine: ServerEngine = servers[copy.engine];
  const access = await accessTo(copy);
  const until = Date.now() + READY_LIMIT_MS;
  let lastLook = Date.now();
  for (;;) {
    stopIfInterrupted();
    try {
      const session = await engine.connect(access, { timeoutMs: 5_000 });
      await session.close();
      break;
    } catch {
      if (Date.now() > until) throw await notReady(runtime, copy, "its server does not answer");
      if (Date.now() - lastLook > 500) {
        lastLook = Date.now();
        if ((await runtime.state(runtimeIdOf(copy))) !== "running")
          throw await notReady(runtime, copy, "its server ended");
      }
      await Bun.sleep(10);
    }
  }
  await refuseWrongPassword(engine, copy, access);
}

/** Lets the role log in that the copy's URL is for. */
export async function openRoleOf(copy: CopyRecord): Promise<void> {
  if (copy.role === undefined) return;
  const engine: ServerEngine = servers[copy.engine];
  const session = await engine.connect(await accessTo(copy));
  try {
    await engine.openRole(session, copy.role, await passwordOf(copy.id, copy.role));
  } finally {
    await session.close();
  }
}

async function refuseWrongPassword(
  engine: ServerEngine,
  copy: CopyRecord,
  access: Awaited<ReturnType<typeof accessTo>>,
): Promise<void> {
  const session = await engine
    .connect({ ...access, password: "not-the-password" }, { timeoutMs: 5_000 })
    .catch(() => undefined);
  if (!session) return;
  await session.close();
  throw new DittoError("Cannot hand out the copy: its server takes any password", {
    code: "COPY_OPEN",
    hint: `Check that the image "${copy.frozen.image}" is a plain image of its engine; the copy was removed`,
  });
}

async function notReady(runtime: Runtime, copy: CopyRecord, state: string): Promise<DittoError> {
  const log = await runtime.logs(runtimeIdOf(copy)).catch(() => "");
  const last = log.trim().split("\n").slice(-5).join("\n  ");
  return new DittoError(`Cannot make a copy: ${state}${last ? `:\n  ${last}` : ""}`, {
    code: "COPY_NOT_READY",
    hint:
      copy.reach === undefined
        ? "Check copy.settings, copy.memory and the free disk space; nothing was left behind"
        : `Check that this machine may connect to ${copy.reach}:${copy.port} (a firewall? then set copy.ports to a range that it lets pass), and copy.settings and copy.memory; nothing was left behind`,
  });
}
