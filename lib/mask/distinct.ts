const BITS = 11;
const REGISTERS = 1 << BITS;

/** So many different texts are counted one by one. */
export const COUNTED = 256;
/** Twice as many places as hashes, so that one is found in a step or two. */
const PLACES = 2 * COUNTED;

/** What is known of texts that were seen; nothing but data, which another thread can hand over. */
export interface Seen {
  registers: Uint8Array;
  /** Their hashes, each at its place or behind it; undefined when they were more than {@link COUNTED}. */
  few: Uint32Array | undefined;
}

/**
 * How many different texts there were, from 4 kB whatever their number: exactly up to {@link COUNTED}, beyond that within some
 * 2 % by HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007) over 32 bits of hash, good up to about a hundred million.
 */
export class Distinct {
  readonly seen: Seen = { registers: new Uint8Array(REGISTERS), few: new Uint32Array(PLACES) };
  #few = 0;

  add(text: string): void {
    const hash = hashOf(text);
    const { registers } = this.seen;
    const register = hash >>> (32 - BITS);
    // The first 1 among the bits that are left, counted from the left.
    const rank = Math.clz32((hash << BITS) | (1 << (BITS - 1))) + 1;
    if (rank > (registers[register] as number)) registers[register] = rank;
    this.#addHash(hash);
  }

  /** Adds what another saw. */
  merge({ registers, few }: Seen): void {
    const own = this.seen.registers;
    for (let at = 0; at < REGISTERS; at++)
      if ((registers[at] as number) > (own[at] as number)) own[at] = registers[at] as number;
    if (few === undefined) this.seen.few = undefined;
    else for (const hash of few) if (hash !== 0) this.#addHash(hash);
  }

  /** The number; above {@link COUNTED} about it. */
  count(): number {
    return this.seen.few === undefined ? Math.max(COUNTED + 1, this.#estimate()) : this.#few;
  }

  #addHash(hash: number): void {
    const { few } = this.seen;
    if (few === undefined) return;
    // Nought is a place where nothing is.
    const own = hash || 1;
    let at = own % PLACES;
    while (few[at] !== 0 && few[at] !== own) at = (at + 1) % PLACES;
    if (few[at] === own) return;
    few[at] = own;
    if (++this.#few > COUNTED) this.seen.few = undefined;
  }

  #estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.seen.registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum;
    // Few texts leave registers empty, which tell their number better.
    const few = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(few ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}

/** FNV-1a over UTF-16 units, mixed by murmur3's finaliser. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
