import { access, constants, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";
import { pidAlive, pidPlace } from "../kit/owner.ts";
import { writeAtomic } from "../kit/state.ts";
import {
  type DumpManifest,
  type DumpStore,
  isBelow,
  keyTime,
  manifestText,
  noSuchDump,
  ORPHANED_AFTER_MS,
  parseManifest,
  type StoredDump,
} from "./store.ts";

/** A dump store in a folder. */
export function openFolder(folder: string): DumpStore {
  const fileOf = (key: string) => join(folder, key);
  return {
    address: folder,
    prove: () => proveFolder(folder),
    list: (prefix = "") => listFolder(folder, prefix),
    find: (key) => findFile(folder, key),
    partialFile: (key) => `${fileOf(key)}.${process.pid}.${pidPlace()}.tmp`,
    async publish(partial, manifest) {
      await rename(partial, fileOf(manifest.key));
      await writeAtomic(`${fileOf(manifest.key)}.json`, manifestText(manifest));
    },
    withdraw: (key) => removeFile(fileOf(key)),
    async prune(key, keep) {
      for (const old of (await listFolder(folder, dirname(key))).slice(keep)) await removeFile(fileOf(old.key));
      await removeHalfMade(dirname(fileOf(key)));
    },
  };
}

/** The folder, or what is there of the way to it, must be writable; nothing is made yet. */
async function proveFolder(folder: string): Promise<void> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await access(path, constants.W_OK | constants.X_OK);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT" && path !== dirname(path)) continue;
      throw new DittoError(`Cannot keep dumps in "${folder}": ${messageOf(cause)}`, {
        code: "FILE_UNWRITABLE",
        hint: "Let this user write there, or name another folder in dump.store",
        cause,
      });
    }
  }
}

async function listFolder(folder: string, prefix: string): Promise<StoredDump[]> {
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const found: StoredDump[] = [];
  for (const name of names) {
    const key = name.replaceAll("\\", "/");
    const time = keyTime(key);
    if (time === undefined || !isBelow(key, prefix)) continue;
    // A damaged manifest is left as it is, and its dump counts as incomplete.
    const manifest = await readManifest(join(folder, key)).catch(() => undefined);
    if (manifest) found.push({ key, time, manifest });
  }
  return found.sort((a, b) => b.time - a.time);
}

/** The manifest beside a dump; undefined when there is none. Throws `MANIFEST_DAMAGED`. */
export async function readManifest(file: string): Promise<DumpManifest | undefined> {
  let text: string;
  try {
    text = await readFile(`${file}.json`, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  return parseManifest(text, `${file}.json`);
}

async function findFile(folder: string, key: string) {
  const path = join(folder, key);
  if (!(await stat(path).catch(() => undefined))) throw noSuchDump(folder, key, "missing");
  const manifest = await readManifest(path);
  if (!manifest) throw noSuchDump(folder, key, "incomplete");
  return { path, manifest };
}

/** The manifest first: a dump without one is not listed, and the next run removes it. */
async function removeFile(file: string): Promise<void> {
  await rm(`${file}.json`, { force: true });
  await rm(file, { force: true });
}

/** In a store that machines share only a maker that worked here is known to be dead; others have to be silent for long. */
async function removeHalfMade(folder: string): Promise<void> {
  const names = new Set(await readdir(folder).catch(() => []));
  for (const name of names) {
    const file = join(folder, name);
    // "<key>.<pid>.partial" is an earlier ditto's.
    const [, pid, where] = /\.dump\.(\d+)\.(?:([0-9a-f]{8})\.tmp|partial)$/.exec(name) ?? [];
    const half = pid !== undefined || (name.endsWith(".dump") && !names.has(`${name}.json`));
    const judged = where === pidPlace();
    const dead = judged ? !pidAlive(Number(pid)) : half && (await isOlder(file, ORPHANED_AFTER_MS));
    if (dead) await rm(file, { force: true });
  }
}

async function isOlder(file: string, ms: number): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > ms;
}
