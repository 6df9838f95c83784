import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { EngineName } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { start } from "../kit/exec.ts";
import type { DumpFile, TableRows } from "./build.ts";
import { compressionOf, decompress } from "./decompress.ts";
import { fileToc } from "./postgres/archive.ts";
import { databaseNameIn } from "./postgres/toc-database.ts";

/** What a file says of itself in its first bytes. */
export interface DetectedDump extends DumpFile {
  engine: EngineName | undefined;
  flavour: "postgres" | "mysql" | "mariadb" | undefined;
  /** The version of the server it was made from, when it says. */
  version: string | undefined;
  /** The database's name, when it says. */
  database: string | undefined;
  /** Of its bytes; absent for a folder. */
  sha256?: string;
  /** The set of rules that its manifest names; absent when there is none. */
  profile?: string;
  /** The fingerprint of the key that drew its pseudonyms, by its manifest. */
  maskKey?: string;
  /** The rows that its manifest counts; absent when there is none. */
  tables?: TableRows[];
}

/** Looks at a dump or SQL file, which messages call `name`. Throws `DUMP_MISSING`, `DUMP_EMPTY`, `DUMP_FOREIGN`. */
export async function detectDump(path: string, name = basename(path)): Promise<DetectedDump> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts)
    throw new DittoError(`Cannot read "${path}": there is no such file`, {
      code: "DUMP_MISSING",
      hint: "Check the path behind --from",
    });
  if (facts.isDirectory()) return detectDirectory(path, name);
  if (facts.size === 0) {
    throw new DittoError(`Cannot load "${name}": the file is empty`, {
      code: "DUMP_EMPTY",
      hint: "Make the dump again; the previous base is untouched",
    });
  }
  const head = await firstBytes(path);
  if (startsWith(head, "PGDMP")) {
    const file = { name, path, form: "postgres custom" as const };
    return { ...(await archiveFacts(file)), ...file };
  }
  const text = await firstText(path, name);
  return { ...sqlFacts(text, name), name, path, form: "sql" };
}

/** True for a dump that ditto has masked. */
export function isMaskedFile({ profile = "none" }: Pick<DetectedDump, "profile">): boolean {
  return profile !== "none";
}

/** The bytes of a dump, decompressed for SQL; a directory comes as a tar stream (`entries` true). */
export async function openDump(file: DumpFile): Promise<{ stream: AsyncIterable<Uint8Array>; entries: boolean }> {
  if (file.form === "postgres directory") {
    return { stream: tarOf(file), entries: true };
  }
  if (file.form === "postgres custom") return { stream: createReadStream(file.path), entries: false };
  return { stream: await decompressed(file.path, file.name), entries: false };
}

async function* tarOf(file: DumpFile): AsyncIterable<Uint8Array> {
  const child = start(["tar", "-C", file.path, "-cf", "-", "."]);
  yield* child.stdout;
  const { status } = await child.done;
  if (status === 0) return;
  throw new DittoError(`Cannot load "${file.name}": its files can't be read`, {
    code: "DUMP_MISSING",
    hint: "Check that all of the folder may be read by this user",
  });
}

async function decompressed(path: string, name: string): Promise<AsyncIterable<Uint8Array>> {
  const head = await firstBytes(path, 4);
  const raw = createReadStream(path, { highWaterMark: 1 << 20 });
  return explained(decompress(raw, compressionOf(head)), name);
}

async function* explained(stream: AsyncIterable<Uint8Array>, name: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk;
  } catch (cause) {
    throw new DittoError(`Cannot load "${name}": its compressed data is damaged or cut off`, {
      code: "DUMP_DAMAGED",
      hint: "Make the dump again, or copy it again completely; the previous base is untouched",
      cause,
    });
  }
}

async function detectDirectory(path: string, name: string): Promise<DetectedDump> {
  if (!(await readdir(path)).includes("toc.dat")) {
    throw new DittoError(`Cannot load "${name}": a folder without "toc.dat" is no dump of pg_dump's directory format`, {
      code: "DUMP_FOREIGN",
      hint: "Name the folder that pg_dump -Fd wrote, or a file",
    });
  }
  const file = { name, path, form: "postgres directory" as const };
  return { ...(await archiveFacts(file)), ...file };
}

/** The header and the table of contents of pg_dump's archives; one that was cut off there is noticed at once. */
async function archiveFacts(file: {
  form: string;
  path: string;
}): Promise<Pick<DetectedDump, "engine" | "flavour" | "version" | "database">> {
  const { database, serverVersion } = await fileToc(file);
  return {
    engine: "postgres",
    flavour: "postgres",
    version: serverVersion || undefined,
    database: database || undefined,
  };
}

function sqlFacts(text: string, name: string): Pick<DetectedDump, "engine" | "flavour" | "version" | "database"> {
  if (text.trim() === "") {
    throw new DittoError(`Cannot load "${name}": the file holds nothing`, {
      code: "DUMP_EMPTY",
      hint: "Make the dump again; the previous base is untouched",
    });
  }
  if (/[\u0000]/.test(text)) {
    throw new DittoError(`Cannot load "${name}": it is neither SQL nor a dump that ditto knows`, {
      code: "DUMP_FOREIGN",
      hint: "ditto loads plain SQL (also .gz and .zst) and pg_dump's custom and directory formats",
    });
  }
  if (/^-- PostgreSQL database cluster dump/m.test(text)) {
    throw new DittoError(
      `Cannot load "${name}": it is pg_dumpall's dump of a whole server, and a base holds one database`,
      {
        code: "DUMP_FOREIGN",
        hint: "Dump the one database with pg_dump",
      },
    );
  }
  if (/^-- PostgreSQL database dump/m.test(text)) {
    return {
      engine: "postgres",
      flavour: "postgres",
      version: /^-- Dumped from database version (\S+)/m.exec(text)?.[1],
      database: databaseNameIn(text),
    };
  }
  const mysql = /^-- (MySQL|MariaDB) dump .*\n/m.exec(text) ?? /^\/\*M?!999999/.exec(text);
  if (mysql) {
    const version = /^-- Server version\s+(\S+)/m.exec(text)?.[1];
    const maria = /MariaDB/i.test(`${mysql[0]} ${version ?? ""}`) || text.startsWith("/*M!");
    return {
      engine: "mysql",
      flavour: maria ? "mariadb" : "mysql",
      version: version?.replace(/-.*/, ""),
      database: /^-- Host: .*Database: (\S+)/m.exec(text)?.[1],
    };
  }
  return { engine: undefined, flavour: undefined, version: undefined, database: undefined };
}

async function firstBytes(path: string, length = 65_536): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function firstText(path: string, name: string): Promise<string> {
  for await (const chunk of await decompressed(path, name))
    return Buffer.from(chunk).subarray(0, 65_536).toString("utf8");
  return "";
}

function startsWith(bytes: Buffer, text: string): boolean {
  return bytes.subarray(0, text.length).toString("latin1") === text;
}
