/** What happens to the statements of an SQL text while they pass. */
export interface StatementSink {
  /** Decides by a statement's first characters: passed on as it comes, held until it is complete, or dropped. */
  begin(head: string): "pass" | "hold" | "drop";
  /** Bytes of statements that are passed on, their delimiter and what stands between them included. */
  pass(bytes: Uint8Array): void;
  /** A held statement without its delimiter; "" as delimiter when the text ended without one. */
  statement(text: string, delimiter: string): void;
  /** A comment line between statements. */
  comment?(line: string): void;
}

const HEAD_LENGTH = 24;
const [TAB, NEWLINE, RETURN, SPACE] = [9, 10, 13, 32];
const [DOUBLE_QUOTE, HASH, SINGLE_QUOTE, STAR, DASH, SLASH, BACKSLASH, BACK_QUOTE] = [34, 35, 39, 42, 45, 47, 92, 96];

/** Bytes at which a statement's text has to be looked at; the delimiter's first byte is added. */
const SPECIAL = [DOUBLE_QUOTE, HASH, SINGLE_QUOTE, DASH, SLASH, BACK_QUOTE];

type State = "between" | "text" | "quoted" | "line comment" | "block comment";

/**
 * Splits SQL as the mysql client does: DELIMITER lines, quotes with backslashes, comments; versioned comments are text.
 * Works on chunks of any size and holds no more than the statement that the sink wants held.
 */
export class StatementSplitter {
  readonly #sink: StatementSink;
  #state: State = "between";
  #quote = 0;
  #escaped = false;
  #delimiter = Uint8Array.of(59);
  #stops = stopsFor(59);
  #mode: "pass" | "hold" | "drop" = "drop";
  #held: Uint8Array[] = [];
  #rest: Uint8Array | undefined;

  constructor(sink: StatementSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.#rest === undefined ? chunk : concat([this.#rest, chunk]);
    this.#rest = undefined;
    this.#scan(bytes, false);
  }

  /** True when the text ended outside of quotes and comments. A last statement needs no delimiter. */
  end(): boolean {
    if (this.#rest !== undefined) {
      const rest = this.#rest;
      this.#rest = undefined;
      this.#scan(rest, true);
    }
    const whole = this.#state === "between" || this.#state === "text" || this.#state === "line comment";
    if (this.#state === "text") this.#finish("");
    return whole;
  }

  #scan(bytes: Uint8Array, last: boolean): void {
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "between") {
        const next = this.#between(bytes, at, last);
        if (next < 0) {
          this.#rest = bytes.slice(at);
          return;
        }
        from = at = next;
        continue;
      }
      if (this.#state === "text") {
        while (at < bytes.length && this.#stops[bytes[at] as number] === 0) at++;
        if (at === bytes.length) break;
        // Two characters decide about comments, as many as the delimiter has about the end.
        if (!last && bytes.length - at < Math.max(3, this.#delimiter.length)) {
          this.#take(bytes, from, at);
          this.#rest = bytes.slice(at);
          return;
        }
        if (this.#endsAt(bytes, at)) {
          this.#take(bytes, from, at);
          at += this.#delimiter.length;
          this.#finish(ascii(this.#delimiter));
          from = at;
          continue;
        }
        at = this.#enter(bytes, at);
        continue;
      }
      at = this.#skip(bytes, at);
    }
    if (this.#state !== "between") this.#take(bytes, from, bytes.length);
  }

  /** Between statements: blanks, comments, DELIMITER lines. Returns where to go on, -1 when more bytes are needed. */
  #between(bytes: Uint8Array, at: number, last: boolean): number {
    const byte = bytes[at] as number;
    if (byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN) return at + 1;
    if (this.#endsAt(bytes, at)) return at + this.#delimiter.length;
    const line = bytes.indexOf(NEWLINE, at);
    const lineEnd = line < 0 ? bytes.length : line;
    const isComment = byte === HASH || (byte === DASH && bytes[at + 1] === DASH);
    const isDelimiter = /^delimiter[ \t]/i.test(ascii(bytes.subarray(at, at + 10)));
    const short = bytes.length - at < HEAD_LENGTH;
    if (!last && (((isComment || isDelimiter) && line < 0) || short)) return -1;
    if (isComment) {
      this.#sink.comment?.(text(bytes.subarray(at, lineEnd)));
      return Math.min(lineEnd + 1, bytes.length);
    }
    if (isDelimiter) {
      this.#setDelimiter(bytes.subarray(at + 10, lineEnd));
      return lineEnd;
    }
    if (byte === SLASH && bytes[at + 1] === STAR && !isVersioned(bytes, at)) {
      const end = indexOfPair(bytes, at + 2);
      if (end < 0) return last ? bytes.length : -1;
      return end + 2;
    }
    const head = text(bytes.subarray(at, at + HEAD_LENGTH));
    const dropped = /^(use\s+[^\s;]+[ \t]*\r?\n|\/\*M?!999999\\-)/i.test(text(bytes.subarray(at, lineEnd + 1)));
    if (dropped) return lineEnd;
    this.#mode = this.#sink.begin(head);
    this.#state = "text";
    return at;
  }

  #setDelimiter(rest: Uint8Array): void {
    const word = ascii(rest).trim().split(/\s/)[0] || ";";
    this.#delimiter = new TextEncoder().encode(word);
    this.#stops = stopsFor(this.#delimiter[0] as number);
  }

