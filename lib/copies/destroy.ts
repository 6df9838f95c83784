import { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { ownerAlive, ownerTag } from "../kit/owner.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { dropIfUnused, dropSnapshotsOf } from "./drop-snapshot.ts";
import { type Unpatched, unpatch } from "./patch.ts";
import { type CopyRecord, type EndReason, forgetCopy, logEvent, readCopy, runtimeIdOf, writeCopy } from "./record.ts";
import { knownSnapshots } from "./snapshot-record.ts";

/** What ends a copy by its owner's will; its snapshots go with it. Expiry and loss leave them. */
const WILFUL: EndReason[] = ["deleted", "ended"];

/**
 * Removes a copy's server, its data and its record, in this order, and puts back the files that it patched: a kill in
 * between leaves a record that the next sweep ends. When another command is at it already, waits for that one.
 */
export async function destroyCopy(copy: CopyRecord, reason: EndReason): Promise<Unpatched[]> {
  return (await destroyIf(copy, reason, async () => true)) || [];
}

/** As {@link destroyCopy}, where its record still gives a reason when its turn comes; false where it doesn't, or is gone. */
export async function destroyIf(copy: CopyRecord, reason: EndReason, due: Due): Promise<Unpatched[] | false> {
  for (let turn = await claim(copy, reason, due); turn !== "mine"; turn = await claim(copy, reason, due)) {
    if (turn === "gone" || turn === "spared") return false;
    await Bun.sleep(50);
  }
  // Whoever is changing the copy ends that first, and would else write its record anew.
  await withLock(`copy-${copy.id}`, () => removeEverything(copy, reason), 10 * 60_000);
  await dropLeftoverOf(copy);
  return unpatch(copy.id);
}

type Due = (now: CopyRecord) => Promise<boolean>;

async function removeEverything(copy: CopyRecord, reason: EndReason): Promise<void> {
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const now = (await readCopy(copy.id)) ?? copy;
  for (const one of now.next ? [now.next, now] : [now]) await runtime.removeCopy(runtimeIdOf(one), one.frozen);
  // One that a kill interrupted ends as it was begun.
  const why = now.ending ?? reason;
  if (WILFUL.includes(why)) await dropSnapshotsOf(copy.id);
  await forgetCopy(copy.id);
  await logEvent(copy.id, why);
}

/** A clone's own snapshot of where it came from. */
async function dropLeftoverOf({ standsOn }: CopyRecord): Promise<void> {
  const snapshot = standsOn && (await knownSnapshots()).find(({ id }) => id === standsOn.id);
  if (snapshot?.auto !== undefined) await dropIfUnused(snapshot);
}

/** Of two who want to remove a copy one does; a record that is gone means that everything else went before it. */
function claim(copy: CopyRecord, reason: EndReason, due: Due): Promise<"mine" | "another's" | "gone" | "spared"> {
  return withLock("copies", async () => {
    const now = await readCopy(copy.id);
    if (!now) return "gone";
    if (!(await due(now))) return "spared";
    const owner = await ownerTag();
    if (now.status === "destroying" && now.owner !== owner && (await ownerAlive(now.owner))) return "another's";
    await writeCopy({ ...now, status: "destroying", ending: now.ending ?? reason, owner });
    return "mine";
  });
}

/** Destroys several side by side; throws one error that names those that failed. */
export async function destroyCopies(copies: CopyRecord[], reason: EndReason): Promise<Unpatched[]> {
  const results = await Promise.allSettled(copies.map((copy) => destroyCopy(copy, reason)));
  const gone = copies.filter((_, index) => isGone(results[index]));
  // One of them may have stood on another's.
  if (WILFUL.includes(reason)) for (const { id } of gone) await dropSnapshotsOf(id);
  const failed = results.flatMap((result, index) =>
    result.status === "rejected" ? [{ copy: copies[index], cause: result.reason as Error }] : [],
  );
  const [first] = failed;
  if (!first) return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (failed.every(({ cause }) => isLeftPatched(cause))) throw first.cause;
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

/** Also when a file that it patched could not be put back. */
function isGone(result: PromiseSettledResult<unknown> | undefined): boolean {
  return result?.status === "fulfilled" || isLeftPatched(result?.reason);
}

function isLeftPatched(cause: unknown): boolean {
  return (cause as DittoError | undefined)?.code === "PATCH_LEFT";
}
