import { expect, test } from "bun:test";
import { dayOf, daysOf, parseDay, printDay } from "../../../lib/mask/calendar.ts";
import { maskFor, type Wish } from "./source.ts";

const shift: Wish = { strategy: "shift", days: 30 };
const mysql: Wish = { ...shift, engine: "mysql" };

test("days are counted as JavaScript counts them", () => {
  for (let days = -719_000; days < 2_900_000; days += 997) {
    const iso = new Date(days * 86_400_000).toISOString().slice(0, 10);
    expect(printDay({ ...dayOf(days), rest: "" })).toBe(iso);
    expect(daysOf(parseDay(iso) ?? { year: 0, month: 0, day: 0 })).toBe(days);
  }
});

test("the year before 1 is 1 BC", () => {
  const day = parseDay("0001-12-31 BC");
  expect(day).toEqual({ year: 0, month: 12, day: 31, rest: "" });
  expect(printDay({ ...dayOf(daysOf(day ?? { year: 1, month: 1, day: 1 }) + 1), rest: "" })).toBe("0001-01-01");
});

test("the time of day and the zone stay", () => {
  expect(maskFor("timestamp with time zone", shift)("1985-03-04 01:02:03.004+00")).toEndWith(" 01:02:03.004+00");
  expect(maskFor("datetime(6)", mysql)("1985-03-04 01:02:03.000004")).toEndWith(" 01:02:03.000004");
  expect(maskFor("timestamp without time zone", shift)("0044-03-15 12:00:00 BC")).toEndWith(" 12:00:00 BC");
});

test("dates of one entity keep their distance", () => {
  const mask = maskFor("date", { ...shift, by: "id" });
  const distance = (by: string) =>
    (Date.parse(mask("2000-05-01", by)) - Date.parse(mask("2000-03-01", by))) / 86_400_000;
  for (const by of ["1", "2", "abc", ""]) expect(distance(by)).toBe(61);
  expect(new Set(["1", "2", "3", "4", "5"].map((by) => mask("2000-01-01", by))).size).toBeGreaterThan(1);
});

test("one entity is shifted alike in every type and engine", () => {
  const shifted = (engine: "postgres" | "mysql", byType: string, by: string) =>
    maskFor("date", { ...shift, days: 3000, by: "id", engine, byType })("2000-01-01", by);
  const plain = (by: string) => maskFor("date", { ...shift, days: 3000, by: "id" })("2000-01-01", by);
  for (const [engine, type, by] of [
    ["postgres", "character(8)", "abc     "],
    ["postgres", "character varying(8)", "ABC"],
    ["mysql", "char(8)", "abc"],
  ] as const)
    expect(shifted(engine, type, by)).toBe(plain("abc"));
  for (const [engine, type, by] of [
    ["postgres", "integer", "7"],
    ["postgres", "numeric(9,1)", "7.0"],
    ["mysql", "int(5) unsigned zerofill", "00007"],
  ] as const)
    expect(shifted(engine, type, by)).toBe(plain("7"));
  expect(shifted("postgres", "boolean", "t")).toBe(shifted("mysql", "tinyint(1)", "1"));
  expect(shifted("postgres", "bytea", "\\xdeadbeef")).toBe(shifted("mysql", "varbinary(9)", "\xde\xad\xbe\xef"));
  expect(shifted("postgres", "uuid", "6f9619ff-8b86-4011-b42d-00c04fc964ff")).toBe(
    plain("6F9619FF-8B86-4011-B42D-00C04FC964FF"),
  );
});

test("without an entity the value itself decides", () => {
  const mask = maskFor("date", { ...shift, by: "id" });
  expect(mask("2000-01-01", null)).toBe(mask("2000-01-01"));
});

test("special values stay", () => {
  const postgres = maskFor("date", shift);
  expect(["infinity", "-infinity"].map((value) => postgres(value))).toEqual(["infinity", "-infinity"]);
  const zero = maskFor("datetime", mysql);
  expect(zero("0000-00-00 00:00:00")).toBe("0000-00-00 00:00:00");
});

test("a date with an open day becomes a whole one nearby", () => {
  const made = maskFor("date", mysql)("1985-03-00");
  expect(Math.abs(Date.parse(made) - Date.parse("1985-03-01"))).toBeLessThanOrEqual(30 * 86_400_000);
});

test.each<[string, Wish, string]>([
  ["date", shift, "5874897-12-31"],
  ["date", shift, "4714-11-24 BC"],
  ["timestamp without time zone", shift, "294276-12-31 00:00:00"],
  ["date", mysql, "9999-12-31"],
  ["date", mysql, "0001-01-01"],
  ["timestamp", mysql, "1970-01-01 00:00:01"],
  ["timestamp", mysql, "2038-01-19 03:14:07"],
])("%s %p: the last day moves into the type", (type, wish, value) => {
  for (const by of Array.from({ length: 20 }, (_, i) => String(i))) {
    const mask = maskFor(type, wish);
    const made = mask(value, by);
    expect(made).not.toBe(value);
    const [before, after] = [daysOf(parseDay(value) as never), daysOf(parseDay(made) as never)];
    expect(Math.sign(after - before)).toBe(/^(5874897|294276|9999|2038)/.test(value) ? -1 : 1);
    expect(Math.abs(after - before)).toBeLessThanOrEqual(31);
  }
});

test("in a document a string that is no date is blotted out", () => {
  const mask = maskFor("jsonb", { ...shift, path: "*" });
  expect(mask('{"a": "soon"}')).toBe('{"a": "****"}');
  expect(mask('{"a": "1985-03-04T10:00:00Z"}')).toMatch(/^\{"a": "1985-0[234]-\d\dT10:00:00Z"\}$/);
});

test.each([
  " called by Anna Meier, +49 170 1234567",
  " anna.meier@example.com",
  " 10:00:00 Anna Meier",
  "T10:00:00Z\nAnna Meier",
  " +49 170",
])("in a document a date with %j behind it is blotted out", (rest) => {
  const value = `2024-02-05${rest}`;
  const made = maskFor("jsonb", { ...shift, path: "*" })(JSON.stringify({ a: value }));
  expect(JSON.parse(made)).toEqual({ a: "*".repeat(value.length) });
});

test.each(["", " 10:00", " 10:00:00.123456", "T10:00:00+02:00", " 10:00:00 +0200", " 10:00:00+02", " 10:00:00 BC"])(
  "in a document a time or zone %j stays behind the date",
  (rest) => {
    const made = maskFor("jsonb", { ...shift, path: "*" })(JSON.stringify({ a: `1985-03-04${rest}` }));
    expect(JSON.parse(made).a).toMatch(/^1985-0[234]-\d\d/);
    expect(JSON.parse(made).a.slice(10)).toBe(rest);
  },
);
