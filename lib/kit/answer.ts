import { DittoError } from "./errors.ts";

/** Reads the JSON that a server was asked for. Throws `ANSWER_DAMAGED`, which quotes nothing of it: it may hold rows, and the parser's own error would. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DittoError("Cannot go on: the server's answer is not the JSON that it was asked for", {
      code: "ANSWER_DAMAGED",
      hint: "Run the command again; if it stays so, report it with the server's flavour and version",
    });
  }
}
