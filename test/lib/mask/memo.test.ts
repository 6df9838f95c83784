import { expect, test } from "bun:test";
import { memoize } from "../../../lib/mask/memo.ts";

test("a value that comes again is made once", () => {
  let made = 0;
  const memoized = memoize(
    (value) => `${value}${++made}`,
    () => true,
  );
  expect([memoized("a"), memoized("b"), memoized("a")]).toEqual(["a1", "b2", "a1"]);
});

test("what may not be kept is made each time", () => {
  let made = 0;
  const memoized = memoize(
    (value) => `${value}${++made}`,
    () => false,
  );
  expect([memoized("a"), memoized("a")]).toEqual(["a1", "a2"]);
});

test("a value in use outlives many that come once", () => {
  let made = 0;
  const memoized = memoize(
    (value) => {
      if (value === "often") made++;
      return value;
    },
    () => true,
  );
  for (let i = 0; i < 200_000; i++) {
    memoized(`once ${i}`);
    if (i % 4 === 0) memoized("often");
  }
  expect(made).toBeLessThan(5);
});
