import { expect, test } from "bun:test";
import { parseAnswer } from "../../../lib/kit/answer.ts";
import type { DittoError } from "../../../lib/kit/errors.ts";

test("an answer that can't be read is not quoted, whatever it holds", () => {
  expect(parseAnswer('{"mail":"alice@corp.io"}')).toEqual({ mail: "alice@corp.io" });
  for (const broken of ['{"mail": alice@corp.io}', '"alice', "[alice]", "alice"]) {
    try {
      parseAnswer(broken);
      expect.unreachable();
    } catch (error) {
      const { code, message, hint, cause } = error as DittoError;
      expect({ code, cause }).toEqual({ code: "ANSWER_DAMAGED", cause: undefined });
      expect(message + hint).not.toContain("alice");
    }
  }
});
