import type { Keyed } from "./key.ts";

/** As FF1 of NIST SP 800-38G has. */
const ROUNDS = 10;

/**
 * A keyed permutation of [0, size) that leaves no number where it is, for a size of at least 2: a Feistel network over
 * two numbers below √size with cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002) orders
 * the numbers, and each becomes the one behind it in that order.
 */
export function permutationOf(keyed: Keyed, size: bigint): (number: bigint) => bigint {
  const side = rootAbove(size);
  const half = (round: number, other: bigint) => keyed(`${size}\0${round}\0${other}`).readBigUInt64BE() % side;

  function forward(number: bigint): bigint {
    let at = number;
    do {
      let [left, right] = [at / side, at % side];
      for (let round = 0; round < ROUNDS; round++) {
        if (round % 2 === 0) left = (left + half(round, right)) % side;
        else right = (right + half(round, left)) % side;
      }
      at = left * side + right;
    } while (at >= size);
    return at;
  }
  function backward(number: bigint): bigint {
    let at = number;
    do {
      let [left, right] = [at / side, at % side];
      for (let round = ROUNDS - 1; round >= 0; round--) {
        if (round % 2 === 0) left = (left + side - half(round, right)) % side;
        else right = (right + side - half(round, left)) % side;
      }
      at = left * side + right;
    } while (at >= size);
    return at;
  }
  return (number) => backward((forward(number) + 1n) % size);
}

/** The least number whose square is not below `size`. */
function rootAbove(size: bigint): bigint {
  let root = BigInt(Math.ceil(Math.sqrt(Number(size))));
  while (root > 0n && (root - 1n) * (root - 1n) >= size) root--;
  while (root * root < size) root++;
  return root;
}
