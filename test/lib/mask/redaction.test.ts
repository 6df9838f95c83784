import { expect, test } from "bun:test";
import { kindOf } from "../../../lib/mask/kind.ts";
import { redactionOf } from "../../../lib/mask/redaction.ts";

test.each<[string, string | undefined]>([
  ["text", "[redacted]"],
  ["character varying(3)", ""],
  ["integer", "0"],
  ["numeric(10,2)", "0"],
  ["boolean", "0"],
  ["date", "1970-01-01"],
  ["uuid", "00000000-0000-0000-0000-000000000000"],
  ["jsonb", '"[redacted]"'],
  ["text[]", "{}"],
  ["xml", undefined],
])("%s is redacted to %p", (type, text) => {
  expect(redactionOf(kindOf("postgres", { type }), undefined)).toBe(text);
});

test.each<[string, string, string | undefined]>([
  ["boolean", "true", "1"],
  ["integer", "-1", "-1"],
  ["integer", "1.5", undefined],
  ["smallint", "40000", undefined],
  ["numeric(4,2)", "100", undefined],
  ["date", "2024-02-30", undefined],
  ["jsonb", "{", undefined],
  ["jsonb", "{}", "{}"],
  ["inet", "10.0.0.256", undefined],
  ["character varying(1)", "😀", "😀"],
])("%s with %p: %p", (type, written, text) => {
  expect(redactionOf(kindOf("postgres", { type }), written)).toBe(text);
});
