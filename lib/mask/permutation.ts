import type { Keyed } from "./key.ts";

/** As FF1 of NIST SP 800-38G has. */
const ROUNDS = 10;
/** Of ranges beyond it the halves would be no exact numbers any more. */
export const WIDEST_RANGE = 2n ** 64n;

/**
 * A keyed permutation of [0, size) that leaves no number where it is, for a size of 2 to 2^64: a Feistel network over
 * two numbers below √size with cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002) orders
 * the numbers, and each becomes the one behind it in that order.
 */
export function permutationOf(keyed: Keyed, size: bigint): (number: bigint) => bigint {
  const side = rootAbove(size);
  const sideBig = BigInt(side);
  const round = roundOf(keyed, size, side);

  function walk(number: bigint, pass: (left: number, right: number) => [number, number]): bigint {
    let at = number;
    do {
      const [left, right] = pass(Number(at / sideBig), Number(at % sideBig));
      at = BigInt(left) * sideBig + BigInt(right);
    } while (at >= size);
    return at;
  }
  const forward = (first: number, second: number): [number, number] => {
    let [left, right] = [first, second];
    for (let i = 0; i < ROUNDS; i += 2) {
      left = (left + round(i, right)) % side;
      right = (right + round(i + 1, left)) % side;
    }
    return [left, right];
  };
  const backward = (first: number, second: number): [number, number] => {
    let [left, right] = [first, second];
    for (let i = ROUNDS - 2; i >= 0; i -= 2) {
      right = (right + side - round(i + 1, left)) % side;
      left = (left + side - round(i, right)) % side;
    }
    return [left, right];
  };
  return (number) => walk((walk(number, forward) + 1n) % size, backward);
}

/** The round function: 48 bits of HMAC(size, round, half), modulo the side. */
function roundOf(keyed: Keyed, size: bigint, side: number): (round: number, half: number) => number {
  const message = Buffer.alloc(16);
  message.writeBigUInt64BE(size - 1n);
  return (round, half) => {
    message[8] = round;
    message.writeUIntBE(half, 10, 6);
    return keyed(message).readUIntBE(0, 6) % side;
  };
}

/** The least number whose square is not below `size`. */
function rootAbove(size: bigint): number {
  let root = BigInt(Math.ceil(Math.sqrt(Number(size))));
  while (root > 0n && (root - 1n) * (root - 1n) >= size) root--;
  while (root * root < size) root++;
  return Number(root);
}
