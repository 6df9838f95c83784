import { randomBytes } from "node:crypto";
import { constants, copyFile, lstat, mkdir, readdir, realpath, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import { run, which } from "../../kit/exec.ts";
import { NAME } from "../../kit/state.ts";

/** What the configuration asks of directories; `auto` shares blocks where the file system can. */
export type DirectoryWish = "auto" | "reflink" | "copy";

/** How a directory was cloned. */
export interface DirectoryClone {
  method: "reflink" | "copy";
}

const BTRFS = 0x9123683e;
/** The inode number of every btrfs subvolume's top directory. */
const SUBVOLUME_INODE = 256;

/** By the number that `statfs` gives. */
const FILE_SYSTEMS: Record<number, string> = {
  61267: "ext4",
  1481003842: "XFS without reflink=1",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  26985: "NFS",
};

/**
 * Clones a directory that nobody writes to; `to` appears complete or not at all. Throws `STORAGE_UNSUPPORTED` when
 * blocks must be shared and can't be, `DISK_FULL` when the bytes don't fit.
 */
export async function cloneDirectory(from: string, to: string, wish: DirectoryWish): Promise<DirectoryClone> {
  const shared = wish !== "copy" && (await canReflink(dirname(to)));
  if (wish === "reflink" && !shared) throw await unsupported(dirname(to));
  const temporary = `${to}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    if (!(shared && (await snapshotSubvolume(from, temporary)))) await copyTree(from, temporary, shared);
    await rename(temporary, to);
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
  return { method: shared ? "reflink" : "copy" };
}

const probes = new Map<number, Promise<boolean>>();

/** True where files of this folder can share blocks; tried once per file system. */
export async function canReflink(folder: string): Promise<boolean> {
  const { dev } = await stat(folder);
  const known = probes.get(dev) ?? probe(folder);
  probes.set(dev, known);
  return known;
}

/** Throws `STORAGE_UNSUPPORTED` with the way out when `folder` can't share blocks. */
export async function requireReflink(folder: string): Promise<void> {
  if (!(await canReflink(folder))) throw await unsupported(folder);
}

async function probe(folder: string): Promise<boolean> {
  const file = join(folder, `.probe-${randomBytes(4).toString("hex")}`);
  try {
    // Empty files have no blocks, and some file systems then say yes without being able to.
    await Bun.write(file, "ditto".repeat(1000));
    await copyFile(file, `${file}.clone`, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(file, { force: true });
    await rm(`${file}.clone`, { force: true });
  }
}

async function unsupported(folder: string): Promise<DittoError> {
  const kind = FILE_SYSTEMS[(await statfs(folder)).type] ?? "its file system";
  return new DittoError(`Cannot clone below "${folder}" by reflink: ${kind} can't share blocks between files`, {
    code: "STORAGE_UNSUPPORTED",
    hint: "Put it on XFS (made with reflink=1), btrfs or APFS, e.g. by a mount there, or write storage: auto",
    exit: 2,
  });
}

/** Makes an empty directory (0700), on btrfs as a subvolume: that is cloned at once, whatever the number of files. */
export async function createDirectory(path: string): Promise<void> {
  const btrfs = (await statfs(dirname(path))).type === BTRFS ? which("btrfs") : undefined;
  const made = btrfs && (await run([btrfs, "subvolume", "create", path], { check: false })).status === 0;
  if (!made) await mkdir(path, { mode: 0o700 });
}

async function isSubvolume(path: string): Promise<boolean> {
  const { ino } = await lstat(path);
  return ino === SUBVOLUME_INODE && (await statfs(path)).type === BTRFS;
}

async function snapshotSubvolume(from: string, to: string): Promise<boolean> {
  const btrfs = (await isSubvolume(from)) ? which("btrfs") : undefined;
  if (!btrfs) return false;
  return (await run([btrfs, "subvolume", "snapshot", from, to], { check: false })).status === 0;
}

