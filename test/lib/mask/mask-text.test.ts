import { expect, test } from "bun:test";
import { type MaskOptions, maskText } from "../../../lib/mask/mask-text.ts";

test.each<[string, MaskOptions, string]>([
  ["4111111111111111", { keep_last: 4 }, "************1111"],
  ["4111-1111-1111-1111", { keep_last: 4, keep_format: true }, "****-****-****-1111"],
  ["123456789", { keep_first: 1, keep_last: 2 }, "1******89"],
  ["12345678", { keep_first: 1, keep_last: 2 }, "********"],
  ["1234", { keep_last: 4 }, "****"],
  ["secret", {}, "******"],
  ["secret", { mask_char: "•" }, "••••••"],
  ["", { keep_last: 4 }, ""],
  ["é😀x", {}, "***"],
  ["a.b c_é\n!", { keep_format: true }, "*.* *_*\n!"],
])("%p with %p is %p", (text, options, masked) => {
  expect(maskText(text, options)).toBe(masked);
});
