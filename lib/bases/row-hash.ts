/** Rows and their two lanes. */
export interface RowSum {
  rows: number;
  a: number;
  b: number;
}

/**
 * An order-free hash over rows: each row's bytes give 64 bits (two lanes of FNV-1a with different primes, mixed by
 * murmur3's 32-bit finaliser), and the rows' hashes are added up modulo 2^32 per lane, so that the order and the
 * number of readers don't matter. It finds lost, doubled and damaged rows; it is no defence against an adversary.
 */
export class RowHash {
  rows = 0;
  #a = 0;
  #b = 0;

  /** Adds the row in `bytes[from, to)`. */
  add(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let a = 0x811c9dc5;
    let b = 0x9747b28c;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x5bd1e995);
      b ^= b >>> 15;
    }
    this.rows++;
    this.#a = (this.#a + mix(a)) >>> 0;
    this.#b = (this.#b + mix(b ^ a)) >>> 0;
  }

  /** Adds the rows that another reader saw. */
  merge({ rows, a, b }: RowSum): void {
    this.rows += rows;
    this.#a = (this.#a + a) >>> 0;
    this.#b = (this.#b + b) >>> 0;
  }

  /** Of the rows so far, for another reader to {@link merge}. */
  sum(): RowSum {
    return { rows: this.rows, a: this.#a, b: this.#b };
  }

  /** 16 hex digits. */
  digest(): string {
    return this.#a.toString(16).padStart(8, "0") + this.#b.toString(16).padStart(8, "0");
  }
}

function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
