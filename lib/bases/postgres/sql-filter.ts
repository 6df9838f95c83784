import { SqlState } from "./sql-state.ts";

const NEWLINE = 10;

/** A longer line is a row or a value, nothing that has to be understood, and is not kept together. */
const LONGEST_LINE = 100_000;

/**
 * Follows the lines of plain SQL as pg_dump writes it while they pass: empties psql's own commands (`\connect`,
 * `\restrict`, `\encoding`) and CREATE DATABASE, collects the roles that it names, and notices a file that stops half way. Rows of
 * COPY blocks pass untouched, and so does what stands inside a statement of several lines.
 */
export class SqlFilter {
  /** Every role that is named as owner or grantee and that the file doesn't make itself; true: it must be a superuser. */
  readonly roles = new Map<string, boolean>();
  statements = 0;
  /** COPY blocks, whose rows stand in the text. */
  copies = 0;
  /** The first line with a command of psql's that passes; 0: none. */
  commandAt = 0;
  #line = 0;
  readonly #ownRoles = new Set<string>();
  #newRoles = new Map<string, boolean>();
  #copying = false;
  #dump = false;
  #complete = false;
  /** A line is being passed on in pieces. */
  #long = false;
  readonly #state = new SqlState();
  #rest: Uint8Array = new Uint8Array();
  readonly #decoder = new TextDecoder();

  /** What to write instead of this chunk, as soon as the roles of {@link takeRoles} are there. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = this.#rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([this.#rest, chunk]));
    const out: Uint8Array[] = [];
    let kept = 0;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      if (this.#drops(bytes, from, at)) {
        if (from > kept) out.push(bytes.subarray(kept, from));
        // The line's end stays, so that psql counts lines as the file has them.
        kept = at;
      }
      from = at + 1;
    }
    if (bytes.length - from > LONGEST_LINE) {
      if (!this.#copying) this.#read(bytes, from, bytes.length, this.#line + 1);
      this.#long = true;
      from = bytes.length;
    }
    if (from > kept) out.push(bytes.subarray(kept, from));
    this.#rest = bytes.slice(from);
    return out;
  }

  end(): Uint8Array[] {
    return this.#rest.length > 0 ? this.push(new Uint8Array([NEWLINE])) : [];
  }

  /** The roles that were found since the last call. */
  takeRoles(): Map<string, boolean> {
    const found = this.#newRoles;
    this.#newRoles = new Map();
    return found;
  }

  /** Why the file can't be whole, after its end. */
  truncated(): string | undefined {
    if (this.#copying) return "it ends in the middle of a table's rows";
    if (this.#dump && !this.#complete) return 'it is a dump without its last line, "PostgreSQL database dump complete"';
    return undefined;
  }

  #drops(bytes: Uint8Array, from: number, to: number): boolean {
    this.#line++;
    if (this.#copying) {
      if (!this.#long && isEndOfRows(bytes, from, to)) this.#copying = false;
      this.#long = false;
      return false;
    }
    const begins = this.#state.between && !this.#long;
    const long = this.#long || to - from > LONGEST_LINE;
    this.#long = false;
    if (begins && !long) {
      const line = this.#decoder.decode(bytes.subarray(from, to)).trimEnd();
      if (line !== "" && this.#understand(line)) return true;
    } else {
      this.statements++;
    }
    this.#read(bytes, from, to);
    // What only looks like it, in a comment behind another statement, has no rows below it.
    if (this.#copying && !this.#state.between) {
      this.#copying = false;
      this.copies--;
    }
    return false;
  }

  #read(bytes: Uint8Array, from: number, to: number, line = this.#line): void {
    // The end of rows whose COPY was not understood.
    if (isEndOfRows(bytes, from, to)) return;
    this.#state.read(bytes, from, to);
    if (this.#state.command && this.commandAt === 0) this.commandAt = line;
  }

  /** Looks at a line between statements; true when it must not reach the server. */
  #understand(line: string): boolean {
    if (line.startsWith("--")) {
      if (/^-- PostgreSQL database dump$/.test(line)) this.#dump = true;
      if (/^-- PostgreSQL database dump complete$/.test(line)) this.#complete = true;
      return false;
    }
    if (/^\\(restrict|unrestrict|connect|c|encoding)\b/.test(line)) return true;
    if (this.#dump && /^(CREATE|DROP) DATABASE .*;$/.test(line)) return true;
    this.statements++;
    if (/^COPY .+ FROM stdin;$/i.test(line)) {
      this.#copying = true;
      this.copies++;
    }
    this.#noteRoles(line);
    return false;
  }

  #noteRoles(line: string): void {
    const made = MADE.exec(line)?.[1];
    if (made !== undefined) this.#ownRoles.add(unquote(made));
    const superuser = SUPERUSERS.test(line);
    for (const role of rolesIn(line)) {
      const known = this.roles.get(role);
      if (this.#ownRoles.has(role) || known === true || known === superuser) continue;
      this.roles.set(role, superuser);
      this.#newRoles.set(role, superuser);
    }
  }
}

function isEndOfRows(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === 2 && bytes[from] === 92 && bytes[from + 1] === 46;
}

const ROLE = String.raw`(?:"(?:[^"]|"")+"|[a-zA-Z_][\w$]*)`;
const MADE = new RegExp(`^CREATE (?:ROLE|USER|GROUP) (${ROLE})`, "i");
/** Statements of pg_dump's that name roles; each group holds one, or several with commas between. */
const NAMED = [
  new RegExp(`^ALTER .+ OWNER TO (${ROLE});$`),
  new RegExp(`^(?:GRANT|REVOKE) .+ (?:TO|FROM) (${ROLE})(?: WITH GRANT OPTION)?;$`),
  new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE (${ROLE}) .+ (?:TO|FROM) (${ROLE})(?: WITH GRANT OPTION)?;$`),
  new RegExp(`^CREATE POLICY .+? TO (${ROLE}(?:, ${ROLE})*)(?: USING | WITH CHECK |;$|$)`),
  new RegExp(`^CREATE USER MAPPING FOR (${ROLE}) SERVER `),
  new RegExp(`^ALTER ROLE (${ROLE}) IN DATABASE `),
  new RegExp(String.raw`^CREATE SCHEMA .*?\bAUTHORIZATION (${ROLE});$`),
];
/** What only a superuser may own. */
const SUPERUSERS = /^ALTER (?:EVENT TRIGGER|FOREIGN DATA WRAPPER) .+ OWNER TO /;
const NO_ROLE = /^(public|current_user|session_user|current_role|pg_\w+|ditto)$/;

function rolesIn(line: string): string[] {
  const lists = NAMED.flatMap((pattern) => pattern.exec(line)?.slice(1) ?? []);
  const names = lists.flatMap((list) => list.match(new RegExp(ROLE, "g")) ?? []);
  return names.filter((name) => !NO_ROLE.test(name.toLowerCase())).map(unquote);
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
