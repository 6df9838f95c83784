import { expect, test } from "bun:test";
import { RowHash } from "../../../lib/bases/row-hash.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function hashOf(rows: string[]): string {
  const hash = new RowHash();
  for (const row of rows) hash.add(bytes(row));
  return hash.digest();
}

test("the order of rows doesn't change the hash", () => {
  expect(hashOf(["a", "b", "c"])).toBe(hashOf(["c", "a", "b"]));
});

test("a lost, doubled or changed row changes the hash", () => {
  const whole = hashOf(["1\tAda", "2\tBob", "3\tEve"]);
  expect(hashOf(["1\tAda", "2\tBob"])).not.toBe(whole);
  expect(hashOf(["1\tAda", "2\tBob", "3\tEve", "3\tEve"])).not.toBe(whole);
  expect(hashOf(["1\tAda", "2\tBob", "3\tEvf"])).not.toBe(whole);
});

test("two values that change places between rows change the hash", () => {
  expect(hashOf(["1\tAda", "2\tBob"])).not.toBe(hashOf(["1\tBob", "2\tAda"]));
});

test("a hundred thousand similar rows have a hundred thousand hashes", () => {
  const seen = new Set<string>();
  for (let index = 0; index < 100_000; index++) seen.add(hashOf([`${index}\tuser${index}@example.com`]));
  expect(seen.size).toBe(100_000);
});

test("hashes of two readers merge to the hash of one", () => {
  const one = new RowHash();
  const other = new RowHash();
  one.add(bytes("a"));
  other.add(bytes("b"));
  one.merge(other.sum());
  expect(one.digest()).toBe(hashOf(["a", "b"]));
  expect(one.rows).toBe(2);
});
