import { afterEach, expect, test } from "bun:test";
import { Glob } from "bun";
import { readable, speaksUtf8 } from "../../../lib/kit/glyphs.ts";
import { cut } from "../../../lib/kit/progress.ts";

const before = process.env.LC_ALL;
afterEach(() => {
  if (before === undefined) delete process.env.LC_ALL;
  else process.env.LC_ALL = before;
});

test("the locale decides: LC_ALL before LC_CTYPE before LANG; none at all is as good as UTF-8", () => {
  for (const env of [
    {},
    { LANG: "en_US.UTF-8" },
    { LC_CTYPE: "UTF-8" },
    { LC_ALL: "C.utf8", LANG: "C" },
    { LC_ALL: "" },
  ])
    expect([env, speaksUtf8(env)]).toEqual([env, true]);
  for (const env of [{ LANG: "C" }, { LC_ALL: "POSIX", LANG: "de_DE.UTF-8" }, { LANG: "de_DE" }, { TERM: "linux" }])
    expect([env, speaksUtf8(env)]).toEqual([env, false]);
});

test("marks and lines become ASCII, and what is the user's stays", () => {
  process.env.LC_ALL = "C";
  expect(readable("✓ Dump  4.5 s · 5 tables → größe\n│  └─ a …")).toBe(
    "+ Dump  4.5 s - 5 tables -> größe\n|  `- a ...",
  );
  expect(cut("abcdefghij", 6)).toBe("abc...");
  process.env.LC_ALL = "C.UTF-8";
  expect(readable("✓")).toBe("✓");
  expect(cut("abcdefghij", 6)).toBe("abcde…");
});

test("every glyph of the prompts has its ASCII", async () => {
  process.env.LC_ALL = "C";
  const root = `${import.meta.dir}/../../../node_modules/@clack/prompts/dist`;
  const escapes = new Set<string>();
  for (const file of new Glob("*.mjs").scanSync(root)) {
    const text = await Bun.file(`${root}/${file}`).text();
    for (const [, first = "", second = ""] of text.matchAll(/unicodeOr\("([^"]*)", "([^"]*)"\)/g))
      for (const escaped of [first, second]) escapes.add(JSON.parse(`"${escaped}"`));
  }
  expect(escapes.size).toBeGreaterThan(20);
  for (const glyph of escapes) expect(readable(glyph)).toMatch(/^[ -~]+$/);
});
