import { expect, test } from "bun:test";
import { permutationOf } from "../../../lib/mask/permutation.ts";
import { key } from "./source.ts";

const keyed = key.subkey("test");

test.each([2, 3, 4, 5, 16, 17, 99, 100, 101, 1000, 4097])("%d numbers change places and none stays", (size) => {
  const permute = permutationOf(keyed, BigInt(size));
  const made = Array.from({ length: size }, (_, i) => Number(permute(BigInt(i))));
  expect(new Set(made).size).toBe(size);
  expect(Math.min(...made)).toBe(0);
  expect(Math.max(...made)).toBe(size - 1);
  expect(made.filter((number, i) => number === i)).toEqual([]);
});

test.each([2n ** 31n - 1n, 2n ** 53n, 2n ** 64n])("of %d numbers none is met twice", (size) => {
  const permute = permutationOf(keyed, size);
  const made = new Set<bigint>();
  for (let i = 0n; i < 2000n; i++) {
    made.add(permute(i));
    made.add(permute(size - 1n - i));
  }
  expect(made.size).toBe(4000);
  for (const number of made) expect(number >= 0n && number < size).toBe(true);
});
