import { describe, expect, test } from "bun:test";
import { maskArray } from "../../../lib/mask/array.ts";
import type { Engine } from "../../../lib/mask/kind.ts";
import { misfitOf } from "../../../lib/mask/misfit.ts";
import { valueMask } from "../../../lib/mask/value-mask.ts";
import { anyText, key, requestFor, seeded, type Wish } from "./source.ts";

const TYPES = [
  ...["email", "name", "first_name", "last_name", "phone", "ip", "url", "uuid", "address", "company"],
  ...["date", "number", "text", "card", "iban", "username"],
] as const;
const WIDTHS = [1, 5, 14, 26, 36, 100, 1000];
const RULES: Wish[] = [
  ...TYPES.map((type) => ({ type }) as Wish),
  ...TYPES.map((type) => ({ type, unique: "suffix" }) as Wish),
  { strategy: "hash" },
  { strategy: "redact", with: "x" },
];
const characters = (text: string) => Array.from(text).length;

/** Every rule that the column takes, on values of any script: `check` sees value and result. */
function forAny(
  column: (width: number) => string,
  engine: Engine,
  check: (value: string, made: string, width: number, rule: Wish) => void,
) {
  const below = seeded(4711);
  for (const width of WIDTHS) {
    for (const rule of RULES) {
      const request = requestFor(column(width), { engine, ...rule });
      if (misfitOf(request) !== undefined) continue;
      const [mask, again] = [valueMask(request, key), valueMask(request, key)];
      for (let i = 0; i < 60; i++) {
        const value = anyText(below, width);
        const made = mask(value);
        expect(again(value)).toBe(made);
        check(value, made, width, rule);
      }
    }
  }
}

describe.each([
  ["postgres", (width: number) => `character varying(${width})`],
  ["mysql", (width: number) => `varchar(${width})`],
] as const)("any text of %s", (engine, column) => {
  test("gets a result that fits, is another and is always the same", () => {
    forAny(column, engine, (value, made, width, rule) => {
      expect(characters(made)).toBeLessThanOrEqual(width);
      if (rule.strategy !== "redact") expect(made).not.toBe(value);
      expect(made.isWellFormed()).toBe(true);
    });
  });

  test("is replaced by ASCII, but for the blanks around it", () => {
    forAny(column, engine, (_value, made, _width, rule) => {
      if (rule.strategy === undefined) expect(made.trim()).toMatch(/^[\x20-\x7e]*$/);
    });
  });
});

