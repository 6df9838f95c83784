import { RowHash } from "../row-hash.ts";
import type { MaskedRows, RowMasker, RowWork } from "../row-work.ts";
import { changeRow, countsOf, type Row, readyChanges } from "../value-changes.ts";
import type { RowColumn } from "./columns.ts";
import { eachValue, LineBuffer } from "./encode.ts";
import { lineHasher } from "./line-hash.ts";

const LENGTH_BYTES = 4;
const DIGIT_ONE = 0x31;

/** Puts a row of the text protocol behind others for {@link wireMasker}: its length, then its bytes. */
export function addWireRow(rows: LineBuffer, bytes: Uint8Array, from: number, to: number): void {
  const length = to - from;
  rows.reserve(LENGTH_BYTES + length);
  for (let shift = 24; shift >= 0; shift -= 8) rows.bytes[rows.length++] = length >>> shift;
  rows.bytes.set(bytes.subarray(from, to), rows.length);
  rows.length += length;
}

/** Changes rows that came by {@link addWireRow}, and encodes them; conditions stand behind the columns as 1 or 0. */
export function wireMasker({ changes, secret, columns }: Extract<RowWork, { form: "wire" }>): RowMasker {
  const ready = readyChanges(changes, secret);
  const width = columns.length;
  const lines = new LineBuffer(1 << 19);
  const made: (string | undefined)[] = Array.from({ length: width });
  /** Where the row's values begin and end; the end of NULL is -1. */
  const [starts, ends]: [number[], number[]] = [[], []];
  let bytes: Buffer = Buffer.alloc(0);

  const row: Row = {
    isNull: (index) => ends[index] === -1,
    text: (index) => {
      const encoding = columns[index]?.carriage === "binary" ? "latin1" : "utf8";
      return bytes.toString(encoding, starts[index], ends[index]);
    },
    holds: (flag) => {
      const from = starts[width + flag] as number;
      return ends[width + flag] === from + 1 && bytes[from] === DIGIT_ONE;
    },
  };

  function findValues(from: number, to: number): void {
    starts.length = ends.length = 0;
    eachValue(bytes, from, to, (begin, end) => {
      starts.push(begin);
      ends.push(end);
    });
  }

  function addLine(): void {
    for (let index = 0; index < width; index++) {
      if (index > 0) lines.tab();
      const { carriage } = columns[index] as RowColumn;
      const text = made[index];
      if (text !== undefined) lines.made(carriage, text);
      else if (row.isNull(index)) lines.null();
      else lines.value(carriage, bytes, starts[index] as number, ends[index] as number);
    }
  }

  function mask(rows: Uint8Array): MaskedRows {
    const hash = new RowHash();
    const addHash = lineHasher(columns, hash);
    bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
    for (let at = 0; at < bytes.length; ) {
      const from = at + LENGTH_BYTES;
      at = from + bytes.readUInt32BE(at);
      findValues(from, at);
      made.fill(undefined);
      changeRow(ready, row, made);
      const begin = lines.length;
      addLine();
      addHash(lines.bytes, begin, lines.length);
      lines.newline();
    }
    return { lines: lines.take(), sum: hash.sum() };
  }

  return { mask, counts: () => countsOf(ready) };
}
