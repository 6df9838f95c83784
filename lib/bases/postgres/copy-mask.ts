import { isUtf8 } from "node:buffer";
import { ByteBuffer } from "../byte-buffer.ts";
import { RowHash } from "../row-hash.ts";
import type { MaskedRows, RowMasker, RowWork } from "../row-work.ts";
import { changeRow, countsOf, type Row, readyChanges } from "../value-changes.ts";

const [TAB, NEWLINE, BACKSLASH, LETTER_N, LETTER_T] = [9, 10, 92, 78, 116];

/**
 * Changes rows of COPY's text format; the conditions behind the `width` columns are taken off. What no rule names passes
 * as it is, whatever its encoding, and is not even decoded.
 */
export function copyMasker({ changes, secret, width }: Extract<RowWork, { form: "copy" }>): RowMasker {
  const ready = readyChanges(changes, secret);
  const lines = new ByteBuffer(1 << 19);
  const made: (string | undefined)[] = Array.from({ length: width });
  /** Where the row's fields begin; the last number is behind the row. */
  const starts: number[] = [];
  let bytes: Buffer = Buffer.alloc(0);

  const row: Row = {
    isNull: (index) => {
      const from = starts[index] as number;
      return starts[index + 1] === from + 3 && bytes[from] === BACKSLASH && bytes[from + 1] === LETTER_N;
    },
    text: (index) => decode(bytes, starts[index] as number, (starts[index + 1] as number) - 1),
    holds: (flag) => bytes[starts[width + flag] as number] === LETTER_T,
  };

  function addLine(): void {
    for (let index = 0; index < width; index++) {
      if (index > 0) lines.byte(TAB);
      const text = made[index];
      if (text === undefined) lines.plain(bytes, starts[index], (starts[index + 1] as number) - 1);
      else addField(lines, text, { bytes, from: starts[index] as number, to: (starts[index + 1] as number) - 1 });
    }
  }

  function mask(rows: Uint8Array): MaskedRows {
    const hash = new RowHash();
    bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
    for (let at = 0; at < bytes.length; ) {
      at = findFields(bytes, at, starts);
      made.fill(undefined);
      changeRow(ready, row, made);
      const begin = lines.length;
      addLine();
      hash.add(lines.bytes, begin, lines.length);
      lines.byte(NEWLINE);
    }
    return { lines: lines.take(), sum: hash.sum() };
  }

  return { mask, counts: () => countsOf(ready) };
}

/** Returns where the next row begins. */
function findFields(bytes: Uint8Array, from: number, starts: number[]): number {
  starts.length = 0;
  starts.push(from);
  for (let at = from; ; at++) {
    const byte = bytes[at];
    if (byte === TAB || byte === NEWLINE) starts.push(at + 1);
    if (byte === NEWLINE) return at + 1;
  }
}

/** Letters behind a backslash, as COPY writes them ("File Formats" in the manual of COPY). */
const ESCAPED: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const LETTER_OF: Record<string, string> = { "\\": "\\\\" };
for (const [letter, character] of Object.entries(ESCAPED)) LETTER_OF[character] = `\\${letter}`;

/**
 * Where a database has no encoding (SQL_ASCII), a field that is no UTF-8 is read with each byte above ASCII as a private
 * character (byte 80 as U+F780), so that different bytes are different texts, and what no mask touches is written as it was.
 */
const PRIVATE = 0xf700;
const PRIVATE_CHARACTERS = /[\uf780-\uf7ff]/;
const REPLACED = "\ufffd";

function ofBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("latin1")
    .replace(/[\x80-\xff]/g, (character) => String.fromCharCode(PRIVATE + character.charCodeAt(0)));
}

function toBytes(text: string): Uint8Array {
  const parts = text.split(/([\uf780-\uf7ff]+)/);
  return Buffer.concat(
    parts.map((part, at) =>
      at % 2 === 0 ? Buffer.from(part) : Buffer.from(Array.from(part, (one) => one.charCodeAt(0) - PRIVATE)),
    ),
  );
}

/** A field's text: bytes of UTF-8, its escapes undone. */
function decode(bytes: Buffer, from: number, to: number): string {
  let or = 0;
  let escaped = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    or |= byte;
    if (byte === BACKSLASH) escaped = true;
  }
  let text = or < 0x80 ? bytes.toString("latin1", from, to) : bytes.toString("utf8", from, to);
  if (or >= 0x80 && text.includes(REPLACED) && !isUtf8(bytes.subarray(from, to)))
    text = ofBytes(bytes.subarray(from, to));
  return escaped ? text.replace(/\\(.)/gs, (_, letter: string) => ESCAPED[letter] ?? letter) : text;
}

/** Where the raw field stands. */
interface Field {
  bytes: Uint8Array;
  from: number;
  to: number;
}

/** Writes a text with what must not stand in a field escaped. */
function addField(lines: ByteBuffer, text: string, { bytes: raw, from, to }: Field): void {
  lines.reserve(text.length);
  const { bytes } = lines;
  let at = lines.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80 || code === BACKSLASH || (code >= 8 && code <= 13)) {
      const escaped = text.replace(/[\\\b\f\n\r\t\v]/g, (letter) => LETTER_OF[letter] as string);
      const isPrivate = PRIVATE_CHARACTERS.test(escaped) && !isUtf8(raw.subarray(from, to));
      lines.plain(isPrivate ? toBytes(escaped) : Buffer.from(escaped));
      return;
    }
    bytes[at++] = code;
  }
  lines.length = at;
}
