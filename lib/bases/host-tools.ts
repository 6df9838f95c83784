import type { ServerVersion } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import type { Runtime } from "../runtime/index.ts";

/**
 * Why this host's own tools can't dump a source of this version and serve copies of it, and what to do; undefined where they can,
 * and in containers, whose image has them.
 */
export async function lackingTools(
  runtime: Pick<Runtime, "name" | "askVersion">,
  server: ServerVersion,
): Promise<{ state: string; hint: string } | undefined> {
  if (runtime.name !== "native") return undefined;
  const command = { tool: [], args: [] };
  for (const part of ["client", "server"] as const) {
    const answer = await runtime.askVersion({ image: "", server, part, command });
    // Without a hint nothing is wrong: the first reseed installs it.
    if ("absent" in answer && answer.hint !== undefined) return { state: answer.absent, hint: answer.hint };
  }
  return undefined;
}

/** Throws `TOOLS_MISSING` before anything is installed or made for a base that could not be. */
export async function requireTools(runtime: Runtime, server: ServerVersion): Promise<void> {
  const lacking = await lackingTools(runtime, server);
  if (lacking)
    throw new DittoError(`Cannot make a base: ${lacking.state}`, { code: "TOOLS_MISSING", hint: lacking.hint });
}
