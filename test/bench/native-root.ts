import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmod, constants, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { attempt, must } from "../provision/exec.ts";
import type { Home } from "./home.ts";

/** Where a home keeps the path of its native root, so that a later bench can remove it after a kill. */
const NOTE = "native-root";
const IMAGE = "native.xfs";
const RUNTIME = resolve(import.meta.dir, "../../lib/runtime/native/index.ts");

/** Notes where the native runtime keeps its things; with `reflinkBytes` that becomes an XFS of this size. */
export async function openNativeRoot(home: Home, reflinkBytes?: number): Promise<string> {
  const ask = `import { nativeRoot } from ${JSON.stringify(RUNTIME)}; console.log(await nativeRoot());`;
  const root = (await must([process.execPath, "-e", ask], { env: home.environment })).trim();
  writeFileSync(join(home.folder, NOTE), root);
  if (reflinkBytes !== undefined && process.getuid?.() === 0) await mountXfs(home.folder, root, reflinkBytes);
  return root;
}

/** Why this machine can't share blocks below a native root; undefined when it can. */
export async function whyNoReflink(scratch: string): Promise<string | undefined> {
  if (process.getuid?.() === 0) {
    const missing = ["mkfs.xfs", "fallocate", "mount", "losetup"].filter((tool) => Bun.which(tool) === null);
    return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
  }
  // An ordinary user's native root lies in the state folder, and only root can mount something else there.
  return (await sharesBlocks(scratch))
    ? undefined
    : `"${scratch}" can't share blocks: name a --scratch on XFS or btrfs`;
}

/** Unmounts and removes the native root of a home; none is fine. */
export async function removeNativeRoot(folder: string): Promise<void> {
  const note = join(folder, NOTE);
  if (!existsSync(note)) return;
  const root = readFileSync(note, "utf8");
  // A server that is just ending may still hold it.
  for (let tries = 0; tries < 50 && (await isMounted(root)); tries++) {
    const { status } = await attempt(["umount", root]);
    if (status !== 0) await Bun.sleep(200);
  }
  if (await isMounted(root)) throw new Error(`Cannot unmount "${root}": something still uses it`);
  // Below the home it goes with the home.
  if (/^\/var\/lib\/ditto\/[0-9a-f]+$/.test(root)) rmSync(root, { recursive: true, force: true });
}

async function mountXfs(folder: string, root: string, bytes: number): Promise<void> {
  const image = join(folder, IMAGE);
  // Reserved, as a pool is, so that both write into blocks that are theirs.
  await must(["fallocate", "-l", String(bytes), image]);
  await must(["mkfs.xfs", "-q", "-m", "reflink=1", image]);
  await mkdir(root, { recursive: true });
  await must(["mount", "-t", "xfs", "-o", "loop", image, root]);
  await chmod(root, 0o711);
}

async function isMounted(root: string): Promise<boolean> {
  return (await attempt(["mountpoint", "-q", root])).status === 0;
}

async function sharesBlocks(scratch: string): Promise<boolean> {
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, "probe-"));
  try {
    await Bun.write(join(folder, "one"), "ditto".repeat(1000));
    await copyFile(join(folder, "one"), join(folder, "two"), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
