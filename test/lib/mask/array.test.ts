import { expect, test } from "bun:test";
import { maskArray } from "../../../lib/mask/array.ts";

test.each([
  ["{}", "{}"],
  ["{a,b}", "{<a>,<b>}"],
  ['{NULL,null,"NULL"}', "{NULL,<null>,<NULL>}"],
  ['{"a b","",x}', '{"<a b>",<>,<x>}'],
  ['{"a\\"b\\\\c","{,}"}', '{"<a\\"b\\\\c>","<{,}>"}'],
  ["{{a,b},{c,d}}", "{{<a>,<b>},{<c>,<d>}}"],
  ["[0:1]={a,b}", "[0:1]={<a>,<b>}"],
  ["[1:1][-2:-1]={{a,b}}", "[1:1][-2:-1]={{<a>,<b>}}"],
])("%s becomes %s", (text, masked) => {
  expect(maskArray(text, (element) => `<${element}>`)).toBe(masked);
});

test("an element that reads like NULL, or is empty, is quoted", () => {
  expect(maskArray("{a}", () => "Null")).toBe('{"Null"}');
  expect(maskArray("{a}", () => "")).toBe('{""}');
});
