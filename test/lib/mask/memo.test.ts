import { expect, test } from "bun:test";
import { memoize } from "../../../lib/mask/memo.ts";

test("a value that comes again is made once", () => {
  let made = 0;
  const memoized = memoize((value) => `${value}${++made}`);
  expect([memoized("a"), memoized("b"), memoized("a")]).toEqual(["a1", "b2", "a1"]);
});

test("a value in use outlives many that come once", () => {
  let made = 0;
  const memoized = memoize((value) => {
    if (value === "often") made++;
    return value;
  });
  for (let i = 0; i < 200_000; i++) {
    memoized(`once ${i}`);
    if (i % 4 === 0) memoized("often");
  }
  expect(made).toBeLessThan(5);
});

test("a value cut from a chunk of rows does not keep the chunk", () => {
  const memoized = memoize((value) => value.slice(1));
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 10_000; i++) memoized(`${i} ${Buffer.alloc(65_536, 97).toString("latin1")}`.slice(0, 20));
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 ** 2);
});