  #endsAt(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < this.#delimiter.length; i++) if (bytes[at + i] !== this.#delimiter[i]) return false;
    return true;
  }

  /** A special byte inside a statement: the beginning of a quoted part or a comment, or nothing. */
  #enter(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    const next = bytes[at + 1];
    if (byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE || byte === BACK_QUOTE) {
      this.#state = "quoted";
      this.#quote = byte;
      this.#escaped = false;
    } else if (byte === HASH || (byte === DASH && next === DASH && isBlank(bytes[at + 2]))) {
      this.#state = "line comment";
    } else if (byte === SLASH && next === STAR && !isVersioned(bytes, at)) {
      this.#state = "block comment";
      this.#escaped = false;
      return at + 2;
    }
    return at + 1;
  }

  /** Inside quotes and comments: to their end or the chunk's. */
  #skip(bytes: Uint8Array, from: number): number {
    let at = from;
    if (this.#state === "line comment") {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) return bytes.length;
      this.#state = "text";
      return end;
    }
    if (this.#state === "block comment") {
      // The star may have been the last byte of the chunk before.
      for (; at < bytes.length; at++) {
        if (this.#escaped && bytes[at] === SLASH) {
          this.#escaped = false;
          this.#state = "text";
          return at + 1;
        }
        this.#escaped = bytes[at] === STAR;
      }
      return at;
    }
    const quote = this.#quote;
    const backslashes = quote !== BACK_QUOTE;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        // A doubled quote ends the part and begins the next: the same in the end.
        this.#state = "text";
        return at + 1;
      }
      if (byte === BACKSLASH && backslashes) {
        at++;
        if (at === bytes.length) this.#escaped = true;
      }
    }
    return bytes.length;
  }

  #take(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    if (this.#mode === "pass") this.#sink.pass(bytes.subarray(from, to));
    else if (this.#mode === "hold") this.#held.push(bytes.slice(from, to));
  }

  #finish(delimiter: string): void {
    if (this.#mode === "pass") this.#sink.pass(new TextEncoder().encode(`${delimiter}\n`));
    else if (this.#mode === "hold") this.#sink.statement(text(concat(this.#held)), delimiter);
    this.#held = [];
    this.#state = "between";
  }
}

function stopsFor(delimiter: number): Uint8Array {
  const stops = new Uint8Array(256);
  for (const byte of [...SPECIAL, delimiter]) stops[byte] = 1;
  return stops;
}

function isVersioned(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 2];
  return next === 33 || next === 43 || (next === 77 && bytes[at + 3] === 33);
}

function indexOfPair(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(STAR, from); at >= 0; at = bytes.indexOf(STAR, at + 1)) {
    if (bytes[at + 1] === SLASH) return at;
  }
  return -1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === undefined || byte <= SPACE;
}

function concat(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts));
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
