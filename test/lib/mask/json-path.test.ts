import { expect, test } from "bun:test";
import { canonicalJson } from "../../../lib/mask/json-canonical.ts";
import { maskJson, parsePath } from "../../../lib/mask/json-path.ts";
import { maskFor } from "./source.ts";

const starred = (text: string, path: string) => maskJson(text, parsePath(path) ?? [], () => '"*"');

test.each([
  ['{"a": {"b": 1.00, "c": "x"}}', "a.b", '{"a": {"b": "*", "c": "x"}}'],
  ['{"a":{"b":"x"}}', "$.a.b", '{"a":{"b":"*"}}'],
  ['{"a":["x",{"b":"y"},null,[true]]}', "a[*]", '{"a":["*",{"b":"*"},null,["*"]]}'],
  ['{"a":["x","y"]}', "a[1]", '{"a":["x","*"]}'],
  ['{"a":{"b":"x","c":[2]},"d":3}', "a.*", '{"a":{"b":"*","c":["*"]},"d":3}'],
  ['["x", 1]', "*", '["*", "*"]'],
  ['"x"', "$", '"*"'],
  ['{"a":1,"a":2}', "a", '{"a":"*","a":"*"}'],
  ['{"a.b":1,"a":{"b":2}}', '"a.b"', '{"a.b":"*","a":{"b":2}}'],
  ['{"\\u0061":"x"}', "a", '{"\\u0061":"*"}'],
  ['{"a":null,"b":12345678901234567890.10}', "a", '{"a":null,"b":12345678901234567890.10}'],
  ['{"b":1}', "a.b.c", '{"b":1}'],
  ["[1,2]", "a", "[1,2]"],
  [' { "a" : [ ] , "b" : { } } ', "*", ' { "a" : [ ] , "b" : { } } '],
])("in %s the path %s leaves %s", (text, path, masked) => {
  expect(starred(text, path)).toBe(masked);
});

test.each(["", "{", '{"a"}', "[1,]", '{"a":1} x', "nul", '"\n', "01"])("%p is no JSON", (text) => {
  expect(starred(text, "a")).toBeUndefined();
});

test("a deep document does not break the scan", () => {
  expect(starred("[".repeat(100_000), "*")).toBeUndefined();
});

test.each(["a..b", "a[", "a[x]", ".a", "a."])("%p is no path", (path) => {
  expect(parsePath(path)).toBeUndefined();
});

test("numbers and booleans stay what they are where the type fits them", () => {
  const mask = maskFor("jsonb", { type: "number", path: "*" });
  expect(mask('[1234, "56", true]')).toMatch(/^\[[1-9]\d{3}, "\d\d", (true|false)\]$/);
  expect(maskFor("jsonb", { type: "email", path: "*" })("[1234, true]")).toMatch(
    /^\["\S+@example.com", "\S+@example.com"\]$/,
  );
});

test("strings are masked as texts are", () => {
  const mask = maskFor("jsonb", { type: "email", path: "mail" });
  expect(mask('{"mail": "bob@x.com"}')).toBe(`{"mail": "${maskFor("text", { type: "email" })("bob@x.com")}"}`);
});

test("nullify and redact reach parts of a document", () => {
  expect(maskFor("json", { strategy: "nullify", path: "a" })('{"a": "x", "b": 1}')).toBe('{"a": null, "b": 1}');
  expect(maskFor("json", { strategy: "redact", with: 'a"b', path: "a" })('{"a": "x"}')).toBe('{"a": "a\\"b"}');
});

test("a text column's document never grows beyond it, and no text stays that is no document", () => {
  const mask = maskFor("character varying(20)", { type: "email", path: "a" });
  expect(mask('{"a": "bob", "b": 1}')).toBe('{"a": "***", "b": 1}');
  expect(mask("bob@x.com")).toBe("*********");
});

test("equal documents have one canonical form", () => {
  expect(canonicalJson('{ "b" : 1.50e1, "a" : ["\\u0041", null] }')).toBe('{"a":["A",null],"b":15}');
});
