import type { Conversation } from "../kit/cli.ts";
import { formatDuration } from "../kit/units.ts";
import { type CopyRecord, urlOf, viewOf, wordFor } from "./record.ts";
import { type Failed, failedView } from "./several.ts";

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

/** Answers with several copies: a URL a line, or an array, in which those that failed stand too. */
export async function answerCopies(
  call: Conversation,
  copies: CopyRecord[],
  { format = "auto", failed = [] }: { format?: "auto" | "pipe" | "json" | undefined; failed?: Failed[] } = {},
): Promise<void> {
  const urls = await Promise.all(copies.map(urlOf));
  const views = [
    ...copies.map((copy, index) => viewOf(copy, urls[index])),
    ...(await Promise.all(failed.map(failedView))),
  ];
  const json = call.json || format === "json";
  call.answer(views, () => (json ? JSON.stringify(views, null, 2) : urls.join("\n")));
}

/** Answers with copies that something was done to, and a line that says so for each; those that failed are in the JSON. */
export async function answerChanged(
  call: Conversation,
  { done, failed }: { done: CopyRecord[]; failed: Failed[] },
  line: (name: string) => string,
): Promise<void> {
  const views = [...done.map((copy) => viewOf(copy)), ...(await Promise.all(failed.map(failedView)))];
  call.answer(views, () => done.map((copy) => line(wordFor(copy))).join("\n"));
}
