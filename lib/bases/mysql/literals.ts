import type { RowHash } from "../row-hash.ts";
import type { RowColumn } from "./columns.ts";
import { LineBuffer } from "./encode.ts";
import { type LineHasher, lineHasher } from "./line-hash.ts";

const [TAB, QUOTE, OPEN, CLOSE, COMMA, SEMICOLON, BACKSLASH, SPACE] = [9, 39, 40, 41, 44, 59, 92, 32];

/** What a backslash and this byte stand for in a string literal; other bytes stand for themselves. */
const UNESCAPED = Uint8Array.from({ length: 256 }, (_, byte) => byte);
for (const [letter, byte] of Object.entries({ "0": 0, b: 8, t: 9, n: 10, r: 13, Z: 26 })) {
  UNESCAPED[letter.charCodeAt(0)] = byte;
}

/** Bytes that end a run of plain characters in a string literal; tabs are written otherwise in a line. */
const STRING_STOPS = new Uint8Array(256);
for (const byte of [0, TAB, 10, QUOTE, BACKSLASH]) STRING_STOPS[byte] = 1;

type State = "row" | "value" | "bare" | "string" | "escape" | "closed";

/**
 * Reads the rows behind VALUES of an INSERT as mysqldump writes them and hashes each in the canonical form, which is
 * the line that {@link LineBuffer} makes. Takes the bytes in pieces of any size.
 */
export class TupleReader {
  readonly #columns: (RowColumn | undefined)[];
  readonly #hash: LineHasher;
  readonly #line = new LineBuffer();
  /** A number, a word, or bytes that are yet to be written in hexadecimal. */
  readonly #token = new LineBuffer();
  #state: State = "row";
  #column = 0;
  #kept = 0;
  #valueStart = 0;

  /** Columns in the INSERT's order; undefined for those that are left out of the hash. */
  constructor(columns: (RowColumn | undefined)[], hash: RowHash) {
    this.#columns = columns;
    const kept = columns.filter((column) => column !== undefined);
    this.#hash = lineHasher(kept, hash);
  }

  /** Reads on; returns the index behind the statement's semicolon, or -1 when more bytes are needed. */
  push(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      switch (this.#state) {
        case "bare":
          at = this.#bare(bytes, at);
          break;
        case "string":
          at = this.#string(bytes, at);
          break;
        case "escape":
          this.#character(UNESCAPED[bytes[at++] as number] as number);
          this.#state = "string";
          break;
        case "closed":
          at = this.#closed(bytes, at);
          break;
        case "value":
          if (bytes[at] !== SPACE) this.#state = "bare";
          else at++;
          break;
        default:
          if (bytes[at] === OPEN) this.#beginRow();
          else if (bytes[at] === SEMICOLON) {
            this.#state = "row";
            return at + 1;
          }
          at++;
      }
    }
    return -1;
  }

  #beginRow(): void {
    this.#line.length = 0;
    this.#token.length = 0;
    this.#column = 0;
    this.#kept = 0;
    this.#beginValue();
  }

  #beginValue(): void {
    if (this.#columns[this.#column] !== undefined && this.#kept++ > 0) this.#line.tab();
    this.#valueStart = this.#line.length;
    this.#state = "value";
  }

  get #isBinary(): boolean {
    return this.#columns[this.#column]?.carriage === "binary";
  }

  /** A number, NULL, 0x…, or the introducer of a string. */
  #bare(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      const byte = bytes[at] as number;
      if (byte === COMMA || byte === CLOSE || byte === QUOTE) break;
      at++;
    }
    this.#token.plain(bytes, from, at);
    if (at === bytes.length) return at;
    if (bytes[at] === QUOTE) {
      this.#token.length = 0;
      this.#state = "string";
      return at + 1;
    }
    this.#word();
    return this.#endValue(bytes[at] as number, at);
  }

  #word(): void {
    const { bytes, length } = this.#token;
    if (length === 4 && bytes[0] === 78 && bytes[1] === 85) this.#line.null();
    else if (length > 2 && bytes[0] === 48 && bytes[1] === 120) this.#hex(bytes, length);
    else this.#line.plain(bytes, 0, length);
    this.#token.length = 0;
  }

  #hex(bytes: Uint8Array, length: number): void {
    // MySQL writes capitals; other tools may not.
    for (let i = 2; i < length; i++) if ((bytes[i] as number) > 96) bytes[i] = (bytes[i] as number) - 32;
    this.#line.plain(bytes, 2, length);
  }

  #string(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && STRING_STOPS[bytes[at] as number] === 0) at++;
    (this.#isBinary ? this.#token : this.#line).plain(bytes, from, at);
    if (at === bytes.length) return at;
    const stop = bytes[at] as number;
    if (stop === BACKSLASH) this.#state = "escape";
    else if (stop === QUOTE) this.#state = "closed";
    else this.#character(stop);
    return at + 1;
  }

  readonly #one = new Uint8Array(1);

  #character(byte: number): void {
    this.#one[0] = byte;
    if (this.#isBinary) this.#token.plain(this.#one);
    else this.#line.text(this.#one);
  }

  /** Behind a quote: another one stands for itself, anything else ends the value. */
  #closed(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      this.#character(QUOTE);
      this.#state = "string";
      return at + 1;
    }
    if (this.#isBinary) {
      this.#line.binary(this.#token.bytes, 0, this.#token.length);
      this.#token.length = 0;
    }
    return this.#endValue(byte, at);
  }

  #endValue(byte: number, at: number): number {
    if (this.#columns[this.#column] === undefined) this.#line.length = this.#valueStart;
    if (byte === COMMA) {
      this.#column++;
      this.#beginValue();
    } else {
      this.#hash(this.#line.bytes, 0, this.#line.length);
      this.#state = "row";
    }
    return at + 1;
  }
}
