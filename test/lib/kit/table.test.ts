import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { table } from "../../../lib/kit/table.ts";

// The tests themselves may run on a terminal.
const { NO_COLOR } = process.env;
process.env.NO_COLOR = "1";
afterAll(() => {
  process.env.NO_COLOR = NO_COLOR ?? "";
});

const rows = [
  ["01k5", "feature-x", "ready"],
  ["01k6", "数据", "stopped"],
];

test("columns are aligned, wide signs included, and nothing trails", () => {
  expect(table(rows, { head: ["id", "name", "status"] })).toBe(
    ["id    name       status", "01k5  feature-x  ready", "01k6  数据       stopped"].join("\n"),
  );
});

test("numbers are aligned to the right", () => {
  expect(
    table(
      [
        ["a", "5 MB"],
        ["b", "120 MB"],
      ],
      { right: [1] },
    ),
  ).toBe("a    5 MB\nb  120 MB");
});

test("the widest column is cut to fit, the first never", () => {
  const long = [["0123456789", "a".repeat(80), "b".repeat(30)]];
  const line = table(long, { width: 60 });
  expect(Bun.stringWidth(line)).toBe(60);
  expect(line).toStartWith("0123456789  aaa");
  expect(line).toContain("…");
});

test("where not even short columns fit, a row is a paragraph that loses nothing", () => {
  const head = ["COPY", "PROJECT", "STATUS", "DISK", "AGE"];
  const name = "feature-with-a-long-name-for-a-branch";
  const row = [name, "shop-with-a-rather-long-name", "ready", "41.3 MB", "just now"];
  expect(table([row, ["idea", "shop", "", "5 MB", ""]], { head, width: 60 })).toBe(
    [
      "COPY",
      name,
      "    project shop-with-a-rather-long-name, status ready,",
      "    disk 41.3 MB, age just now",
      "idea",
      "    project shop, disk 5 MB",
    ].join("\n"),
  );
  const fits = table([row], { head, width: 84 }).split("\n");
  expect(fits[1]).toBe(`${name}  shop-with-a-rathe…  ready   41.3 MB  just now`);
});

test("in a pipe nothing is cut and nothing coloured", async () => {
  const module = JSON.stringify(join(import.meta.dir, "../../../lib/kit/table.ts"));
  const code = `const { table } = await import(${module}); console.log(table([["x", "a".repeat(500)]], { head: ["1", "2"] }))`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  expect(await new Response(child.stdout).text()).toBe(`1  2\nx  ${"a".repeat(500)}\n`);
});

test("a cell stays in its row", () => {
  expect(table([["a\n  b", "c\x1b[31m"]])).toBe("a b  c[31m");
});

test("no rows are no text, with a head only the head", () => {
  expect(table([])).toBe("");
  expect(table([], { head: ["id"] })).toBe("id");
});
