import { expect, test } from "bun:test";
import { type Reported, reportHtml } from "../../../lib/bases/report.ts";

const MASKED: NonNullable<Reported["masked"]> = {
  ...{
    keyFingerprint: "",
    rules: [],
    unreviewed: [],
    judged: true,
    kept: [],
    sought: 0,
    unsought: [],
    pairs: { compared: 0, same: [] },
    leaks: [],
  },
};

function report(facts: Partial<Reported>): string {
  return reportHtml({
    ...{ project: "shop", source: "default", database: "app", server: { flavour: "postgres", version: "17.6" } },
    ...{ baseId: "01a", profile: "none", createdAt: "2026-01-02T03:04:05.678Z", durationMs: 1, rows: 1, tables: 1 },
    ...{ warnings: [], disarmed: [], origin: "source", dumpKey: "key", masked: MASKED, dittoVersion: "1" },
    ...facts,
  });
}

test("the report of a source tells whether columns without a rule were looked at", () => {
  expect(report({})).toContain("Nothing was found by name, type");
  expect(report({ masked: { ...MASKED, judged: false } })).toContain("were not looked at");
});

test("the report of a masked dump does not call it raw, and claims no comparison or look of its own", () => {
  const text = report({ masked: undefined, origin: "file", profile: "0a1b2c3d", maskKey: "0123456789abcdef" });
  expect(text).toContain("masked when it was made");
  expect(text).toContain("0123456789abcdef");
  expect(text).not.toMatch(/source's own values|Every row|Nothing was found|looked for/);
});

test("the report of a raw file says that nothing was masked", () => {
  expect(report({ masked: undefined, origin: "file" })).toContain("holds the values of a file as they are");
});

test("a base that could not be dumped was neither searched nor compared by content", () => {
  const text = report({ dumpKey: "" });
  expect(text).not.toMatch(/by number and content|none was found/);
});

test("columns of which nothing was looked for are named", () => {
  const text = report({ masked: { ...MASKED, sought: 3_000, unsought: ["public.last.email"] } });
  expect(text).toContain("none of public.last.email was looked for");
});

test("names are text in the page, whatever they hold", () => {
  expect(report({ warnings: ['<script>alert("x")</script>'] })).toContain("&lt;script&gt;alert(&quot;x&quot;)");
});

test("different values are counted while they are few, and said to be about so many when they are not", () => {
  const rule = { name: "public.people.email", strategy: "hash" as const, seen: 20_000, changed: 20_000, kept: 0 };
  const text = report({ masked: { ...MASKED, rules: [{ ...rule, distinct: { before: 11, after: 12_345 } }] } });
  expect(text).toContain(">11<");
  expect(text).toContain(">about 12,000<");
});
