import type { MysqlSession } from "../../engine/mysql/connect.ts";
import { readWire, type WireSink } from "../../engine/mysql/stream.ts";
import type { Table } from "../../schema/model.ts";
import type { TableRows } from "../build.ts";
import { RowHash } from "../row-hash.ts";
import { type RowColumn, selectRows } from "./columns.ts";
import { canonicalFloat, eachValue, LineBuffer } from "./encode.ts";

/** Changes a row's values in place before they are encoded: text in UTF-8, bytes as they are, null for NULL. */
export type TransformRow = (values: (Uint8Array | null)[]) => void;

/** Where lines go; resolves when they were taken, so that memory stays bounded. */
export type LineWriter = (lines: Uint8Array) => Promise<void>;

export interface RowRequest {
  columns: RowColumn[];
  condition?: string | undefined;
  /** Conditions read behind the columns, for {@link TransformRow} to take off. */
  flags?: string[] | undefined;
  transformRow?: TransformRow | undefined;
  write: LineWriter;
}

/** Lines are handed over in pieces of about this many bytes. */
const PIECE = 1 << 18;

/** Reads a table's rows from the session's snapshot as lines for LOAD DATA; resolves to their number and hash. */
export async function readRows(session: MysqlSession, table: Table, request: RowRequest): Promise<TableRows> {
  const hash = new RowHash();
  const lines = new LineBuffer(2 * PIECE);
  let writing: Promise<void> | undefined;
  const flush = () => {
    writing = request.write(lines.take()).then(() => {
      writing = undefined;
    });
    // The reader learns of a failure when it waits; until then it must not count as unhandled.
    writing.catch(() => {});
  };
  const encode = lineEncoder(request, lines, hash);
  const sink: WireSink = {
    row(bytes, from, to) {
      encode(bytes, from, to);
      if (lines.length >= PIECE && writing === undefined) flush();
    },
    pending: () => (lines.length >= PIECE ? writing : undefined),
  };
  await readWire(session.connection, selectRows(table, request.columns, request.condition, request.flags), sink);
  await writing;
  if (lines.length > 0) flush();
  await writing;
  return { schema: table.schema, name: table.name, rows: hash.rows, hash: hash.digest() };
}

type RowEncoder = (bytes: Uint8Array, from: number, to: number) => void;

/** Rows that nobody changes are encoded straight from the wire; the others by way of their values. */
function lineEncoder(request: RowRequest, lines: LineBuffer, hash: RowHash): RowEncoder {
  const { columns, transformRow } = request;
  const add = columns.some(({ carriage }) => carriage === "float") ? floatHasher(columns, hash) : undefined;
  const finish = (start: number) => {
    if (add) add(lines.bytes, start, lines.length);
    else hash.add(lines.bytes, start, lines.length);
    lines.newline();
  };
  return transformRow
    ? transformingEncoder(columns, transformRow, lines, finish)
    : (bytes, from, to) => {
        const start = lines.length;
        let column = 0;
        eachValue(bytes, from, to, (begin, end) => {
          if (column > 0) lines.tab();
          if (end < 0) lines.null();
          else lines.value((columns[column] as RowColumn).carriage, bytes, begin, end);
          column++;
        });
        finish(start);
      };
}

function transformingEncoder(
  columns: RowColumn[],
  transformRow: TransformRow,
  lines: LineBuffer,
  finish: (start: number) => void,
): RowEncoder {
  return (bytes, from, to) => {
    const values: (Uint8Array | null)[] = [];
    eachValue(bytes, from, to, (begin, end) => {
      values.push(end < 0 ? null : bytes.subarray(begin, end));
    });
    transformRow(values);
    const start = lines.length;
    for (const [index, value] of values.entries()) {
      if (index > 0) lines.tab();
      if (value === null) lines.null();
      else lines.value((columns[index] as RowColumn).carriage, value, 0, value.length);
    }
    finish(start);
  };
}

/** Hashes a line with its FLOAT columns rounded; NULL's `\N` is no number and stays. */
export function floatHasher(columns: RowColumn[], hash: RowHash): (line: Uint8Array, from: number, to: number) => void {
  const canonical = new LineBuffer();
  return (line, from, to) => {
    canonical.length = 0;
    let begin = from;
    for (const { carriage } of columns) {
      let end = begin;
      while (end < to && line[end] !== 9) end++;
      if (begin > from) canonical.tab();
      canonical.plain(carriage === "float" ? canonicalFloat(line.subarray(begin, end)) : line.subarray(begin, end));
      begin = end + 1;
    }
    hash.add(canonical.bytes, 0, canonical.length);
  };
}
