import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { ownerTag } from "../../kit/owner.ts";
import { NAME, newId } from "../../kit/state.ts";
import type { Thing } from "../index.ts";
import { removeDirectory } from "../storage/directory.ts";
import { FOLDERS, type Folder, knownRoots, readMarker, thingIn, writeMarker } from "./folders.ts";
import { endProcesses, serverProcess } from "./processes.ts";
import { removeRunDirectory } from "./run-directory.ts";

/** Everything that lies in the native roots that this process can read. */
export async function listThings(): Promise<Thing[]> {
  const found: Thing[] = [];
  for (const root of await knownRoots()) {
    for (const folder of FOLDERS) {
      const names = await readdir(join(root, folder)).catch(() => []);
      for (const name of names) {
        // Another process may remove it under our eyes.
        const thing = await thingIn(root, folder, name).catch(() => undefined);
        if (!thing) continue;
        const running = folder === "copies" && (await serverProcess(thing.reference)) !== undefined;
        found.push({ ...thing, running });
      }
    }
  }
  return found;
}

/** Removes one thing of the list with its processes; its absence is fine. */
export async function removeThing(thing: Thing): Promise<void> {
  const { reference } = thing;
  const folder = FOLDERS.find((name) => name === basename(dirname(reference)));
  const root = dirname(dirname(reference));
  if (folder === undefined || !(await knownRoots()).includes(root)) {
    throw unsafe(reference);
  }
  await removeFolder(root, folder, basename(reference));
}

/**
 * Ends the processes in a folder and removes it; none is fine. It is renamed into `tmp` first, so that a copy or base is
 * never half there, and whoever is killed here leaves something to sweep.
 */
export async function removeFolder(root: string, folder: Folder, name: string): Promise<void> {
  const path = join(root, folder, name);
  if (!NAME.test(name)) throw unsafe(path);
  const marker = await readMarker(path);
  await endProcesses(path);
  if (marker?.run) await removeRunDirectory(marker.run);
  const gone = join(root, "tmp", `gone-${newId()}`);
  try {
    if (marker) await writeMarker(path, { ...marker, kind: "tool", owner: await ownerTag(), run: null });
    await mkdir(dirname(gone), { recursive: true, mode: 0o711 });
    await rename(path, gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  await removeDirectory(gone, root);
}

function unsafe(path: string): DittoError {
  return new DittoError(`Cannot remove "${path}": it does not lie in a folder of ditto's`, { code: "UNSAFE_PATH" });
}
