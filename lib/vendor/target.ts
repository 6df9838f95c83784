import { existsSync } from "node:fs";
import { lstat, readdir, realpath } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { repositoryRoot } from "../kit/config-file.ts";
import { type DittoError, usageError } from "../kit/errors.ts";
import { shortest } from "../kit/shell.ts";
import { HALF_LOCK, readLock, type VendorLock } from "./lock.ts";
import { TOOLKIT } from "./toolkit.ts";
import { workspaceTaking } from "./workspace.ts";

/** The folder that a copy goes to, and what it holds of one. */
export interface Target {
  folder: string;
  /** Undefined when nothing was copied there yet. */
  lock: VendorLock | undefined;
}

/**
 * Looks whether a copy may be written into a folder: in a repository, which no symbolic link leaves, empty or a vendored
 * copy, and not taken in by a workspace. Throws exit 2 otherwise, before anything is written.
 */
export async function openTarget(word: string): Promise<Target> {
  const folder = resolve(word);
  const root = repositoryRoot(folder);
  const refuse = (state: string, hint: string) => refused(folder, state, hint);
  if (root === undefined) throw refuse("it lies in no git repository", 'Run "git init" in your project first');
  if (folder === root)
    throw refuse("it is the repository itself", `Name a folder of its own, e.g. ${join(word, "tools/ditto")}`);
  if (relative(root, folder).split(sep).includes(".git"))
    throw refuse("it lies in .git", "Name a folder of your sources");
  const real = await realpath(nearestExisting(folder));
  const realRoot = await realpath(root);
  if (!within(real, realRoot)) throw refuse(`it leads out of the repository, to "${real}"`, "Name the folder itself");
  const own = await realpath(TOOLKIT);
  if (within(real, own) || (existsSync(folder) && within(own, real))) {
    throw refuse("ditto itself lies there", "Name a folder of the repository that is to have a copy");
  }
  const lock = await lockOf(folder);
  const taken = await workspaceTaking(folder, root);
  if (taken) {
    throw refuse(
      `the workspace pattern "${taken.pattern}" of ${shortest(taken.file)} takes it in, so its packages would be those of your lock file`,
      `Add "!${relative(dirname(taken.file), folder)}" behind that pattern, or name a folder that it leaves out`,
    );
  }
  return { folder, lock };
}

async function lockOf(folder: string): Promise<VendorLock | undefined> {
  const facts = await lstat(folder).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (!facts.isDirectory()) throw refused(folder, "it is no directory", "Name another folder");
  const lock = await readLock(folder);
  if (lock === undefined && (await readdir(folder)).some((name) => !HALF_LOCK.test(name))) {
    throw refused(folder, "it is not empty and no vendored copy (no ditto.lock.json)", "Name an empty or a new folder");
  }
  return lock;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}

/** Whether a path is a folder or lies below it. */
export function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function refused(folder: string, state: string, hint: string): DittoError {
  return usageError(`Cannot copy to "${shortest(folder)}": ${state}`, hint, "TARGET_REFUSED");
}
