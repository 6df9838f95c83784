import { DittoError } from "../kit/errors.ts";
import { ownerAlive, ownerTag, withLock } from "../kit/state.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type Unpatched, unpatch } from "./patch.ts";
import { type CopyRecord, forgetCopy, logEvent, readCopy, writeCopy } from "./record.ts";

/** Why a copy was destroyed, as its events say. */
export type Reason = "deleted" | "expired" | "ended" | "lost";

/**
 * Removes a copy's server, its data and its record, in this order, and puts back the files that it patched: a kill in
 * between leaves a record that the next sweep ends. When another command is at it already, waits for that one.
 */
export async function destroyCopy(copy: CopyRecord, reason: Reason): Promise<Unpatched[]> {
  for (let turn = await claim(copy); turn !== "mine"; turn = await claim(copy)) {
    if (turn === "gone") return [];
    await Bun.sleep(50);
  }
  const runtime = await runtimeNamed(copy.runtime, () => {});
  await runtime.removeCopy(copy.id, copy.frozen);
  await forgetCopy(copy.id);
  await logEvent(copy.id, reason);
  return unpatch(copy.id);
}

/** Of two who want to remove a copy one does; a record that is gone means that everything else went before it. */
function claim(copy: CopyRecord): Promise<"mine" | "another's" | "gone"> {
  return withLock("copies", async () => {
    const now = await readCopy(copy.id);
    if (!now) return "gone";
    const owner = await ownerTag();
    if (now.status === "destroying" && now.owner !== owner && (await ownerAlive(now.owner))) return "another's";
    await writeCopy({ ...now, status: "destroying", owner });
    return "mine";
  });
}

/** Destroys several side by side; throws one error that names those that failed. */
export async function destroyCopies(copies: CopyRecord[], reason: Reason): Promise<Unpatched[]> {
  const results = await Promise.allSettled(copies.map((copy) => destroyCopy(copy, reason)));
  const failed = results.flatMap((result, index) =>
    result.status === "rejected" ? [{ copy: copies[index], cause: result.reason as Error }] : [],
  );
  const [first] = failed;
  if (!first) return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (failed.every(({ cause }) => (cause as DittoError).code === "PATCH_LEFT")) throw first.cause;
  const names = failed.map(({ copy }) => `"${copy?.name || copy?.id}"`).join(", ");
  // "Cannot remove container …: the daemon does not answer" says the same action in other words.
  const state = first.cause.message.replace(/^Cannot [^:]*: /, "");
  throw new DittoError(`Cannot delete ${names}: ${state}`, {
    code: "DELETE_FAILED",
    hint:
      (first.cause instanceof DittoError && first.cause.hint) ||
      'Run the command again; "bun scripts/copy.ts prune" removes what is left',
    cause: first.cause,
  });
}
