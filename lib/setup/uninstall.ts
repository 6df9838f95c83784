import { rm } from "node:fs/promises";
import { removeBase } from "../bases/remove.ts";
import { destroyCopies } from "../copies/destroy.ts";
import { dropSnapshotsOf } from "../copies/drop-snapshot.ts";
import { removeFromRuntime } from "../copies/home-things.ts";
import { orphanedPatches, type Unpatched, unpatch } from "../copies/patch.ts";
import type { Conversation } from "../kit/cli.ts";
import { memoryHome } from "../kit/memory.ts";
import { confirm } from "../kit/prompt.ts";
import { hasHome } from "../kit/state.ts";
import { type Holdings, isEmpty } from "./holdings.ts";
import { readHomeFiles, removeHomeFiles } from "./home-files.ts";

export { describeHoldings, readHoldings } from "./holdings.ts";

/** Asks once, for all of it. */
export async function agreeToRemove(call: Conversation, holdings: Holdings): Promise<void> {
  if (isEmpty(holdings)) return;
  await confirm("Remove all of this? It can't be brought back. Your databases and repositories stay as they are.", {
    call,
  });
}

/** Removes it: what is recorded by its own verb, then whatever carries the mark, the folder last; so it can be run again. */
export async function removeHoldings(
  holdings: Holdings,
  say: (text: string) => void,
): Promise<{ json: object; text: string }> {
  const { copies, snapshots, bases, pools, runtimes } = holdings;
  const unpatched: Unpatched[] = [];
  if (copies.length > 0) unpatched.push(...(await destroyCopies(copies, "deleted")));
  for (const id of await orphanedPatches()) unpatched.push(...(await unpatch(id)));
  // Of copies that expired before.
  for (const { copyId } of snapshots) await dropSnapshotsOf(copyId);
  for (const base of bases) await removeBase(base);
  for (const { verbs } of pools) await verbs.delete();
  for (const name of runtimes) await removeFromRuntime(name);
  for (const { file, left } of unpatched)
    if (left.length > 0) say(`Left as you changed it: ${left.join(", ")} in ${file}`);
  if (await hasHome()) await rm(await memoryHome(), { recursive: true, force: true });
  // Looked at anew: what was removed has left its events and locks.
  const { own, foreign } = await readHomeFiles();
  await removeHomeFiles({ own, foreign });
  const counts = { copies: copies.length, snapshots: snapshots.length, bases: bases.length, pools: pools.length };
  const json = { ...counts, patched_files: unpatched.map(({ file }) => file), left: foreign };
  return { json, text: isEmpty(holdings) ? "There is nothing to remove" : "Removed" };
}
