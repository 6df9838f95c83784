import { expect, test } from "bun:test";
import { Distinct } from "../../../lib/mask/distinct.ts";

test("the number of different texts is told within 6 %, however often each came", () => {
  for (const number of [1, 10, 1_000, 5_000, 90_000, 1_000_000]) {
    const distinct = new Distinct();
    for (let at = 0; at < number; at++) distinct.add(`user${at}@example.com`);
    for (let at = 0; at < Math.min(number, 1_000); at++) distinct.add(`user${at}@example.com`);
    expect(Math.abs(distinct.estimate() - number) / number).toBeLessThan(0.06);
  }
});

test("what several saw is merged", () => {
  const [all, half] = [new Distinct(), new Distinct()];
  for (let at = 0; at < 4_000; at++) (at % 2 ? all : half).add(String(at));
  for (let at = 0; at < 1_000; at++) all.add(String(at));
  all.merge(half.registers);
  expect(Math.abs(all.estimate() - 4_000)).toBeLessThan(240);
});
