import { expect, test } from "bun:test";
import { openKey } from "../../../lib/mask/key.ts";
import { type Engine, kindOf } from "../../../lib/mask/kind.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { valueMask } from "../../../lib/mask/value-mask.ts";

const key = openKey(Buffer.alloc(32, 7));

function maskFor(type: string, rule: Partial<Rule>, options: { engine?: Engine; unique?: boolean } = {}) {
  const { engine = "postgres", unique = false } = options;
  const whole = { table: "t", column: "c", strategy: "replace", ...rule } as Rule;
  return valueMask({ engine, kind: kindOf(engine, { type }), rule: whole, unique }, key);
}

test("a key under 32 bytes is refused", () => {
  expect(() => openKey(Buffer.alloc(31))).toThrow("the key has 31 bytes, and needs 32");
});

test("one value has one pseudonym in every engine and column that holds it", () => {
  const bob = maskFor("text", { type: "email" })("bob@x.com");
  expect(maskFor("varchar(100)", { type: "email" }, { engine: "mysql", unique: true })("bob@x.com")).toBe(bob);
  expect(bob).toMatch(/^[a-z]{3,7}\.[a-z]{14}@example\.com$/);
});

test("a document that is deeper than can be read is blotted out, in JSON's column as JSON", () => {
  const deep = `${"[".repeat(3_000)}"bob@x.com"${"]".repeat(3_000)}`;
  const [text, json] = ["text", "json"].map((type) => maskFor(type, { type: "email", path: "mail" })(deep));
  expect(text).toMatch(/^\*+$/);
  expect(JSON.parse(json ?? "")).toMatch(/^\*+$/);
});
