import { RowHash } from "../row-hash.ts";

const NEWLINE = 10;

/** Counts and hashes the rows of one table in COPY's text format, which comes in pieces; `\.` ends them. */
export class CopyCounter {
  readonly #hash = new RowHash();
  #rest: Uint8Array | undefined;
  #ended = false;

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    const bytes = this.#rest === undefined ? chunk : new Uint8Array(Buffer.concat([this.#rest, chunk]));
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0 && !this.#ended; at = bytes.indexOf(NEWLINE, from)) {
      if (at - from === 2 && bytes[from] === 92 && bytes[from + 1] === 46) this.#ended = true;
      else this.#hash.add(bytes, from, at);
      from = at + 1;
    }
    this.#rest = from === bytes.length ? undefined : bytes.slice(from);
  }

  result(): { rows: number; hash: string } {
    return { rows: this.#hash.rows, hash: this.#hash.digest() };
  }
}
