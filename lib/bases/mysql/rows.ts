import type { MysqlSession } from "../../engine/mysql/connect.ts";
import { readWire, type WireSink } from "../../engine/mysql/stream.ts";
import type { Table } from "../../schema/model.ts";
import type { TableRows } from "../build.ts";
import { openMaskStream } from "../mask-stream.ts";
import { RowHash } from "../row-hash.ts";
import type { RowMask } from "../row-masks.ts";
import { type RowColumn, selectRows } from "./columns.ts";
import { eachValue, LineBuffer } from "./encode.ts";
import { lineHasher } from "./line-hash.ts";
import { addWireRow } from "./row-mask.ts";

/** Where lines go; resolves when they were taken, so that memory stays bounded. */
export type LineWriter = (lines: Uint8Array) => Promise<void>;

export interface RowRequest {
  columns: RowColumn[];
  condition?: string | undefined;
  mask?: RowMask | undefined;
  write: LineWriter;
}

/** Rows are handed over in pieces of about this many bytes. */
const PIECE = 1 << 18;

/** Reads a table's rows from the session's snapshot as lines for LOAD DATA, masked; resolves to their number and hash. */
export async function readRows(session: MysqlSession, table: Table, request: RowRequest): Promise<TableRows> {
  const { columns, condition, mask } = request;
  const select = selectRows(table, columns, condition, mask?.flags);
  const read = mask === undefined ? encodeRows : maskRows;
  const hash = await read(request, (sink) => readWire(session.connection, select, sink));
  return { schema: table.schema, name: table.name, rows: hash.rows, hash: hash.digest() };
}

type Read = (sink: WireSink) => Promise<void>;

/** Rows that nobody changes are encoded straight from the wire. */
async function encodeRows({ columns, write }: RowRequest, read: Read): Promise<RowHash> {
  const hash = new RowHash();
  const addHash = lineHasher(columns, hash);
  const lines = new LineBuffer(2 * PIECE);
  let writing: Promise<void> | undefined;
  const flush = () => {
    writing = write(lines.take()).then(() => {
      writing = undefined;
    });
    // The reader learns of a failure when it waits; until then it must not count as unhandled.
    writing.catch(() => {});
  };
  await read({
    row(bytes, from, to) {
      const start = lines.length;
      let column = 0;
      eachValue(bytes, from, to, (begin, end) => {
        if (column > 0) lines.tab();
        if (end < 0) lines.null();
        else lines.value((columns[column] as RowColumn).carriage, bytes, begin, end);
        column++;
      });
      addHash(lines.bytes, start, lines.length);
      lines.newline();
      if (lines.length >= PIECE && writing === undefined) flush();
    },
    pending: () => (lines.length >= PIECE ? writing : undefined),
  });
  await writing;
  if (lines.length > 0) flush();
  await writing;
  return hash;
}

/** The others go in pieces to where they are changed. */
async function maskRows({ columns, mask, write }: RowRequest, read: Read): Promise<RowHash> {
  const stream = openMaskStream(mask as RowMask, { form: "wire", columns }, write);
  const rows = new LineBuffer(2 * PIECE);
  try {
    await read({
      row(bytes, from, to) {
        addWireRow(rows, bytes, from, to);
        if (rows.length >= PIECE) stream.push(rows.take());
      },
      pending: () => stream.room(),
    });
    if (rows.length > 0) stream.push(rows.take());
    return await stream.end();
  } finally {
    stream.close();
  }
}
