import { ByteBuffer } from "../byte-buffer.ts";
import type { Carriage } from "./columns.ts";

const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;
const NULL_LENGTH = 0xfb;

/** What follows the backslash for a byte that must not stand in a line as it is; 0 for all others. */
const ESCAPES = new Uint8Array(256);
ESCAPES[0] = 48;
ESCAPES[TAB] = 116;
ESCAPES[NEWLINE] = 110;
ESCAPES[BACKSLASH] = BACKSLASH;

const HEX = Uint8Array.from("0123456789ABCDEF", (digit) => digit.charCodeAt(0));

/**
 * Rows as LOAD DATA reads them: tabs between columns, `\N` for NULL, backslash escapes, bytes
 * in hexadecimal. The canonical form of a row, by which it is hashed, is its line without the newline.
 */
export class LineBuffer extends ByteBuffer {
  tab(): void {
    this.reserve(1);
    this.bytes[this.length++] = TAB;
  }

  newline(): void {
    this.reserve(1);
    this.bytes[this.length++] = NEWLINE;
  }

  null(): void {
    this.reserve(2);
    this.bytes[this.length++] = BACKSLASH;
    this.bytes[this.length++] = 78;
  }

  text(source: Uint8Array, from = 0, to = source.length): void {
    this.reserve(2 * (to - from));
    const { bytes } = this;
    let at = this.length;
    for (let i = from; i < to; i++) {
      const byte = source[i] as number;
      const letter = ESCAPES[byte] as number;
      if (letter === 0) bytes[at++] = byte;
      else {
        bytes[at++] = BACKSLASH;
        bytes[at++] = letter;
      }
    }
    this.length = at;
  }

  binary(source: Uint8Array, from = 0, to = source.length): void {
    this.reserve(2 * (to - from));
    const { bytes } = this;
    let at = this.length;
    for (let i = from; i < to; i++) {
      const byte = source[i] as number;
      bytes[at++] = HEX[byte >> 4] as number;
      bytes[at++] = HEX[byte & 15] as number;
    }
    this.length = at;
  }

  /** One value in the way its column travels. */
  value(carriage: Carriage, source: Uint8Array, from: number, to: number): void {
    if (carriage === "text") this.text(source, from, to);
    else if (carriage === "binary") this.binary(source, from, to);
    else this.plain(source, from, to);
  }

  /** The same of a value that was made here, in bytes a character for each. ASCII takes no buffer of its own: they pile up. */
  made(carriage: Carriage, text: string): void {
    this.reserve(2 * text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80 || carriage === "binary" || ESCAPES[code] !== 0) {
        const whole = Buffer.from(text, carriage === "binary" ? "latin1" : "utf8");
        this.value(carriage, whole, 0, whole.length);
        return;
      }
      bytes[at++] = code;
    }
    this.length = at;
  }
}

/** Walks the values of a row of the text protocol; `to` is -1 for NULL. */
export function eachValue(
  bytes: Uint8Array,
  from: number,
  end: number,
  visit: (from: number, to: number) => void,
): void {
  let at = from;
  while (at < end) {
    const first = bytes[at++] as number;
    if (first === NULL_LENGTH) {
      visit(at, -1);
      continue;
    }
    let length = first;
    if (first > NULL_LENGTH) {
      const size = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
      length = 0;
      for (let i = size - 1; i >= 0; i--) length = length * 256 + (bytes[at + i] as number);
      at += size;
    }
    visit(at, at + length);
    at += length;
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * A FLOAT's value as the server prints it, six significant digits with ties to the even one, in one spelling, so that
 * the exact number that is loaded and the rounded one in a dump agree.
 */
export function canonicalFloat(text: Uint8Array): Uint8Array {
  const value = Number(decoder.decode(text));
  if (!Number.isFinite(value)) return text;
  const longer = value.toExponential(6);
  const [digits = "", exponent = ""] = longer.split("e");
  const tie = digits.endsWith("5") && Number(longer) === value;
  const even = Number(digits.at(-2)) % 2 === 0;
  // JavaScript rounds ties away from zero; cutting the last digit off is rounding to the even one.
  return encoder.encode(tie && even ? `${digits.slice(0, -1)}e${exponent}` : value.toExponential(5));
}
