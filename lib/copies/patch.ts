import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { DittoError, messageOf } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { homePath, readRecord, readRecords, recordsOf, type Stored, writeRecord } from "../kit/state.ts";
import { readEnvFile, writeEnvFile } from "./env-file.ts";
import { type Layer, lay, lift } from "./patch-layers.ts";
import { type CopyRecord, logEvent, readCopies, readCopy } from "./record.ts";

/** What is kept of a file that copies have patched, in the order in which they did. It holds the old values. */
export interface PatchRecord {
  file: string;
  /** It was not there before. */
  created: boolean;
  layers: Layer[];
}

/** A file that a copy's end put back. */
export interface Unpatched {
  file: string;
  restored: string[];
  /** Variables that somebody changed meanwhile. */
  left: string[];
}

/** Writes a copy's variables into a file; the record of what was there comes first, so that a kill loses nothing. */
export function patchFile(file: string, copy: CopyRecord, values: Record<string, string>): Promise<void> {
  return withLock("patches", async () => {
    const now = await readCopy(copy.id);
    if (!now || now.status === "destroying") throw gone(copy, file);
    const record = await recordOf(file);
    const text = await readEnvFile(file);
    const next = lay({ text: text ?? "", layers: record?.layers ?? [] }, copy.id, values);
    const created = record === undefined ? text === undefined : record.created;
    await writeRecord(recordFile(file), { file, created, layers: next.layers } satisfies PatchRecord);
    if (next.text !== text) await writeEnvFile(file, next.text);
    await logEvent(copy.id, "patched", { file, variables: Object.keys(values) });
  });
}

/** Puts back what a copy changed in files. Throws `PATCH_LEFT` for files that can't be written; the others are done. */
export async function unpatch(copyId: string): Promise<Unpatched[]> {
  if (!(await layersOf(copyId))) return [];
  return withLock("patches", async () => {
    const done: Unpatched[] = [];
    const failed: { file: string; cause: unknown }[] = [];
    for (const record of await readPatches()) {
      if (!record.layers.some((layer) => layer.copyId === copyId)) continue;
      try {
        done.push(await unpatchFile(record, copyId));
      } catch (cause) {
        failed.push({ file: record.file, cause });
      }
    }
    const [first] = failed;
    if (first)
      throw leftPatched(
        failed.map(({ file }) => file),
        first.cause,
      );
    return done;
  });
}

/** The copies that are gone, but whose values are in files: their end was cut short, or a file could not be written then. */
export async function orphanedPatches(): Promise<string[]> {
  // Records of patches first: a copy's own record is there before it patches anything.
  const patched = (await readPatches()).flatMap(({ layers }) => layers.map(({ copyId }) => copyId));
  const copies = new Set((await readCopies()).map(({ id }) => id));
  return [...new Set(patched)].filter((id) => !copies.has(id));
}

/** Every file that is patched, as far as its record can be read. */
export async function readPatches(): Promise<PatchRecord[]> {
  const stored = await readRecords(homePath("patches"), parsePatch);
  return recordsOf(stored);
}

async function layersOf(copyId: string): Promise<boolean> {
  return (await readPatches()).some(({ layers }) => layers.some((layer) => layer.copyId === copyId));
}

async function unpatchFile(record: PatchRecord, copyId: string): Promise<Unpatched> {
  const { file, created } = record;
  const text = await readEnvFile(file);
  const { text: next, layers, restored, left } = lift({ text: text ?? "", layers: record.layers }, copyId);
  if (text !== undefined && next !== text) {
    if (created && next.trim() === "") await rm(file);
    else await writeEnvFile(file, next);
  }
  if (layers.length === 0) await rm(recordFile(file), { force: true });
  else await writeRecord(recordFile(file), { ...record, layers });
  await logEvent(copyId, "unpatched", { file, restored, left });
  return { file, restored, left };
}

async function recordOf(file: string): Promise<PatchRecord | undefined> {
  const stored = await readRecord(recordFile(file), parsePatch);
  if (stored === undefined || stored.kind === "record") return stored?.record;
  throw unreadable(file, stored);
}

function recordFile(file: string): string {
  return homePath("patches", `${createHash("sha256").update(file).digest("hex").slice(0, 24)}.json`);
}

function parsePatch(data: unknown): PatchRecord {
  const patch = data as Partial<PatchRecord> | null;
  if (typeof patch?.file !== "string" || !Array.isArray(patch.layers)) throw new Error("it is no record of a patch");
  return patch as PatchRecord;
}

function unreadable(file: string, stored: Exclude<Stored<PatchRecord>, { kind: "record" }>): DittoError {
  const state = stored.kind === "newer" ? "of a newer ditto" : "damaged";
  return new DittoError(`Cannot patch "${file}": the record of what was in it is ${state} ("${stored.file}")`, {
    code: stored.kind === "newer" ? "RECORD_NEWER" : "STATE_CORRUPT",
    hint:
      stored.kind === "newer"
        ? "Use the newer ditto, or update this one"
        : "Put the file right by hand, move the record away, and run the command again",
  });
}

function gone({ id, name }: CopyRecord, file: string): DittoError {
  return new DittoError(`Cannot patch "${file}": copy "${name || id}" is being deleted`, {
    code: "COPY_NOT_RUNNING",
    hint: "Run the command again for another copy",
  });
}

function leftPatched(files: string[], cause: unknown): DittoError {
  const names = files.map((file) => `"${file}"`).join(", ");
  const state = messageOf(cause).replace(/^Cannot [^:]*: /, "");
  return new DittoError(`Cannot put back ${names}: ${state}`, {
    code: "PATCH_LEFT",
    hint: 'The copy itself is gone. When that is put right, "bun scripts/copy.ts prune" puts the old values back',
    cause,
  });
}
