import { connect } from "node:net";
import { fromThisBoot } from "../kit/owner.ts";
import type { Runtime, ServerState } from "../runtime/index.ts";
import { loginHost } from "./address.ts";
import { type CopyRecord, runtimeIdOf } from "./record.ts";

/** A copy as its runtime shows it, which may be another than was recorded. */
export interface Observed {
  copy: CopyRecord;
  server: ServerState | "unknown";
}

/** What a copy is that has a server, running or not, or had one. */
const SERVED: CopyRecord["status"][] = ["ready", "paused", "stopped", "unclean"];

/**
 * Looks at a copy and changes nothing. One that listens is not asked for further; of one whose data is gone the status is
 * `failed`. Where the runtime can't be asked the copy is as recorded.
 */
export async function observe(copy: CopyRecord): Promise<Observed> {
  if (copy.status === "ready" && (await listens(copy))) return { copy, server: "running" };
  const { runtimeNamed } = await import("../runtime/open.ts");
  try {
    const runtime = await runtimeNamed(copy.runtime, () => {});
    const server = await runtime.state(runtimeIdOf(copy));
    return { copy: SERVED.includes(copy.status) ? await corrected(copy, server, runtime) : copy, server };
  } catch {
    return { copy, server: "unknown" };
  }
}

async function corrected(copy: CopyRecord, server: ServerState, runtime: Runtime): Promise<CopyRecord> {
  if (server === "paused") return { ...copy, status: "paused" };
  // Somebody else than ditto let it go on.
  if (server === "running") return copy.status === "paused" ? { ...copy, status: "ready" } : copy;
  const lost = server === "missing" && !(await runtime.hasData(runtimeIdOf(copy), copy.frozen));
  if (lost) return { ...copy, status: "failed", errorMessage: "its data is gone" };
  if (copy.status === "unclean") return copy;
  const crashed = server === "killed" && copy.status === "ready" && !(await fromThisBoot(copy.owner));
  return { ...copy, status: crashed ? "unclean" : "stopped" };
}

/** True while something takes connections at a copy's address. */
export function listens(copy: CopyRecord): Promise<boolean> {
  const { port } = copy;
  const host = loginHost(copy);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
