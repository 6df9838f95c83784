import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { usageError } from "../kit/errors.ts";
import { displayUrl, parseDatabaseUrl } from "../kit/url.ts";

/** A database as it is named on the command line. */
export type Reference =
  | { kind: "source"; word: string }
  | { kind: "base"; word: string }
  | { kind: "copy"; word: string }
  /** `COPY/NAME` */
  | { kind: "snapshot"; word: string }
  | { kind: "url"; word: string }
  /** A database file. */
  | { kind: "sqlite"; word: string }
  /** SQL, or a dump, to be loaded into a throwaway server. */
  | { kind: "file"; word: string };

const FORMS =
  "source, base, copy:ID, snapshot:COPY/NAME, a URL (postgres://, mysql://, mariadb://, sqlite:PATH), a .sql file";

/** Reads a reference. Throws exit 2 for what is none. */
export function parseReference(text: string): Reference {
  const named = /^(source|base|copy|snapshot)(?::(.*))?$/s.exec(text);
  if (named) return namedReference(named[1] as "source", named[2] ?? "", text);
  if (/^sqlite3?:/i.test(text)) return { kind: "sqlite", word: parseDatabaseUrl(text).database };
  if (/^(jdbc:)?[a-z][a-z0-9+_]*:\/\//i.test(text)) {
    parseDatabaseUrl(text);
    return { kind: "url", word: text };
  }
  if (existsSync(text)) return { kind: isSqlite(text) ? "sqlite" : "file", word: text };
  throw usageError(
    `Cannot find the database "${text}": it is no file, and no other kind of reference`,
    `Write ${FORMS}`,
  );
}

function namedReference(kind: "source" | "base" | "copy" | "snapshot", word: string, text: string): Reference {
  const needed = { source: "", base: "", copy: "copy:ID", snapshot: "snapshot:COPY/NAME" }[kind];
  if (needed !== "" && word === "") throw usageError(`Cannot use "${text}": it names none`, `Write ${needed}`);
  return { kind, word };
}

/** How a reference is called in messages: never with a password. */
export function labelOf(reference: Reference): string {
  if (reference.kind === "url") return displayUrl(parseDatabaseUrl(reference.word));
  if (reference.kind === "file") return reference.word;
  return reference.word === "" ? reference.kind : `${reference.kind}:${reference.word}`;
}

/** The first bytes of a database file (https://www.sqlite.org/fileformat.html, "The Database Header"). */
const MAGIC = "SQLite format 3\0";

function isSqlite(path: string): boolean {
  const head = Buffer.alloc(MAGIC.length);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    readSync(file, head);
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return head.toString("latin1") === MAGIC;
}