async function copyTree(from: string, to: string, shared: boolean): Promise<void> {
  const { status, stderr } = await run([...(await copyCommand(shared, dirname(to))), from, to], { check: false });
  if (status === 0) return;
  if (/no space left|disc quota|disk quota/i.test(stderr)) {
    throw new DittoError(`Cannot clone into "${dirname(to)}": the disk is full`, {
      code: "DISK_FULL",
      hint: 'Free space there: "bun scripts/copy.ts prune", "bun scripts/base.ts list"',
    });
  }
  const first = stderr.trim().split("\n")[0];
  throw new DittoError(`Cannot clone "${from}": ${first || `cp ended with status ${status}`}`, {
    code: "CLONE_FAILED",
  });
}

async function copyCommand(shared: boolean, folder: string): Promise<string[]> {
  if (process.platform === "darwin") return ["cp", shared ? "-Rpc" : "-Rp"];
  if (shared) return ["cp", "-a", "--reflink=auto"];
  // GNU's cp shares blocks unasked where it can; others don't know the flag.
  return (await canReflink(folder)) ? ["cp", "-a", "--reflink=never"] : ["cp", "-a"];
}

/**
 * Removes a directory below `root`; none is fine. Every part of the way is checked to be a plain name, and no symbolic
 * link leads out: throws `UNSAFE_PATH`.
 */
export async function removeDirectory(path: string, root: string): Promise<void> {
  const parts = relative(resolve(root), resolve(path)).split(sep);
  if (!parts.every((part) => NAME.test(part))) throw unsafe(path, root);
  let folder: string;
  try {
    folder = await realpath(dirname(resolve(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (folder !== join(await realpath(root), ...parts.slice(0, -1))) throw unsafe(path, root);
  await removeTree(join(folder, basename(path)));
}

function unsafe(path: string, root: string): DittoError {
  return new DittoError(`Cannot remove "${path}": it does not lie safely below "${root}"`, { code: "UNSAFE_PATH" });
}

async function removeTree(path: string): Promise<void> {
  await deleteSubvolumes(path);
  // rm descends by open folders, so that whoever owns the tree can't lead it elsewhere by exchanging one for a link.
  await run(["rm", "-rf", "--", path], { purpose: `remove "${path}"` });
}

/** Subvolumes at or right below `path` go in one step; what is left of them is removed file by file. */
async function deleteSubvolumes(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory() || (await statfs(path)).type !== BTRFS) return;
  const entries = await readdir(path, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  for (const folder of [...folders, path]) {
    if (await isSubvolume(folder))
      await run(["btrfs", "subvolume", "delete", folder], { check: false }).catch(() => {});
  }
}

/** Bytes that a directory's files occupy; shared blocks count in each of their owners. */
export async function directorySize(path: string): Promise<number> {
  const { stdout } = await run(["du", "-sk", path], { check: false });
  return (Number.parseInt(stdout, 10) || 0) * 1024;
}

/** Bytes of a directory's blocks that no other file shares; undefined where the file system or its tools don't tell. */
export async function ownBytes(path: string): Promise<number | undefined> {
  if (!(await canReflink(path))) return directorySize(path);
  if (!which("filefrag")) return undefined;
  const script = 'find "$1" -type f -size +0 -print0 | xargs -0 filefrag -b1 -v';
  const { stdout, stderr } = await run(["sh", "-c", script, "sh", path], { check: false });
  if (/unsupported|not supported/i.test(stderr)) return undefined;
  let bytes = 0;
  for (const [, length = "0", flags = ""] of stdout.matchAll(/^\s*\d+:[^:]*:[^:]*:\s*(\d+):(.*)$/gm)) {
    if (!flags.includes("shared")) bytes += Number(length);
  }
  return bytes;
}

/** Bytes that may still be written below `path` by an ordinary user. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Writes everything of the directory's file system to disk, so that a record of it never points at lost data. */
export async function syncDirectory(path: string): Promise<void> {
  const flags = process.platform === "linux" ? ["-f", path] : [];
  await run(["sync", ...flags], { purpose: `sync "${path}"` });
}