test("any text is masked in arrays and JSON documents without breaking them", () => {
  const below = seeded(42);
  for (const rule of [{ type: "first_name" }, { strategy: "hash" }, { strategy: "mask", keep_last: 2 }] as Wish[]) {
    const array = valueMask(requestFor("text[]", rule), key);
    const document = valueMask(requestFor("jsonb", { ...rule, path: "a.b" }), key);
    const plain = valueMask(requestFor("text", rule), key);
    for (let i = 0; i < 300; i++) {
      const values = Array.from({ length: below(4) }, () => anyText(below, 30));
      const text = `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
      const elements: string[] = [];
      maskArray(array(text), (element) => {
        elements.push(element);
        return element;
      });
      expect(elements).toEqual(values.map((value) => plain(value)));
      const made = JSON.parse(document(JSON.stringify({ c: values, a: { b: values } })));
      expect(made).toEqual({ c: values, a: { b: values.map((value) => plain(value)) } });
    }
  }
});

test("any bytes are hashed and replaced in either engine's form alike", () => {
  const below = seeded(7);
  for (const rule of [{ type: "text" }, { strategy: "hash" }] as Wish[]) {
    const postgres = valueMask(requestFor("bytea", rule), key);
    const mysql = valueMask(requestFor("longblob", { engine: "mysql", ...rule }), key);
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(Array.from({ length: below(40) }, () => below(256)));
      const hex = postgres(`\\x${bytes.toString("hex")}`);
      expect(Buffer.from(mysql(bytes.toString("latin1")), "latin1").toString("hex")).toBe(hex.slice(2));
      expect(hex).not.toBe(`\\x${bytes.toString("hex")}`);
    }
  }
});

test("any number keeps to its type and is another", () => {
  const below = seeded(3);
  const columns: [string, Engine, () => string][] = [
    ["smallint", "postgres", () => String(below(65_536) - 32_768)],
    ["bigint unsigned", "mysql", () => String((BigInt(below(2 ** 31)) * 8_589_934_597n) % 2n ** 64n)],
    [
      "numeric(12,3)",
      "postgres",
      () => `${below(2) ? "-" : ""}${below(10 ** 9)}.${String(below(1000)).padStart(3, "0")}`,
    ],
    ["numeric", "postgres", () => `${below(10 ** 9)}${below(10 ** 9)}${below(10 ** 9)}.${below(10 ** 9)}`],
    ["double precision", "postgres", () => `${below(10)}.${below(10 ** 9)}e${below(2) ? "+" : "-"}${below(300)}`],
  ];
  for (const [column, engine, make] of columns) {
    const mask = valueMask(requestFor(column, { type: "number", engine }), key);
    for (let i = 0; i < 300; i++) {
      const value = make();
      const made = mask(value);
      expect(made).not.toBe(value);
      expect(Number.isFinite(Number(made))).toBe(true);
      if (column === "smallint") expect(Math.abs(Number(made) + 0.5)).toBeLessThan(32_768);
      if (column === "bigint unsigned") expect(BigInt(made) < 2n ** 64n).toBe(true);
      if (column === "numeric(12,3)") expect(made).toMatch(/^-?\d{1,9}\.\d{3}$/);
    }
  }
});

test("any date moves by 1 to N days and back by none", () => {
  const below = seeded(9);
  const mask = valueMask(requestFor("date", { strategy: "shift", days: 3 }), key);
  const moved = new Set<number>();
  for (let i = 0; i < 2000; i++) {
    const day = Date.UTC(1900, 0, 1) + below(80_000) * 86_400_000;
    const made = mask(new Date(day).toISOString().slice(0, 10));
    moved.add((Date.parse(made) - day) / 86_400_000);
  }
  expect([...moved].toSorted((a, b) => a - b)).toEqual([-3, -2, -1, 1, 2, 3]);
});

describe("values are equal exactly where their pseudonyms are", () => {
  const BASES = ["bob", "bob smith", "jose", "aero", "strasse", "x", ""];
  const VARIANTS: ((text: string) => string)[] = [
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => text.slice(0, 1).toUpperCase() + text.slice(1),
    (text) => text.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    (text) => text.replace("o", "ó"),
    (text) => text.replace("ae", "æ").replace("ss", "ß"),
    (text) => text.slice(0, -1) + text.slice(-1).toUpperCase(),
    (text) => `${text} `,
    (text) => ` ${text}`,
  ];
  const values = [...new Set(BASES.flatMap((base) => VARIANTS.map((vary) => vary(base))))];
  const primary = new Intl.Collator("und", { sensitivity: "base", ignorePunctuation: false });
  const COLLATIONS: [string, (a: string, b: string) => boolean][] = [
    ["byte by byte", (a, b) => a === b],
    ["without case and accents", (a, b) => primary.compare(a, b) === 0],
    ["without case, accents and blanks at the end", (a, b) => primary.compare(a.trimEnd(), b.trimEnd()) === 0],
  ];
  const wishes: Wish[] = [{ type: "email" }, { type: "username" }, { type: "url" }, { type: "name", unique: "suffix" }];

  test.each(COLLATIONS)("%s", (_, equal) => {
    for (const wish of wishes) {
      const mask = valueMask(requestFor("text", wish), key);
      for (const a of values) {
        for (const b of values)
          expect([wish.type, a, b, equal(mask(a), mask(b))]).toEqual([wish.type, a, b, equal(a, b)]);
      }
    }
  });
});

test("a number too large to be read is drawn, never kept", () => {
  const mask = valueMask(requestFor("jsonb", { type: "number", path: "*" }), key);
  expect(mask("[1e1234567]")).not.toContain("e1234567");
});

test("a date that cannot be read stops the run without being quoted", () => {
  for (const wish of [{ type: "date" }, { strategy: "shift", days: 3 }] as Wish[]) {
    const mask = valueMask(requestFor("date", wish), key);
    expect(() => mask("03/04/1985")).toThrow(/^Cannot mask t\.c: it holds a date that is not written as YYYY-MM-DD$/);
  }
});
