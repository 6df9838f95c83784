import { expect, test } from "bun:test";
import { didYouMean, nearest } from "../../../lib/kit/nearest.ts";

const flags = ["--name", "--ttl", "--if-exists", "--network", "--keep-on-failure", "--json"];

test.each([
  ["--nmae", "--name"],
  ["--Name", "--name"],
  ["--if_exists", "--if-exists"],
  ["--keep", "--keep-on-failure"],
  ["--jsn", "--json"],
  ["--tll", "--ttl"],
])("%p was meant to be %p", (typed, meant) => {
  expect(nearest(typed, flags)).toBe(meant);
});

test("nothing is suggested for a word that is like none", () => {
  expect(nearest("--colour", flags)).toBeUndefined();
  expect(nearest("x", ["ab", "cd"])).toBeUndefined();
  expect(nearest("abc", [])).toBeUndefined();
  expect(didYouMean("--colour", flags)).toBe("");
});

test("a wrong letter is likelier than a missing end", () => {
  expect(nearest("DITTO_SOURCE_URK", ["DITTO_SOURCE", "DITTO_SOURCE_URL"])).toBe("DITTO_SOURCE_URL");
});
