import type { Conversation } from "../kit/cli.ts";
import { formatDuration } from "../kit/units.ts";
import { type CopyRecord, urlOf, viewOf, wordFor } from "./record.ts";

/** Answers with a new copy: the URL alone on stdout, and for a person what it is on stderr. */
export async function answerCopy(
  call: Conversation,
  copy: CopyRecord,
  format: "auto" | "pipe" | "json" = "auto",
): Promise<void> {
  const url = await urlOf(copy);
  const view = viewOf(copy, url);
  const json = call.json || format === "json";
  if (!json && format === "auto") {
    call.say(`Copy ${wordFor(copy)} is ready in ${formatDuration(copy.readyMs)} (${copy.method})`);
  }
  call.answer(view, () => (json ? JSON.stringify(view, null, 2) : url));
}

/** Answers with several copies: a URL a line, or an array. */
export async function answerCopies(
  call: Conversation,
  copies: CopyRecord[],
  format: "auto" | "pipe" | "json" = "auto",
): Promise<void> {
  const urls = await Promise.all(copies.map(urlOf));
  const views = copies.map((copy, index) => viewOf(copy, urls[index]));
  const json = call.json || format === "json";
  call.answer(views, () => (json ? JSON.stringify(views, null, 2) : urls.join("\n")));
}

/** Answers with copies that something was done to, and a line that says so for each. */
export function answerChanged(call: Conversation, copies: CopyRecord[], line: (name: string) => string): void {
  call.answer(
    copies.map((copy) => viewOf(copy)),
    () => copies.map((copy) => line(wordFor(copy))).join("\n"),
  );
}
