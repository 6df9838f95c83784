import type { Conversation } from "../kit/cli.ts";
import { saveText } from "../kit/output.ts";
import { renderHtml } from "../schema/render-html.ts";
import { planJson } from "../schema/render-json.ts";
import { notAllowed, renderSql } from "../schema/render-sql.ts";
import { renderText } from "../schema/render-text.ts";
import type { Comparison } from "./compare.ts";
import type { DiffWishes } from "./wishes.ts";

/** Prints a comparison the way it was asked for, and writes its page. */
export async function answerComparison(
  call: Conversation,
  { plan, dialect }: Comparison,
  wishes: DiffWishes & { a: string; b: string },
): Promise<void> {
  const { a, b, allowed } = wishes;
  const script = renderSql(plan, dialect.script, allowed);
  if (wishes.html !== undefined) {
    await saveText(wishes.html, renderHtml(plan, { a, b }, { allowed, form: dialect.script, script }));
    call.say(`Wrote ${wishes.html}`);
  }
  if (wishes.sql) {
    const kinds = notAllowed(plan, allowed);
    if (kinds.length > 0) call.say(`Left out until allowed: --allow ${kinds.join(",")}`);
  }
  call.answer(planJson(plan, { a, b }, allowed), () => (wishes.sql ? script : renderText(plan, { a, b }, allowed)));
}
