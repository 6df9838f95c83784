import { describe, expect, test } from "bun:test";
import { fold } from "../../../lib/mask/fold.ts";
import { kindOf } from "../../../lib/mask/kind.ts";
import { printedAs } from "../../../lib/mask/printed.ts";
import { FIRST_NAMES } from "../../../lib/mask/words/first-names.ts";
import { LAST_NAMES } from "../../../lib/mask/words/last-names.ts";
import { maskFor, type Wish } from "./source.ts";

const TEXTUAL = ["email", "name", "first_name", "last_name", "phone", "url", "address", "company", "text"] as const;
const types = [...TEXTUAL, "card", "iban", "username", "uuid", "ip", "date", "number"] as const;

describe("one value has one pseudonym", () => {
  test.each(types)("%s, in every engine and width that has room", (type) => {
    const value = "bob@x.com";
    const pseudonym = maskFor("text", { type })(value);
    expect(maskFor("character varying(200)", { type })(value)).toBe(pseudonym);
    expect(maskFor("varchar(200)", { type, engine: "mysql" })(value)).toBe(pseudonym);
    expect(maskFor("text[]", { type })(`{${value}}`)).toContain(pseudonym);
  });

  test("numbers, dates, addresses and uuids, in every type that holds them", () => {
    const same = (type: NonNullable<Wish["type"]>, columns: [string, "postgres" | "mysql", string][]) =>
      new Set(columns.map(([column, engine, value]) => maskFor(column, { type, engine })(value)));
    const uuid = "c0ffee00-0000-4000-8000-000000000001";
    expect(
      same("number", [
        ["integer", "postgres", "1234"],
        ["numeric", "postgres", "1234"],
        ["int unsigned", "mysql", "1234"],
        ["double", "mysql", "1.234e3"],
        ["text", "postgres", "1234"],
      ]).size,
    ).toBe(1);
    expect(
      same("date", [
        ["date", "postgres", "1985-03-04"],
        ["date", "mysql", "1985-03-04"],
        ["text", "mysql", "1985-03-04"],
      ]).size,
    ).toBe(1);
    expect(
      same("date", [
        ["timestamp without time zone", "postgres", "1985-03-04 01:02:03"],
        ["datetime", "mysql", "1985-03-04 01:02:03"],
      ]).size,
    ).toBe(1);
    expect(
      same("ip", [
        ["inet", "postgres", "10.0.0.1"],
        ["varchar(45)", "mysql", "10.0.0.1"],
        ["inet4", "mysql", "10.0.0.1"],
      ]).size,
    ).toBe(1);
    expect(
      same("uuid", [
        ["uuid", "postgres", uuid],
        ["char(36)", "mysql", uuid],
        ["uuid", "mysql", uuid],
      ]).size,
    ).toBe(1);
    expect(
      Buffer.from(
        maskFor("binary(16)", { type: "uuid", engine: "mysql" })(
          Buffer.from(uuid.replaceAll("-", ""), "hex").toString("latin1"),
        ),
        "latin1",
      ).toString("hex"),
    ).toBe(maskFor("uuid", { type: "uuid" })(uuid).replaceAll("-", ""));
    expect(
      same("phone", [
        ["bigint", "postgres", "493012345"],
        ["bigint unsigned", "mysql", "493012345"],
      ]).size,
    ).toBe(1);
  });
});

