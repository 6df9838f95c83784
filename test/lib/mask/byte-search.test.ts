import { expect, test } from "bun:test";
import { ByteSearch } from "../../../lib/mask/byte-search.ts";

const bytes = (text: string) => Buffer.from(text);

test("every pattern is found wherever it stands, also where others overlap it", () => {
  const patterns = ["ann.lee@example.com", "lee@example.com", "0123456789", "\u00e9\u00e9\u00e9\u00e9\u00e9"];
  const search = new ByteSearch(patterns.map(bytes));
  for (let before = 0; before < 12; before++) {
    const found = new Set<number>();
    search.search(bytes(`${"x".repeat(before)}ann.lee@example.com|0123456789\u00e9\u00e9\u00e9\u00e9\u00e9`), (at) =>
      found.add(at),
    );
    expect([...found].sort()).toEqual([0, 1, 2, 3]);
  }
});

test("what only begins like a pattern is not found", () => {
  const search = new ByteSearch([bytes("abcdefghijkl")]);
  let found = 0;
  search.search(bytes("abcdefghijk abcdefgh bcdefghijkl abcdefghijk"), () => found++);
  expect(found).toBe(0);
});
