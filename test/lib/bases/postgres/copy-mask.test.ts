import { expect, test } from "bun:test";
import { copyMasker } from "../../../../lib/bases/postgres/copy-mask.ts";
import { wholeRows } from "../../../../lib/bases/postgres/whole-rows.ts";
import { openKey } from "../../../../lib/mask/key.ts";
import { valueMask } from "../../../../lib/mask/value-mask.ts";
import { requestFor, type Wish } from "../../mask/source.ts";

const secret = new Uint8Array(32).fill(5);

function masker(wish: Wish, options: { by?: number; flag?: number } = {}) {
  const count = { name: "public.t.c", strategy: "mask" as const, seen: 0, changed: 0, kept: 0 };
  const change = { index: 1, by: options.by, flag: options.flag, request: requestFor("text", wish), count };
  const { mask, counts } = copyMasker({ form: "copy", width: 3, changes: [change], secret });
  return (rows: Uint8Array<ArrayBuffer>) => ({ ...mask(rows), counts: counts() });
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

test("escapes are undone before a value is masked, and made again", () => {
  const { lines } = masker({ strategy: "mask", keep_format: true })(Buffer.from("1\ta\\tb\\nc\\\\d\\\\\tz\n"));
  expect(latin1(lines)).toBe("1\t*\\t*\\n*\\\\*\\\\\tz\n");
});

test("NULL, an empty value and the text of NULL are three things", () => {
  const mask = masker({ strategy: "redact", with: "\\N" });
  const { lines, counts } = mask(Buffer.from("1\t\\N\tx\n2\t\ty\n3\t\\\\N\tz\n"));
  expect(latin1(lines)).toBe("1\t\\N\tx\n2\t\\\\N\ty\n3\t\\\\N\tz\n");
  expect(counts).toMatchObject([{ seen: 2, changed: 1, kept: 0 }]);
});

test("what no rule names passes byte by byte, whatever its encoding", () => {
  const row = Buffer.concat([Buffer.from("é\tAnn\t"), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from("\\\\\n")]);
  const { lines } = masker({ strategy: "mask" })(row);
  expect(latin1(lines)).toBe(latin1(Buffer.concat([Buffer.from("é\t***\t"), row.subarray(row.indexOf(0xff))])));
});

test("a value is masked as the text that it is, in any script", () => {
  const mask = valueMask(requestFor("text", { strategy: "hash" }), openKey(secret));
  const { lines } = masker({ strategy: "hash" })(Buffer.from("1\tJosé \\\\ 漢字 😀\t\n"));
  expect(latin1(lines)).toBe(`1\t${mask("José \\ 漢字 😀")}\t\n`);
});

test("values that are no UTF-8 stay apart, and what a path leaves of them stays byte by byte", () => {
  const values = ["\xe9", "\xe8", "\xc3\xa9", "\xc3"].map((text) => `${text}@x.com`);
  const rows = Buffer.from(values.map((value) => `1\t${value}\t\n`).join(""), "latin1");
  for (const wish of [{ type: "email", isUnique: true }, { strategy: "hash" }] as const) {
    const made = latin1(masker(wish)(Buffer.from(rows)).lines).split("\n");
    expect(new Set(made.slice(0, -1)).size).toBe(values.length);
    expect(made.join("")).toMatch(/^[ -~\t]*$/);
  }
  const json = `1\t{"a\\\\n\xe9": "\xff\xfe", "b": "x\xe9"}\t\n`;
  const { lines } = masker({ strategy: "redact", path: "b" })(Buffer.from(json, "latin1"));
  expect(latin1(lines)).toBe(json.replace("x\xe9", "[redacted]"));
});

test("a condition behind the columns keeps the value, and is taken off", () => {
  const { lines, counts } = masker(
    { strategy: "redact", with: "x" },
    { flag: 0 },
  )(Buffer.from("1\tann\tz\tt\n2\tbob\tz\tf\n3\teve\tz\t\\N\n"));
  expect(latin1(lines)).toBe("1\tann\tz\n2\tx\tz\n3\tx\tz\n");
  expect(counts).toMatchObject([{ seen: 2, changed: 2, kept: 1 }]);
});

test("rows of any length are put together from chunks of any size", () => {
  const text = Array.from({ length: 40 }, (_, n) => `${n}\t${"x".repeat(n * 1500)}\n`).join("");
  for (const size of [1000, 65_536, 1 << 20]) {
    const rows = wholeRows();
    const pieces: string[] = [];
    const take = (piece: Uint8Array | undefined) => piece && pieces.push(latin1(piece));
    for (let at = 0; at < text.length; at += size) take(rows.push(Buffer.from(text.slice(at, at + size))));
    take(rows.end());
    expect(pieces.join("")).toBe(text);
    expect(pieces.every((piece) => piece.endsWith("\n"))).toBe(true);
  }
});

test("a stream that ends in the middle of a row is refused", () => {
  const rows = wholeRows();
  rows.push(Buffer.from("1\tann\n2\tb"));
  expect(() => rows.end()).toThrow("in the middle");
});
