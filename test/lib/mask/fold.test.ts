import { expect, test } from "bun:test";
import { fold, joinBlanks, splitBlanks } from "../../../lib/mask/fold.ts";

/** ICU's root collation at its primary level: what case- and accent-insensitive collations of the engines follow. */
const primary = new Intl.Collator("und", { sensitivity: "base", ignorePunctuation: false });

/** Scripts of the world's keyboards: Latin, Greek, Cyrillic, Hebrew, kana, full-width and half-width forms. */
const RANGES = [
  ...[
    [0x21, 0x17f],
    [0x1c4, 0x21f],
    [0x370, 0x3ff],
    [0x400, 0x481],
    [0x5d0, 0x5ea],
  ],
  ...[
    [0x1e00, 0x1fff],
    [0x3041, 0x3096],
    [0x30a1, 0x30fa],
    [0xac00, 0xac20],
    [0xff21, 0xff5a],
    [0xff66, 0xff9d],
  ],
] as const;

/** A mark that Unicode takes for a letter. */
const YPOGEGRAMMENI = "\u037a";

const letters = RANGES.flatMap(([from = 0, to = 0]) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)),
).filter((letter) => /\p{L}/u.test(letter) && letter !== YPOGEGRAMMENI);

test("a letter and its fold are equal under a collation without case and accents", () => {
  expect(letters.length).toBeGreaterThan(1000);
  expect(letters.filter((letter) => primary.compare(letter, fold(letter)) !== 0)).toEqual([]);
});

test("letters that are equal under such a collation have one fold", () => {
  const sorted = letters.toSorted(primary.compare);
  const apart = sorted.filter((letter, i) => {
    const next = sorted[i + 1];
    return next !== undefined && primary.compare(letter, next) === 0 && fold(letter) !== fold(next);
  });
  expect(apart).toEqual([]);
});

test.each([
  ["José", "jose"],
  ["STRASSE", "straße"],
  ["Ærø", "aero"],
  ["Łódź", "lodz"],
  ["ΟΔΟΣ", "οδος"],
  ["İstanbul", "istanbul"],
  ["e\u0301", "é"],
  ["カナ", "かな"],
])("%p and %p have one fold", (a, b) => {
  expect(fold(a)).toBe(fold(b));
});

test.each([
  ["й", "и"],
  ["की", "का"],
  ["o", "0"],
  ["أ", "ا"],
])("%p and %p have not", (a, b) => {
  expect(fold(a)).not.toBe(fold(b));
});

test("a fold of case alone keeps accents", () => {
  expect(fold("JOSE\u0301", "case")).toBe("josé");
  expect(fold("ｊｏ\u200bｓｅ", "case")).toBe("ｊｏ\u200bｓｅ");
});

test("a fold of width keeps accents, and neither width nor the kind of kana", () => {
  expect(fold("ＪＯ\u200bＳÉ", "width")).toBe("josé");
  expect(fold("ガッ", "width")).toBe("がつ");
});

test("blanks around a value come around its pseudonym as far as they fit", () => {
  expect(splitBlanks("  a b\t")).toEqual({ before: "  ", core: "a b", after: "\t" });
  expect(splitBlanks("   ")).toEqual({ before: "", core: "", after: "   " });
  expect(joinBlanks({ before: " ", after: "  " }, "xyz", 5)).toBe(" xyz ");
  expect(joinBlanks({ before: " ", after: "  " }, "xyz", 3)).toBe("xyz");
});
