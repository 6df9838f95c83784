import { expect, test } from "bun:test";
import { COUNTED, Distinct } from "../../../lib/mask/distinct.ts";

function seeing(number: number, from = 0): Distinct {
  const distinct = new Distinct();
  for (let at = from; at < from + number; at++) distinct.add(`user${at}@example.com`);
  for (let at = from; at < from + Math.min(number, 1_000); at++) distinct.add(`user${at}@example.com`);
  return distinct;
}

test("few different texts are counted, however often each came", () => {
  for (const number of [0, 1, 10, 11, 100, COUNTED]) expect(seeing(number).count()).toBe(number);
});

test("the number of many is told within 6 %, and never as one that was counted", () => {
  for (const number of [COUNTED + 1, 1_000, 5_000, 90_000, 1_000_000]) {
    const count = seeing(number).count();
    expect(count).toBeGreaterThan(COUNTED);
    expect(Math.abs(count - number) / number).toBeLessThan(0.06);
  }
});

test("what several saw is merged", () => {
  const few = seeing(30);
  few.merge(seeing(30, 20).seen);
  expect(few.count()).toBe(50);
  const all = seeing(2_500);
  all.merge(seeing(2_500, 1_500).seen);
  expect(Math.abs(all.count() - 4_000)).toBeLessThan(240);
  few.merge(all.seen);
  expect(Math.abs(few.count() - 4_000)).toBeLessThan(240);
});