describe("spellings", () => {
  const spellings = [
    "bob@x.com",
    "Bob@x.com",
    "BOB@X.COM",
    "bOB@x.com",
    "bob@X.com",
    "böb@x.com",
    "BÖB@X.COM",
    "bo\u200bb@x.com",
  ];

  test.each(["email", "username", "url"] as const)("of %s stay apart by letter case alone", (type) => {
    const mask = maskFor("text", { type });
    const pseudonyms = spellings.map((value) => mask(value));
    expect(new Set(pseudonyms).size).toBe(spellings.length);
    expect(new Set(pseudonyms.map((pseudonym) => fold(pseudonym))).size).toBe(1);
  });

  test("of a name with a suffix too", () => {
    const mask = maskFor("text", { type: "name", unique: "suffix", isUnique: true });
    const pseudonyms = spellings.map((value) => mask(value));
    expect(new Set(pseudonyms).size).toBe(spellings.length);
    expect(new Set(pseudonyms.map((pseudonym) => fold(pseudonym))).size).toBe(1);
  });

  test("are regular where the value's is", () => {
    const mask = maskFor("text", { type: "email" });
    expect(mask("bob.smith@x.com")).toMatch(/^[a-z]+\.[a-z]{14}@example\.com$/);
    expect(mask("BOB.SMITH@X.COM")).toMatch(/^[A-Z]+\.[A-Z]{14}@example\.com$/);
    expect(mask("Bob.Smith@x.com")).toMatch(/^[A-Z][a-z]+\.[A-Z][a-z]{13}@example\.com$/);
    expect(mask("Bob.smith@x.com")).toMatch(/^[A-Z][a-z]+\.[a-z]{14}@example\.com$/);
  });

  test("with blanks around keep them, which some collations count", () => {
    const mask = maskFor("text", { type: "email" });
    expect(mask(" bob@x.com  ")).toBe(` ${mask("bob@x.com")}  `);
  });

  test.each(["name", "text", "address", "company"] as const)(
    "of a unique %s keep them in a full column too",
    (type) => {
      for (let max = 18; max < 100; max++) {
        const mask = maskFor(`varchar(${max})`, { type, unique: "suffix", isUnique: true, engine: "mysql" });
        expect(mask("Ann\v")).toBe(`${mask("Ann")}\v`);
      }
    },
  );

  test.each<[NonNullable<Wish["type"]>, string[]]>([
    [
      "iban",
      [
        ...["GB29NWBK60161331926819", "GB29-NWBK-6016-1331-9268-19", "GB29 NWBK 6016 1331 9268 19"],
        ...["gb29nwbk60161331926819", "gb29NWBK60161331926819", "Gb29nwbk60161331926819", "GB29NWBK60161331926819 "],
      ],
    ],
    [
      "uuid",
      [
        ...["6f9619ff-8b86-4011-b42d-00c04fc964ff", "{6f9619ff-8b86-4011-b42d-00c04fc964ff}"],
        ...[
          "6F9619FF-8B86-4011-B42D-00C04FC964FF",
          "6F9619ff-8b86-4011-b42d-00c04fc964ff",
          "6f9619ff8b864011b42d00c04fc964ff",
        ],
        ...["6f96-19ff8b864011b42d00c04fc964ff", "foo", "Foo", "FOO", "f\u00f6o", "F\u00d6O"],
      ],
    ],
    [
      "ip",
      ["10.0.0.0", "10.0.0.0/8", "10.0.0.0/32", "fe80::1", "FE80::1", "Fe80::1", "fe80:0:0:0:0:0:0:1", "fe80::1 "],
    ],
  ])("of a unique %s are values of their own", (type, values) => {
    for (const column of ["text", "character varying(40)"]) {
      const mask = maskFor(column, { type, isUnique: true });
      const pseudonyms = values.map((value) => mask(value));
      expect(new Set(pseudonyms).size).toBe(values.length);
      expect(pseudonyms.filter((pseudonym, i) => pseudonym === values[i])).toEqual([]);
    }
  });

  test("of cards with a suffix too", () => {
    const mask = maskFor("character varying(36)", { type: "card", unique: "suffix", isUnique: true });
    const values = ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111 111111111111"];
    expect(new Set(values.map((value) => mask(value))).size).toBe(values.length);
  });

  test("that engines print are one with a column of that type", () => {
    for (const [type, value] of [
      ["uuid", "6f9619ff-8b86-4011-b42d-00c04fc964ff"],
      ["ip", "10.0.0.0/8"],
      ["ip", "fe80::1"],
    ] as const) {
      const [text, own] = ["text", type === "ip" ? "inet" : type].map((column) =>
        maskFor(column, { type, isUnique: true }),
      );
      const printed = printedAs("postgres", kindOf("postgres", { type: type === "ip" ? "inet" : type }));
      expect(printed(text?.(value) ?? "")).toBe(own?.(value) ?? "none");
    }
  });

  test("with accents are others where the collation ignores case alone", () => {
    const mask = maskFor("citext", { type: "email", fold: "case" });
    expect(mask("josé@x.com").toLowerCase()).not.toBe(mask("jose@x.com").toLowerCase());
    expect(mask("jose@x.com")).toBe(maskFor("text", { type: "email" })("jose@x.com"));
  });

  test("of a name keep lower and upper case", () => {
    const mask = maskFor("text", { type: "first_name" });
    expect(mask("ALICE")).toBe(mask("Alice").toUpperCase());
    expect(mask("alice")).toBe(mask("Alice").toLowerCase());
  });
});

