import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unifiedDiff, unifiedHunks } from "../../../lib/kit/unified-diff.ts";
import { attempt } from "../../provision/exec.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-diff-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const names = { from: "a.ts", to: "a.ts.new" };

test("one changed line, with three lines around it", () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at + 1}\n`);
  const after = lines.with(9, "another\n").join("");
  expect(unifiedDiff(lines.join(""), after, names)).toBe(
    [
      "--- a.ts\n+++ a.ts.new\n@@ -7,7 +7,7 @@",
      " line 7\n line 8\n line 9\n-line 10\n+another\n line 11\n line 12\n line 13",
    ].join("\n"),
  );
});

test("a difference names the place that it is in", () => {
  const text = (lines: string[]) => lines.map((line) => `${line}\n`).join("");
  const old = ["CREATE TABLE a (", ..."bcdefgh", ");"];
  const now = old.map((line) => (line === "g" ? "G" : line));
  expect(unifiedHunks(text(old), text(now), /^CREATE/)).toBe(
    ["@@ -4,6 +4,6 @@ CREATE TABLE a (", " d", " e", " f", "-g", "+G", " h", " );"].join("\n"),
  );
  expect(unifiedHunks(text(old), text(old), /^CREATE/)).toBe("");
  expect(unifiedHunks("", "x\n", /^CREATE/)).toBe("@@ -0,0 +1,1 @@\n+x");
});

test("equal texts have no difference", () => {
  expect(unifiedDiff("a\n", "a\n", names)).toBe("");
});

/** A small generator, so that a failure comes again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

function randomText(next: (below: number) => number): string {
  const lines = Array.from({ length: next(30) }, () => "abcdé-+x@".charAt(next(9)));
  return lines.join("\n") + (next(2) === 0 ? "\n" : "");
}

test("git applies it, whatever changed", async () => {
  const next = numbers(7);
  const cases = Array.from({ length: 60 }, () => [randomText(next), randomText(next)] as const);
  for (const [before, after] of [["", "x\n"] as const, ["x\n", ""] as const, ["x", "x\n"] as const, ...cases]) {
    const diff = unifiedDiff(before, after, { from: "a/file", to: "b/file" });
    if (diff === "") continue;
    await Bun.write(join(folder, "file"), before);
    await Bun.write(join(folder, "patch"), `${diff}\n`);
    const { status, stderr } = await attempt([
      "sh",
      "-c",
      'cd "$1" && git apply --whitespace=nowarn patch',
      "sh",
      folder,
    ]);
    expect({ before, after, status, stderr }).toEqual({ before, after, status: 0, stderr: "" });
    expect(await Bun.file(join(folder, "file")).text()).toBe(after);
  }
});

test("texts that share nothing are shown whole, and soon", () => {
  const text = (word: string) => Array.from({ length: 20_000 }, (_, at) => `${word} ${at}\n`).join("");
  const begun = performance.now();
  const diff = unifiedDiff(text("old"), text("new"), names);
  expect(diff.split("\n").length).toBe(40_003);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
