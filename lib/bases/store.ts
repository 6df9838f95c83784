import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DittoError, usageError } from "../kit/errors.ts";
import { homePath, slug, writeAtomic } from "../kit/state.ts";
import type { TableRows } from "./build.ts";
import { checksum } from "./save.ts";

/** What stands beside a dump, in `<key>.json`; written after the dump, so a dump without one is half made. */
export interface DumpManifest {
  version: 1;
  key: string;
  project: string;
  source: string;
  profile: string;
  engine: string;
  server_version: string;
  flavour: string;
  ditto_version: string;
  database: string;
  bytes: number;
  sha256: string;
  tables: TableRows[];
  duration_ms: number;
  created_at: string;
  warnings: string[];
  /** What was kept from acting on the world, in words. */
  disarmed: string[];
}

const KEY = /^([\w.-]+)\/([\w.-]+)\/([\w.-]+)\/(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.dump$/;

/** `<instance>/<database>/<profile>/<timestamp>.dump`; the time is UTC. */
export function dumpKey(
  of: { project: string; source: string; database: string; profile: string },
  now = new Date(),
): string {
  const instance = of.source === "default" ? of.project : `${of.project}.${of.source}`;
  const time = now.toISOString().replace(/[:.]/g, "-");
  return `${instance}/${slug(of.database)}/${of.profile}/${time}.dump`;
}

/** The moment in a key, in milliseconds; undefined when it is no key. */
export function keyTime(key: string): number | undefined {
  const match = KEY.exec(key);
  if (!match) return undefined;
  const [year = 0, month = 1, ...rest] = match.slice(4).map(Number);
  return Date.UTC(year, month - 1, ...(rest as [number, number, number, number, number]));
}

/** The folder of dumps that the configuration names, or `~/.ditto/dumps`. */
export function storeFolder(configured: string): string {
  if (configured.startsWith("s3://")) {
    throw usageError("Cannot use dump.store: S3 is not in this version", "Name a folder, or leave dump.store out");
  }
  return configured || homePath("dumps");
}

/** Where a dump of this key is written before it is complete. */
export function partialFile(folder: string, key: string): string {
  return join(folder, `${key}.${process.pid}.partial`);
}

/** Makes a written dump and its manifest appear under its key. */
export async function publishDump(folder: string, partial: string, manifest: DumpManifest): Promise<string> {
  const file = join(folder, manifest.key);
  await rename(partial, file);
  await writeAtomic(`${file}.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  return file;
}

/** Complete dumps of the folder, newest first by the time in their keys; `prefix` matches whole segments. */
export async function listDumps(
  folder: string,
  prefix = "",
): Promise<{ key: string; time: number; manifest: DumpManifest }[]> {
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const found: { key: string; time: number; manifest: DumpManifest }[] = [];
  for (const name of names) {
    const key = name.replaceAll("\\", "/");
    const time = keyTime(key);
    if (time === undefined || !(prefix === "" || key === prefix || key.startsWith(`${prefix}/`))) continue;
    // A damaged manifest is left as it is, and its dump counts as incomplete.
    const manifest = await readManifest(join(folder, key)).catch(() => undefined);
    if (manifest) found.push({ key, time, manifest });
  }
  return found.sort((a, b) => b.time - a.time);
}

/** The manifest beside a dump; undefined when there is none. Throws `MANIFEST_DAMAGED`. */
export async function readManifest(file: string): Promise<DumpManifest | undefined> {
  try {
    return JSON.parse(await readFile(`${file}.json`, "utf8")) as DumpManifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR")
      return undefined;
    throw new DittoError(`Cannot read "${file}.json": the manifest is damaged`, {
      code: "MANIFEST_DAMAGED",
      hint: "Make the dump again; without its manifest it can't be trusted",
      cause: error,
    });
  }
}

/** Throws `CHECKSUM_MISMATCH` when a file isn't the one that its manifest describes. */
export async function checkDump(file: string, manifest: DumpManifest): Promise<void> {
  const { bytes, sha256 } = await checksum(file);
  if (bytes === manifest.bytes && sha256 === manifest.sha256) return;
  throw new DittoError(`Cannot load "${file}": its checksum is not the one in its manifest`, {
    code: "CHECKSUM_MISMATCH",
    hint: "The file was changed or cut off: copy it again, or make the dump again; the previous base is untouched",
  });
}

/** Removes all but the newest `keep` dumps with the same first three segments, and partial files of dead runs. */
export async function pruneDumps(folder: string, key: string, keep: number): Promise<string[]> {
  const prefix = dirname(key);
  const old = (await listDumps(folder, prefix)).slice(keep);
  for (const { key: gone } of old) {
    // The manifest first: a dump without one is not listed, and the next run removes it.
    await rm(join(folder, `${gone}.json`), { force: true });
    await rm(join(folder, gone), { force: true });
  }
  await removeHalfMade(join(folder, prefix));
  return old.map(({ key: gone }) => gone);
}

/** A dump's manifest follows it at once: one that has none for so long lost its writer in between. */
const ORPHANED_AFTER_MS = 24 * 3600 * 1000;

async function removeHalfMade(folder: string): Promise<void> {
  const names = new Set(await readdir(folder).catch(() => []));
  for (const name of names) {
    const file = join(folder, name);
    const pid = /\.dump\.(\d+)\.partial$/.exec(name)?.[1];
    const orphaned = name.endsWith(".dump") && !names.has(`${name}.json`) && (await isOlder(file, ORPHANED_AFTER_MS));
    if (orphaned || (pid !== undefined && !isRunning(Number(pid)))) await rm(file, { force: true });
  }
}

async function isOlder(file: string, ms: number): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > ms;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
