import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type MaskKey, openKey } from "../../../lib/mask/key.ts";
import type { Engine } from "../../../lib/mask/kind.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import vectors from "../../fixtures/mask/vectors.json";
import { maskFor, type Wish } from "./source.ts";

/**
 * Pseudonyms that must never change: whoever has masked with one version has to meet the same ones with the next. Each vector
 * has a column (`engine`, `type`, perhaps `labels`, `isUnique`, `fold`), the rule, `input` in the engine's text form (with
 * `by`, the value of that column), the first message drawn from as `canonical` in hex ("" where nothing is drawn), and `output`.
 */
interface Vector {
  engine: Engine;
  type: string;
  rule: Partial<Rule>;
  labels?: string[];
  isUnique?: boolean;
  fold?: "all" | "width" | "case";
  by?: string;
  input: string;
  canonical: string;
  output: string;
}

const secret = Buffer.from(vectors.key, "hex");

/** The key, noting what it is asked. */
function listening(): { key: MaskKey; messages: string[] } {
  const key = openKey(secret);
  const messages: string[] = [];
  const subkey: MaskKey["subkey"] = (purpose) => (message) => {
    messages.push(Buffer.from(message as string).toString("hex"));
    return key.subkey(purpose)(message);
  };
  return { key: { ...key, subkey }, messages };
}

test.each(vectors.vectors as Vector[])("$engine $type $rule: $input", (vector) => {
  const { key, messages } = listening();
  const { engine, type, rule, input, by, canonical, output, ...column } = vector;
  const mask = maskFor(type, { engine, ...column, ...rule } as Wish, key);
  messages.length = 0;
  expect(mask(input, by)).toBe(output);
  expect(messages[0] ?? "").toBe(canonical);
});

describe("the format is what canonical.ts says", () => {
  const hmac = (key: Uint8Array, message: string) => createHmac("sha256", key).update(message).digest();

  test("of subkeys and fingerprint", () => {
    const subkey = hmac(secret, "ditto mask 1\0subkey\0hash");
    expect(openKey(secret).subkey("hash")("text\0é").toString("hex")).toBe(hmac(subkey, "text\0é").toString("hex"));
    expect(openKey(secret).fingerprint).toBe(hmac(secret, "ditto mask 1\0fingerprint").toString("hex").slice(0, 16));
    expect(vectors.fingerprint).toBe(openKey(secret).fingerprint);
  });

  test("of a hash: HMAC of text, a zero byte and the value in NFC", () => {
    const subkey = hmac(secret, "ditto mask 1\0subkey\0hash");
    expect(maskFor("text", { strategy: "hash" }, openKey(secret))("e\u0301")).toBe(
      hmac(subkey, "text\0é").toString("hex"),
    );
  });
});
