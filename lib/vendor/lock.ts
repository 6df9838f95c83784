import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { usageError } from "../kit/errors.ts";
import { VENDOR_LOCK } from "../kit/packages.ts";
import { writeAtomic } from "../kit/state.ts";

const LOCK_VERSION = 1;

/** What a run that was killed while it wrote the lock has left of it. */
export const HALF_LOCK = /^ditto\.lock\.json\.\d+\.[0-9a-f]+\.tmp$/;

/** What was copied last: the toolkit's version, and each file's SHA-256 as it was then. */
export interface VendorLock {
  version: string;
  files: Map<string, string>;
  /** While an update is written, and after one that was killed: what it writes. What lies there of it is nobody's edit. */
  pending: Map<string, string>;
}

/** A path below the folder; whoever may write the lock must not lead a removal out of it. */
const path = z.string().refine((text) => /^[^/\\\0]+(\/[^/\\\0]+)*$/.test(text) && !/(^|\/)\.{1,2}(\/|$)/.test(text), {
  error: "not a path below this folder",
});

const digests = z.record(path, z.string().regex(/^[0-9a-f]{64}$/));

const schema = z.object({
  lock_version: z.literal(LOCK_VERSION),
  version: z.string().max(64),
  files: digests,
  pending: digests.default({}),
});

/** The lock of a vendored copy; undefined when the folder has none. Throws for one that is damaged or of a later ditto. */
export async function readLock(folder: string): Promise<VendorLock | undefined> {
  const file = join(folder, VENDOR_LOCK);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const data = parsed(text);
  const version = (data as { lock_version?: unknown } | null)?.lock_version;
  if (typeof version === "number" && version > LOCK_VERSION) {
    throw usageError(`Cannot read "${file}": a newer ditto wrote it`, "Update from a clone of that version or later");
  }
  const checked = schema.safeParse(data);
  if (checked.success) {
    const { version, files, pending } = checked.data;
    return { version, files: new Map(Object.entries(files)), pending: new Map(Object.entries(pending)) };
  }
  const why = data === undefined ? "it is no JSON" : z.prettifyError(checked.error).replaceAll("\n", " ");
  throw usageError(
    `Cannot read "${file}": ${why}`,
    "Restore it from your repository's history; it says which files you have edited",
    "LOCK_CORRUPT",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the lock, its files in a stable order, so that it merges well. */
export async function writeLock(folder: string, { version, files, pending }: VendorLock): Promise<void> {
  const lock = { lock_version: LOCK_VERSION, version, files: sorted(files) };
  const text = JSON.stringify(pending.size === 0 ? lock : { ...lock, pending: sorted(pending) }, null, 2);
  await writeAtomic(join(folder, VENDOR_LOCK), `${text}\n`, 0o644);
}

function sorted(files: Map<string, string>): Record<string, string> {
  return Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
