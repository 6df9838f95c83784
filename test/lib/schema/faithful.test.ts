import { expect, test } from "bun:test";
import { faithful } from "../../../lib/schema/postgres/faithful.ts";

test("an AND or OR on the left of another stays apart from it", () => {
  expect(faithful("(((a >= 1) AND (a <= 9)) AND b)")).toBe("(((a >= 1) AND (a <= 9))::boolean AND b)");
  expect(faithful("(((a OR b) OR c) OR d)")).toBe("(((a OR b)::boolean OR c)::boolean OR d)");
});

test("what the server reads as it was is left alone", () => {
  for (const sql of [
    "(a AND (b AND c))",
    "((a OR b) AND c)",
    "((SELECT x WHERE a AND b) AND c)",
    "sum(x) OVER (ORDER BY y ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "(x = ANY (ARRAY['a'::text, 'b'::text]))",
    "(x = ANY (ARRAY[(1)::numeric, 2.5]))",
    "(ARRAY[]::text[] || x)",
  ])
    expect(faithful(sql)).toBe(sql);
});

test("the cast of an array stays one of the whole array", () => {
  const list = "ARRAY['a'::character varying, 'b'::character varying]";
  expect(faithful(`(x = ANY ((${list})::text[]))`)).toBe(`(x = ANY (((${list})::character varying[])::text[]))`);
  expect(faithful(`x = ANY (${list}::text[])`)).toBe(`x = ANY (((${list})::character varying[])::text[])`);
  expect(faithful("(x = ANY ((ARRAY[1, 2])::numeric[]))")).toBe("(x = ANY (((ARRAY[1, 2])::integer[])::numeric[]))");
});

test("strings, quoted names and the bodies of functions are no SQL", () => {
  for (const text of [
    "'((a AND b) AND c)'",
    '"((a AND b) AND c)"',
    "$x$((a AND b) AND c)$x$",
    "E'\\'((a AND b) AND c)'",
  ])
    expect(faithful(`SELECT ${text} WHERE (a) AND (b)`)).toBe(`SELECT ${text} WHERE (a) AND (b)`);
});
