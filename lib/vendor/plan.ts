import { lstat, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { usageError } from "../kit/errors.ts";
import { unifiedDiff } from "../kit/unified-diff.ts";
import { type Fate, fateOf } from "./fate.ts";
import type { VendorLock } from "./lock.ts";
import type { Target } from "./target.ts";
import { sha256, type ToolkitFile } from "./toolkit.ts";

/** What becomes of one file, as data. */
export interface PlannedFile {
  path: string;
  fate: Fate;
  /** An earlier conflict's `.new` still lies beside it. */
  unmerged: boolean;
  /** Of a conflict: what leads from the file as it is there to the new one. */
  diff?: string;
}

/** An update before it is done. */
export interface Plan {
  folder: string;
  /** undefined: the first copy. */
  from: string | undefined;
  to: string;
  files: PlannedFile[];
  /** The lock when all of it is done. */
  lock: VendorLock;
}

interface Yours {
  sha256: string;
  content: Buffer;
}

/** Compares the toolkit, the folder and the lock of what was copied last. Reads only. */
export async function planVendor(
  { folder, lock }: Target,
  toolkit: { version: string; files: Map<string, ToolkitFile> },
): Promise<Plan> {
  const paths = [...new Set([...toolkit.files.keys(), ...(lock?.files.keys() ?? [])])].sort();
  await refuseLinkedFolders(folder, paths);
  const files: PlannedFile[] = [];
  const next = new Map<string, string>();
  for (const path of paths) {
    const theirs = toolkit.files.get(path);
    const copied = lock?.files.get(path);
    const pending = lock?.pending.get(path);
    const yours = await yoursAt(join(folder, path), [copied, pending, theirs?.sha256]);
    const base = pending !== undefined && yours?.sha256 === pending ? pending : copied;
    const fate = fateOf({ base, yours: yours?.sha256, theirs: theirs?.sha256 });
    if (fate === undefined) continue;
    const beside = await yoursAt(join(folder, `${path}.new`), [base, pending, theirs?.sha256]);
    if (fate === "conflict") refuseEditedNew(path, beside, [base, pending, theirs?.sha256]);
    const unmerged = fate === "kept" && beside !== undefined;
    const diff = fate === "conflict" && yours && theirs ? diffOf(path, yours.content, theirs.content) : undefined;
    files.push({ path, fate, unmerged, ...(diff === undefined ? {} : { diff }) });
    // Also of a conflict: the new one lies beside it, and from then on it is yours to merge.
    if (theirs) next.set(path, theirs.sha256);
  }
  return {
    folder,
    from: lock?.version === "" ? undefined : lock?.version,
    to: toolkit.version,
    files,
    lock: { version: toolkit.version, files: next, pending: new Map() },
  };
}

/** What lies there. Git may have turned line ends into CRLF, which is no edit; a link or folder is never what was copied. */
async function yoursAt(file: string, ours: (string | undefined)[]): Promise<Yours | undefined> {
  const facts = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) return { sha256: "no file", content: Buffer.alloc(0) };
  const content = await readFile(file);
  const digest = sha256(content);
  if (ours.includes(digest) || !content.includes("\r\n")) return { sha256: digest, content };
  const unixed = sha256(Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n"), "latin1"));
  return { sha256: ours.includes(unixed) ? unixed : digest, content };
}

/** Nothing is written through a link, wherever it leads. */
async function refuseLinkedFolders(folder: string, paths: string[]): Promise<void> {
  const parents = new Set(paths.flatMap(foldersOf));
  for (const parent of parents) {
    const facts = await lstat(join(folder, parent)).catch(() => undefined);
    if (facts === undefined || facts.isDirectory()) continue;
    throw usageError(
      `Cannot copy to "${folder}": "${parent}" there is no directory of its own`,
      "Move it away and run it again",
      "TARGET_REFUSED",
    );
  }
}

function foldersOf(path: string): string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [...foldersOf(parent), parent];
}

function refuseEditedNew(path: string, beside: Yours | undefined, ours: (string | undefined)[]): void {
  if (beside === undefined || ours.includes(beside.sha256)) return;
  throw usageError(
    `Cannot write "${path}.new": it was edited since the last update, and there is a newer one`,
    `Merge it into "${path}" and remove it, then run this again`,
    "UNMERGED",
  );
}

function diffOf(path: string, yours: Buffer, theirs: Buffer): string {
  return unifiedDiff(yours.toString(), theirs.toString(), { from: path, to: `${path}.new` });
}
