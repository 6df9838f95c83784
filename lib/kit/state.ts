import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DittoError, usageError } from "./errors.ts";

/** What a name may look like: ids, names, projects, snapshots, and whatever becomes part of a path. */
export const NAME = /^[a-z0-9][a-z0-9_-]{0,40}$/;

/** The version of every record that this ditto writes. */
export const RECORD_VERSION = 1;

/** The state folder: `DITTO_HOME` or `~/.ditto`. */
export function homeFolder(): string {
  return process.env.DITTO_HOME || join(homedir(), ".ditto");
}

/** Makes a relative `DITTO_HOME` absolute: processes that this one starts work elsewhere, and mean the same folder. */
export function settleHome(): void {
  if (process.env.DITTO_HOME) process.env.DITTO_HOME = resolve(process.env.DITTO_HOME);
}

/** A path below the state folder. */
export function homePath(...parts: string[]): string {
  return join(homeFolder(), ...parts);
}

/** Makes a folder of the state folder, for this user's eyes only, and returns its path. */
export async function makeHome(...parts: string[]): Promise<string> {
  const folder = homePath(...parts);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** False while nothing was ever made from this state folder. */
export function hasHome(): Promise<boolean> {
  return Bun.file(homePath("identity.json")).exists();
}

/** A short name of the state folder, kept in it, that marks what belongs to it (labels `ditto.home`). */
export async function homeId(): Promise<string> {
  return (await identity()).id;
}

/** 32 random bytes of this state folder, from which the copies' passwords are derived. */
export async function homeSecret(): Promise<Buffer> {
  return Buffer.from((await identity()).secret, "hex");
}

let known: { folder: string; value: Promise<{ id: string; secret: string }> } | undefined;

function identity(): Promise<{ id: string; secret: string }> {
  const folder = homeFolder();
  if (known?.folder !== folder) known = { folder, value: loadIdentity(folder) };
  return known.value;
}

async function loadIdentity(folder: string): Promise<{ id: string; secret: string }> {
  const file = join(folder, "identity.json");
  const read = async () => JSON.parse(await readFile(file, "utf8")) as { id: string; secret: string };
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw corrupt(file, error);
  }
  const made = { version: RECORD_VERSION, id: randomBytes(5).toString("hex"), secret: randomBytes(32).toString("hex") };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The first of two processes wins: the link fails for the second, which then reads the winner's.
  await writeOnce(file, `${JSON.stringify(made)}\n`);
  return read();
}

const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** A new id: 26 characters, sortable by time (the ULID form, https://github.com/ulid/spec, in lower case). */
export function newId(now = Date.now()): string {
  let time = "";
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = ID_ALPHABET[rest % 32] + time;
  let random = "";
  for (const byte of randomBytes(16)) random += ID_ALPHABET[byte % 32];
  return time + random;
}

/** Checks a name that a user typed. Throws exit 2. */
export function checkName(name: string, what: string): string {
  if (NAME.test(name)) return name;
  throw usageError(
    `Cannot use "${name}" as ${what}: names are 1 to 41 of a-z, 0-9, "_" and "-", beginning with a letter or digit`,
    `Try "${slug(name)}"`,
  );
}

/** Any text as a valid name: lower case, other characters as "-". */
export function slug(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 41)
    .replace(/-+$/, "");
  return plain || "x";
}

/** Writes a file so that after any crash there is the old or the new content: temporary name, data synced, renamed. */
export async function writeAtomic(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = await writeTemporary(file, content, mode);
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

/** As {@link writeAtomic}, for a file that may be another user's: its mode and owner stay. */
export async function replaceFile(file: string, content: string): Promise<void> {
  const old = await stat(file).catch(() => undefined);
  const temporary = await writeTemporary(file, content, 0o600);
  try {
    if (old) {
      const { uid, gid } = await stat(temporary);
      if (old.uid !== uid || old.gid !== gid) await chown(temporary, old.uid, old.gid);
      await chmod(temporary, old.mode & 0o7777);
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

async function writeOnce(file: string, content: string): Promise<void> {
  const { link } = await import("node:fs/promises");
  const temporary = await writeTemporary(file, content, 0o600);
  try {
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeTemporary(file: string, content: string | Uint8Array, mode: number): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return temporary;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** One file in a folder of records: readable, of a newer ditto, or damaged. */
export type Stored<T> =
  | { id: string; file: string; kind: "record"; record: T }
  | { id: string; file: string; kind: "newer"; version: number }
  | { id: string; file: string; kind: "corrupt"; reason: string };

/** The records among what was found: what is damaged or newer is left out. */
export function recordsOf<T>(stored: Stored<T>[]): T[] {
  return stored.flatMap((entry) => (entry.kind === "record" ? [entry.record] : []));
}

/** Reads one record; undefined when there is none. `parse` gets the file's name too and may throw for what is no such record. */
export async function readRecord<T>(
  file: string,
  parse: (data: unknown, id: string) => T,
): Promise<Stored<T> | undefined> {
  const id = file.slice(file.lastIndexOf("/") + 1).replace(/\.json$/, "");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return { id, file, kind: "corrupt", reason: (error as Error).message };
  }
  try {
    const data = JSON.parse(text) as { version?: unknown };
    if (typeof data?.version === "number" && data.version > RECORD_VERSION) {
      return { id, file, kind: "newer", version: data.version };
    }
    return { id, file, kind: "record", record: parse(data, id) };
  } catch (error) {
    return { id, file, kind: "corrupt", reason: (error as Error).message.split("\n")[0] ?? "not a record" };
  }
}

/** Reads every `*.json` of a folder, in the order of their ids. */
export async function readRecords<T>(folder: string, parse: (data: unknown, id: string) => T): Promise<Stored<T>[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const files = names.filter((name) => name.endsWith(".json")).sort();
  const read = await Promise.all(files.map((name) => readRecord(join(folder, name), parse)));
  return read.filter((stored) => stored !== undefined);
}

/** Writes a record atomically with its version. */
export async function writeRecord(file: string, record: object): Promise<void> {
  await writeAtomic(file, `${JSON.stringify({ version: RECORD_VERSION, ...record }, null, 2)}\n`);
}

/** The error for a file that can't be read as what it should be; the file is left untouched. */
export function corrupt(file: string, error: unknown): DittoError {
  return new DittoError(`Cannot read "${file}": the file is damaged`, {
    code: "STATE_CORRUPT",
    hint: "Move the file away and run the command again; what it recorded is then swept or can be made anew",
    cause: error,
  });
}
