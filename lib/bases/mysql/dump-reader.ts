import type { Schema, Table } from "../../schema/model.ts";
import type { RowWatch, TableRows } from "../build.ts";
import { RowHash } from "../row-hash.ts";
import { type RowColumn, rowColumns } from "./columns.ts";
import { TupleReader } from "./literals.ts";
import type { Parts } from "./parts.ts";
import { rewriteDefiner } from "./rewrite.ts";

const NEWLINE = 10;
const INSERT = new TextEncoder().encode("INSERT INTO `");
const NAME = "`((?:[^`]|``)+)`";
const HEADER = new RegExp(`^INSERT INTO ${NAME} \\(((?:${NAME}(?:, )?)+)\\) VALUES\\s`);

/**
 * Follows mysqldump's output while it passes: hashes the rows of its INSERTs, gives every definition the definer that
 * the restoring user is, and drops MariaDB's sandbox line, which MySQL's client and older ones refuse.
 */
export class DumpReader {
  readonly #tables: Map<string, Table>;
  readonly #hashes = new Map<string, RowHash>();
  #rest: Uint8Array = new Uint8Array();
  #reader: TupleReader | undefined;
  readonly #watch: RowWatch | undefined;
  #see: ((chunk: Uint8Array) => void) | undefined;
  /** Inside DELIMITER ;; a line may be anything; only the first of a definition holds its definer. */
  #inBody = false;
  #beginsBody = false;
  complete = false;

  constructor(schema: Schema, watch?: RowWatch) {
    this.#watch = watch;
    this.#tables = new Map(schema.tables.filter(({ kind }) => kind === "table").map((table) => [table.name, table]));
    for (const name of this.#tables.keys()) this.#hashes.set(name, new RowHash());
  }

  /** What to write instead of this chunk. */
  push(chunk: Uint8Array): Parts {
    const bytes = this.#rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([this.#rest, chunk]));
    this.#rest = new Uint8Array();
    const out: Parts = [];
    let at = 0;
    while (at < bytes.length) {
      const next = this.#reader ? this.#rows(bytes, at, out) : this.#line(bytes, at, out);
      if (next < 0) break;
      at = next;
    }
    return out;
  }

  /** The last line, when it had no newline. */
  end(): Parts {
    return this.#rest.length === 0 ? [] : this.push(Uint8Array.of(NEWLINE));
  }

  /** Rows and hashes of every table, also of those without rows. */
  rows(): TableRows[] {
    return [...this.#tables.values()].map(({ schema, name }) => {
      const hash = this.#hashes.get(name) as RowHash;
      return { schema, name, rows: hash.rows, hash: hash.digest() };
    });
  }

  #rows(bytes: Uint8Array, from: number, out: Parts): number {
    const end = (this.#reader as TupleReader).push(bytes, from);
    const to = end < 0 ? bytes.length : end;
    out.push(bytes.subarray(from, to));
    this.#see?.(bytes.subarray(from, to));
    if (end >= 0) this.#reader = undefined;
    return to;
  }

  #line(bytes: Uint8Array, from: number, out: Parts): number {
    const end = bytes.indexOf(NEWLINE, from);
    if (!this.#inBody && startsWith(bytes, from, INSERT)) {
      const header = this.#header(bytes, from, end);
      if (header >= 0) {
        out.push(bytes.subarray(from, header));
        return header;
      }
    } else if (end >= 0) {
      out.push(this.#definition(bytes.subarray(from, end + 1)));
      return end + 1;
    }
    this.#rest = bytes.slice(from);
    return -1;
  }

  /** Opens the reader of an INSERT's rows; returns where they begin, -1 when the columns aren't complete yet. */
  #header(bytes: Uint8Array, from: number, end: number): number {
    // Some versions end the line behind VALUES, others go on with the first row.
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(bytes.length - from, 1 << 20)).toString(
      "latin1",
    );
    const match = HEADER.exec(text);
    if (match === null) {
      if (end < 0 && text.length < 1 << 20) return -1;
      throw new Error("mysqldump wrote an INSERT that ditto can't read");
    }
    const name = utf8(match[1] ?? "").replaceAll("``", "`");
    const table = this.#tables.get(name);
    const hash = this.#hashes.get(name);
    if (table === undefined || hash === undefined)
      throw new Error(`mysqldump wrote rows of "${name}", which is no table of the base`);
    this.#see = this.#watch?.(table);
    this.#reader = new TupleReader(columnsOf(table, match[2] ?? ""), hash);
    return from + match[0].length;
  }

  #definition(line: Uint8Array): Uint8Array | string {
    const first = line[0];
    // Most lines of a definition can't matter: D(ELIMITER), C(REATE), a comment.
    if (first !== 68 && first !== 67 && first !== 47 && first !== 45 && !this.#inBody) return line;
    const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8");
    if (/^\/\*M?!999999\\-/.test(text)) return "";
    if (/^-- Dump completed/.test(text)) this.complete = true;
    // Without it, days such as 31 February, which a base holds as the source did, would become zeros.
    if (/^\/\*!40101 SET @OLD_SQL_MODE=/.test(text))
      return text.replace("AUTO_VALUE_ON_ZERO'", "AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'");
    const begins = this.#beginsBody;
    this.#beginsBody = false;
    if (/^DELIMITER /.test(text)) {
      this.#inBody = this.#beginsBody = !/^DELIMITER ;\s*$/.test(text);
      return line;
    }
    if (this.#inBody) {
      this.#beginsBody = /;;\s*$/.test(text);
      if (!begins) return line;
    } else if (!/^(CREATE |\/\*!\d+ (CREATE|DEFINER))/.test(text)) return line;
    const rewritten = rewriteDefiner(text, "CURRENT_USER");
    return rewritten === text ? line : rewritten;
  }
}

/** The columns in the order in which the statement names them; MariaDB's tool also names generated ones, which are undefined here. */
function columnsOf(table: Table, list: string): (RowColumn | undefined)[] {
  const columns = new Map(rowColumns(table).map((column) => [column.name, column]));
  return [...utf8(list).matchAll(/`((?:[^`]|``)+)`/g)].map(([, quoted = ""]) =>
    columns.get(quoted.replaceAll("``", "`")),
  );
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function startsWith(bytes: Uint8Array, from: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false;
  return true;
}