describe("what comes out looks real", () => {
  const values = Array.from({ length: 300 }, (_, i) => `value ${i}`);
  const all = (type: NonNullable<Wish["type"]>, wish: Wish = {}) => {
    const mask = maskFor("text", { type, ...wish });
    return values.map((value) => mask(value));
  };

  test("e-mails are at example.com", () => {
    for (const made of all("email")) expect(made).toMatch(/^[a-z]{3,7}\.[a-z]{14}@example\.com$/);
  });

  test("phones are in the range for fiction", () => {
    for (const made of all("phone")) expect(made).toMatch(/^\d{3} 555 01\d\d$/);
    expect(maskFor("text", { type: "phone" })("+493012345")).toMatch(/^\+1\d{3}55501\d\d$/);
    expect(maskFor("text", { type: "phone" })("030-12345")).toMatch(/^\d{3}-555-01\d\d$/);
    expect(maskFor("bigint", { type: "phone" })("493012345")).toMatch(/^1\d{3}55501\d\d$/);
    expect(maskFor("integer", { type: "phone" })("493012345")).toMatch(/^(\d{3})?55501\d\d$/);
  });

  test("addresses of the net are in the ranges for documentation", () => {
    for (const made of all("ip")) expect(made).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
    for (const made of all("ip", { isUnique: true })) expect(made).toStartWith("2001:db8:");
    expect(maskFor("int unsigned", { type: "ip", engine: "mysql" })("167772161")).toMatch(/^3\d{9}$/);
  });

  test("networks of a unique column are told apart by their masks too", () => {
    for (const column of ["cidr", "inet"]) {
      const mask = maskFor(column, { type: "ip", isUnique: true });
      const values = ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/32", "2001:db8::/32", "2001:db8::/48"];
      expect(new Set(values.map((value) => mask(value))).size).toBe(values.length);
      expect(mask("10.0.0.0/32")).toBe(mask("10.0.0.0"));
    }
  });

  test("cards pass Luhn's check", () => {
    const grouped = maskFor("text", { type: "card" });
    const cards = [...all("card"), ...["4111 1111 1111 1111", "378282246310005"].map((value) => grouped(value))];
    for (const made of cards) {
      const digits = made.replaceAll(" ", "").split("").reverse().map(Number);
      const sum = digits.reduce((total, digit, i) => total + (i % 2 ? Number("0246813579"[digit]) : digit), 0);
      expect(sum % 10).toBe(0);
    }
    expect(cards.at(-2)).toMatch(/^\d{4} \d{4} \d{4} \d{4}$/);
    expect(cards.at(-1)).toHaveLength(15);
  });

  test.each(["text", "character varying(22)"])("accounts in %s leave 1 modulo 97", (column) => {
    const mask = maskFor(column, { type: "iban" });
    for (const value of values) {
      const made = mask(value).toUpperCase();
      const number = (made.slice(4) + made.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
        String(letter.charCodeAt(0) - 55),
      );
      expect(BigInt(number) % 97n).toBe(1n);
      expect(made).toContain("TEST");
    }
    expect(mask("DE89 3704 0044 0532 0130 00")).toMatch(column === "text" ? /^MT\d\d TEST 0/ : /^GB\d\dTEST\d{14}$/);
  });

  test("uuids are of version 4 and written as the value is", () => {
    const mask = maskFor("text", { type: "uuid" });
    expect(mask("c0ffee00-0000-4000-8000-000000000001")).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    expect(mask("C0FFEE00000040008000000000000001")).toMatch(/^[\dA-F]{32}$/);
  });

  test("prose is as long as the value", () => {
    for (const length of [1, 2, 5, 23, 24, 25, 100, 5000]) {
      const made = maskFor("text", { type: "text" })("x".repeat(length));
      expect(made).toHaveLength(length);
      expect(made).toMatch(/\S$/);
    }
  });

  test("the lists are distinct without case and in ASCII", () => {
    for (const list of [FIRST_NAMES, LAST_NAMES]) {
      expect(list.length).toBeGreaterThan(600);
      expect(new Set(list.map((name) => fold(name))).size).toBe(list.length);
      expect(list.filter((name) => !/^[A-Z][a-z]+$/.test(name))).toEqual([]);
    }
  });
});

