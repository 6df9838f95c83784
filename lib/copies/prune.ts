import { DittoError } from "../kit/errors.ts";
import { hasHome } from "../kit/state.ts";
import { answers } from "../runtime/docker/cli.ts";
import type { Runtime } from "../runtime/index.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type SweepWishes, type Swept, sweep } from "./sweep.ts";

const NOTHING: Swept = { removed: [], lost: [], failed: [] };

/** What a person waits for another sweep. */
const WAIT_MS = 10 * 60_000;

/** Sweeps this state folder on every runtime that answers; one in the background gives way to another that is running. */
export async function pruneEverything(say: (text: string) => void, wishes: SweepWishes = {}): Promise<Swept> {
  if (!(await hasHome())) return NOTHING;
  const background = process.env.DITTO_NO_SWEEP === "1";
  const runtimes: Runtime[] = [];
  for (const tool of ["docker", "podman"] as const) {
    if ((await answers(tool)).ok) runtimes.push(await runtimeNamed(tool, say));
  }
  runtimes.push(await runtimeNamed("native", say));
  try {
    return await sweep(runtimes, background ? 0 : WAIT_MS, wishes);
  } catch (error) {
    if (background && (error as DittoError).code === "LOCKED") return NOTHING;
    throw error;
  }
}

/** What a sweep did, in words. */
export function renderSwept(swept: Swept): string {
  const lines = [...swept.removed.map((what) => `Removed ${what}`), ...swept.lost.map((what) => `Lost: ${what}`)];
  return lines.length > 0 || swept.failed.length > 0 ? lines.join("\n") : "Nothing to remove";
}

/** The error for what a sweep could not remove, or not even look at. */
export function sweptPartly({ failed }: Swept): DittoError {
  return new DittoError(`Cannot remove ${failed.join("; ")}`, {
    code: "SWEEP_FAILED",
    hint: "Everything else was looked at; when that is put right, run the command again",
  });
}
