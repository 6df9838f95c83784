import type { Conversation } from "../kit/cli.ts";
import { formatDuration } from "../kit/units.ts";
import { type CopyRecord, urlOf, viewOf } from "./record.ts";

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
    call.say(`Copy ${copy.name || copy.id} is ready in ${formatDuration(copy.readyMs)} (${copy.method})`);
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
