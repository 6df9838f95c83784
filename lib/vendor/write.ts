import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { interrupted } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import type { Fate } from "./fate.ts";
import { HALF_LOCK, type VendorLock, writeLock } from "./lock.ts";
import type { Plan, PlannedFile } from "./plan.ts";
import type { ToolkitFile } from "./toolkit.ts";

/** The fates that change something in the folder. */
const WRITTEN: Fate[] = ["added", "replaced", "conflict", "removed"];

/** What a killed run leaves of a file that it was writing. */
const TEMPORARY = /\.ditto-[0-9a-f]{12}\.tmp$/;

/**
 * Does what was planned, file by file, each whole or not at all. The lock says before what will be written and after what
 * was, so that a run after a killed one, of whatever version, ends as if there had been none.
 */
export async function writeVendor(
  plan: Plan,
  last: VendorLock | undefined,
  files: Map<string, ToolkitFile>,
): Promise<void> {
  const { folder, lock } = plan;
  await mkdir(folder, { recursive: true });
  if (plan.files.some(({ fate }) => WRITTEN.includes(fate))) {
    const { version, files: copied } = last ?? { version: "", files: new Map() };
    await writeLock(folder, { version, files: copied, pending: lock.files });
  }
  await removeTemporaries(folder);
  for (const planned of plan.files) {
    if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
    await writeOne(folder, planned, files.get(planned.path));
  }
  await writeLock(folder, lock);
}

async function writeOne(folder: string, { path, fate }: PlannedFile, theirs: ToolkitFile | undefined): Promise<void> {
  if (fate === "removed") return removeOne(folder, path);
  if (theirs === undefined) return;
  if (fate === "added" || fate === "replaced") await put(join(folder, path), theirs.content);
  if (fate === "conflict") await put(join(folder, `${path}.new`), theirs.content);
}

async function put(file: string, content: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.ditto-${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, content, { flag: "wx" });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes a file, and the folders that are empty without it. */
async function removeOne(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true });
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
    const gone = await rmdir(join(folder, parent)).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
}

async function removeTemporaries(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules") await removeTemporaries(path);
    else if (entry.isFile() && (TEMPORARY.test(entry.name) || HALF_LOCK.test(entry.name)))
      await rm(path, { force: true });
  }
}
