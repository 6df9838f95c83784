import type { Keyed } from "./key.ts";

/** A keyed stream of random numbers, started anew by each message. It belongs to one mask and is not re-entrant. */
export interface Draw {
  start(message: string | Uint8Array): void;
  /** A whole number in [0, count), count < 2^31. */
  below(count: number): number;
  /** The same for any count. */
  belowBig(count: bigint): bigint;
  /** Letters of a to z: 14 of them carry 65.8 bits. */
  letters(count: number): string;
  bytes(count: number): Buffer;
  pick<T>(list: readonly T[]): T;
}

/** As many letters as a number of 48 bits gives with a bias below 2^-15. */
const LETTERS_AT_ONCE = 7;
const PAIRS = Array.from({ length: 26 * 26 }, (_, i) => String.fromCharCode(97 + Math.floor(i / 26), 97 + (i % 26)));

/** The stream of a subkey: block 0 is HMAC(message), block n is HMAC(block 0, n as four bytes). */
export function drawFrom(keyed: Keyed): Draw {
  let first = keyed("");
  let block = first;
  let at = 0;
  let counter = 0;

  function next48(): number {
    if (at + 6 > block.length) turn();
    const high = byte(0) * 65_536 + byte(1) * 256 + byte(2);
    const low = byte(3) * 65_536 + byte(4) * 256 + byte(5);
    at += 6;
    return high * 2 ** 24 + low;
  }
  const byte = (offset: number) => block[at + offset] as number;
  function turn(): void {
    const message = Buffer.alloc(first.length + 4);
    first.copy(message);
    message.writeUInt32BE(++counter, first.length);
    block = keyed(message);
    at = 0;
  }
  const below = (count: number) => next48() % count;

  return {
    start(message) {
      first = block = keyed(message);
      at = counter = 0;
    },
    below,
    belowBig(count) {
      // 64 bits more than the count has make the bias negligible.
      let drawn = BigInt(next48());
      for (let bound = 1n << 48n; bound < count << 64n; bound <<= 48n) drawn = (drawn << 48n) | BigInt(next48());
      return drawn % count;
    },
    letters(count) {
      let text = "";
      for (let left = count; left > 0; left -= LETTERS_AT_ONCE) text += sevenLetters(next48());
      return text.length === count ? text : text.slice(0, count);
    },
    bytes(count) {
      const out = Buffer.alloc(count);
      for (let filled = 0; filled < count; ) {
        if (at >= block.length) turn();
        const copied = block.copy(out, filled, at);
        filled += copied;
        at += copied;
      }
      return out;
    },
    pick: (list) => list[below(list.length)] as never,
  };
}

/** A number in base 26, its highest digit first, of which the lowest seven are taken. */
function sevenLetters(number: number): string {
  const last = number % 26;
  const low = Math.floor(number / 26) % 676;
  const middle = Math.floor(number / 17_576) % 676;
  const high = Math.floor(number / 11_881_376) % 676;
  return (PAIRS[high] as string) + PAIRS[middle] + PAIRS[low] + String.fromCharCode(97 + last);
}