describe("numbers", () => {
  const number = (column: string, value: string, wish: Wish = {}) =>
    maskFor(column, { type: "number", ...wish })(value);

  test("keep their digits, sign and scale", () => {
    expect(number("integer", "-1234")).toMatch(/^-[1-9]\d{3}$/);
    expect(number("numeric(10,2)", "123.45")).toMatch(/^[1-9]\d\d\.\d\d$/);
    expect(number("numeric", "0.0500")).toMatch(/^0\.0\d00$/);
    expect(number("text", "000123")).toMatch(/^000[1-9]\d\d$/);
    expect(number("double", "1e-7", { engine: "mysql" })).toMatch(/^(0\.000000\d|0)$/);
  });

  test("stay within their type", () => {
    expect(Number(number("smallint", "32767"))).toBeLessThanOrEqual(32_767);
    expect(Number(number("tinyint", "-128", { engine: "mysql" }))).toBeGreaterThanOrEqual(-128);
    expect(Number(number("year", "1985", { engine: "mysql" }))).toBeGreaterThanOrEqual(1901);
    expect(Number(number("real", "3.4e38"))).toBeLessThan(3.41e38);
  });

  test("that are equal have equal pseudonyms, whatever their zeros", () => {
    expect(Number(number("numeric", "1.50"))).toBe(Number(number("numeric", "1.5")));
  });

  test("change places within a range, each with one other", () => {
    const mask = maskFor("integer", { type: "number", range: [10, 109], isUnique: true });
    const values = Array.from({ length: 100 }, (_, i) => String(i + 10));
    const made = values.map((value) => mask(value));
    expect(made.toSorted((a, b) => Number(a) - Number(b))).toEqual(values);
    expect(made.filter((number, i) => number === values[i])).toEqual([]);
  });

  test("out of the range of a unique column stop the run without naming any", () => {
    const mask = maskFor("integer", { type: "number", range: [10, 109], isUnique: true });
    expect(() => mask("4711")).toThrow("Cannot mask t.c: it has values out of the rule's range");
  });

  test("NaN and infinity stay", () => {
    const mask = maskFor("double precision", { type: "number" });
    expect(["NaN", "Infinity", "-Infinity", "NaN"].map((value) => mask(value))).toEqual([
      "NaN",
      "Infinity",
      "-Infinity",
      "NaN",
    ]);
  });
});

test("an enum gets another label, a set as many others", () => {
  const label = maskFor("enum('a','b','it''s')", { type: "text", engine: "mysql" });
  for (const value of ["a", "b", "it's"])
    expect(["a", "b", "it's"].filter((other) => other !== value)).toContain(label(value));
  const set = maskFor("set('a','b','c')", { type: "text", engine: "mysql" });
  expect(["b", "c"]).toContain(set("a"));
  expect(["a,b", "a,c"]).toContain(set("b,c"));
  expect(maskFor("mood", { type: "text", labels: ["sad", "ok"] })("ok")).toBe("sad");
});

test("a million e-mails have a million pseudonyms", () => {
  const mask = maskFor("text", { type: "email", isUnique: true });
  const made = new Set<string>();
  for (let i = 0; i < 1_000_000; i++) made.add(mask(`user${i}@mail.org`).toLowerCase());
  expect(made.size).toBe(1_000_000);
}, 60_000);
