import { expect, test } from "bun:test";
import { type Fate, fateOf } from "../../../lib/vendor/fate.ts";

/** base, yours, theirs; "-" for no such file. */
const RULE: [three: string, fate: Fate | undefined][] = [
  ["- - 1", "added"],
  ["1 1 1", "unchanged"],
  ["1 1 2", "replaced"],
  ["1 2 1", "kept"],
  ["1 2 3", "conflict"],
  ["1 2 2", "unchanged"],
  ["- 2 1", "conflict"],
  ["- 1 1", "unchanged"],
  ["1 - 1", "deleted"],
  ["1 - 2", "deleted"],
  ["1 1 -", "removed"],
  ["1 2 -", "abandoned"],
  ["1 - -", undefined],
  ["- 1 -", undefined],
  ["- - -", undefined],
];

for (const [three, fate] of RULE) {
  test(`as copied, yours, theirs: ${three} is ${fate ?? "nothing to do"}`, () => {
    const [base, yours, theirs] = three.split(" ").map((digest) => (digest === "-" ? undefined : digest));
    expect(fateOf({ base, yours, theirs })).toBe(fate);
  });
}

test("nothing that was edited is ever replaced or removed", () => {
  const digests = [undefined, "1", "2", "3"];
  for (const base of digests)
    for (const yours of digests.slice(1))
      for (const theirs of digests) {
        const fate = fateOf({ base, yours, theirs });
        if (yours !== base) expect(["replaced", "removed", "added"]).not.toContain(fate);
      }
});
