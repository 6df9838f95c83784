import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { keyTime } from "../bases/store.ts";
import { sweepUnfinished } from "../bases/unfinished.ts";
import { memoryHome } from "../kit/memory.ts";
import { pidAlive } from "../kit/owner.ts";
import { homePath } from "../kit/state.ts";
import { readPatches } from "./patch.ts";
import { readCopies } from "./record.ts";

const EVENTS_KEPT_MS = 30 * 24 * 3600 * 1000;
const LOG_BYTES = 1 << 20;

/** Between a dump's appearance and its manifest's, a folder's and its first file's, lie milliseconds; after this time its maker is dead. */
const UNFINISHED_MS = 60_000;

/** Removes files that nobody will finish or read: of writers that died, of dumps half published, of copies long gone. */
export async function sweepFiles(): Promise<void> {
  await Promise.all(
    ["", "copies", "bases", "current", "work", "locks", "patches"].map((folder) => removeUnfinished(homePath(folder))),
  );
  await removeUnfinished(join(await memoryHome(), "work"));
  await removeUnfinished(homePath("dumps"), { recursive: true });
  await removeUnfinished(homePath("snapshots"), { recursive: true });
  await removeEmptyFolders(homePath("snapshots"));
  for (const { file } of await readPatches()) await removeUnfinished(dirname(file), { of: basename(file) });
  await sweepUnfinished();
  await removeOldEvents();
  if (((await factsOf(homePath("sweep.log")))?.size ?? 0) > LOG_BYTES) await rm(homePath("sweep.log"), { force: true });
}

/** `of` names the one file whose writers are meant, in a folder that is not ditto's. */
async function removeUnfinished(
  folder: string,
  { of = "", ...options }: { recursive?: boolean; of?: string } = {},
): Promise<void> {
  const names = await readdir(folder, options).catch(() => []);
  for (const name of names) {
    if (of !== "" && name.replace(/(\.[^.]+){3}$/, "") !== of) continue;
    const pid = /\.(\d+)\.(?:[0-9a-f]+\.tmp|partial)$/.exec(name)?.[1];
    const dead = pid === undefined ? await isHalfPublished(folder, name) : !pidAlive(Number(pid));
    if (dead) await rm(join(folder, name), { force: true });
  }
}

/** A dump without its manifest counts for nothing. */
async function isHalfPublished(folder: string, name: string): Promise<boolean> {
  if (keyTime(name) === undefined || (await factsOf(join(folder, `${name}.json`)))) return false;
  const facts = await factsOf(join(folder, name));
  return facts !== undefined && Date.now() - facts.ctimeMs > UNFINISHED_MS;
}

/** Of copies whose first snapshot was killed. */
async function removeEmptyFolders(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const facts = await factsOf(join(folder, name));
    const old = facts?.isDirectory() && Date.now() - facts.mtimeMs > UNFINISHED_MS;
    if (old) await rmdir(join(folder, name)).catch(() => {});
  }
}

async function removeOldEvents(): Promise<void> {
  const copies = new Set((await readCopies()).map(({ id }) => id));
  for (const name of await readdir(homePath("events")).catch(() => [])) {
    const file = homePath("events", name);
    const facts = await factsOf(file);
    const old = facts !== undefined && Date.now() - facts.mtimeMs > EVENTS_KEPT_MS;
    if (old && !copies.has(name.replace(/\.jsonl$/, ""))) await rm(file, { force: true });
  }
}

function factsOf(path: string) {
  return stat(path).catch(() => undefined);
}
