import { wordFor } from "../copies/record.ts";
import type { SeenStatement } from "../engine/watch.ts";
import { redact } from "../kit/errors.ts";
import { cut } from "../kit/progress.ts";
import { formatDuration } from "../kit/units.ts";
import { blockedBy, worstLock } from "./lock-words.ts";
import type { Outcome } from "./outcome.ts";
import { formatTime, lockWords } from "./report-text.ts";

/** A comment on GitHub holds 65,536 characters; all parts together stay below. */
const MOST_STATEMENTS = 150;
const LONGEST_STATEMENT = 160;
const LONGEST_CHANGES = 8_000;
const LONGEST_DIFF = 22_000;

/** A migration's outcome as Markdown for a pull request, without secrets. */
export function outcomeMarkdown(outcome: Outcome): string {
  const { state, output } = outcome;
  const parts = [
    `## Migration of a copy: ${state === "migrated" ? "✅ succeeded" : "❌ failed"}`,
    summary(outcome),
    ...(state === "migrated" || output === "" ? [] : ["### What the tool said", fenced(output, "")]),
    ...statementsPart(outcome),
    ...schemaPart(outcome),
  ];
  return `${redact(parts.join("\n\n"))}\n`;
}

const RESULTS = {
  migrated: "migrated",
  rolled_back: "failed, and was rolled back by itself: the copy is as before",
  kept: "failed; the copy was kept as it is",
};

function summary(outcome: Outcome): string {
  const { copy, tool, shown, state, failure, status, ms, statements, schema } = outcome;
  const worst = worstLock(statements, copy.server.flavour);
  const rows: [string, string][] = [
    ["Result", state === "migrated" ? RESULTS.migrated : `${RESULTS[state]} (${code(failure ?? `status ${status}`)})`],
    ["Time", formatDuration(ms)],
    ["Tool", tool === "sql" || tool === "command" ? code(shown) : `${tool}: ${code(shown)}`],
    ["Tried on", `copy ${code(wordFor(copy))} of ${code(copy.source)}, ${copy.server.flavour} ${copy.server.version}`],
    ["Statements", String(statements.reduce((sum, { times }) => sum + times, 0))],
  ];
  if (worst?.lock) {
    const blocks = blockedBy(worst, copy.server.flavour);
    const on = worst.lock.relations.map(code).join(", ");
    rows.push([
      "Longest blocked",
      `${blocks} of ${on} for ${formatTime(worst.heldMs ?? worst.ms)} (${worst.lock.mode})`,
    ]);
  }
  const rewritten = [...new Set(statements.flatMap(({ rewrites }) => rewrites))];
  if (rewritten.length > 0) rows.push(["Rewritten", rewritten.map(code).join(", ")]);
  if (schema?.unreadable === undefined && schema) rows.push(["Schema", `+${schema.added} −${schema.removed} lines`]);
  return tableOf(["", ""], rows);
}

function statementsPart({ statements, limits, copy }: Outcome): string[] {
  if (statements.length === 0) return limits ? [`> ${limits}`] : [];
  const shown = statements.slice(0, MOST_STATEMENTS);
  const rows = shown.map((one, at) => [
    String(at + 1),
    `${one.failed ? "❌ " : ""}${one.times > 1 ? `${one.times} × ` : ""}${code(cut(flat(one.sql), LONGEST_STATEMENT))}`,
    formatTime(one.ms),
    lockWords(one),
    one.lock?.relations.map(code).join(", ") ?? "",
    held(one),
    blockedBy(one, copy.server.flavour),
  ]);
  const more = statements.length - shown.length;
  return [
    "### Statements and their strongest locks",
    tableOf(["#", "Statement", "Time", "Lock", "On", "Held", "Blocks"], rows),
    ...(more > 0 ? [`… and ${more} more.`] : []),
    "Held: from the statement's begin to the end of its transaction. Times are those of the copy, with nobody else at work.",
    ...(limits ? [`> ${limits}`] : []),
  ];
}

function held({ lock, heldMs }: SeenStatement): string {
  return lock && heldMs !== undefined ? formatTime(heldMs) : "";
}

function schemaPart({ schema }: Outcome): string[] {
  if (!schema) return [];
  const words = beginningOf(schema.changes.join("\n"), LONGEST_CHANGES);
  const changes = words.text === "" ? [] : ["### Schema", fenced(words.text, "diff")];
  if (words.cut) changes.push("… and more, which the schema dump below tells.");
  if (schema.unreadable !== undefined) return [...changes, `> No schema dump: ${schema.unreadable}`];
  if (schema.diff === "") return ["The schema is the same as before."];
  const { text, cut: shortened } = beginningOf(schema.diff, LONGEST_DIFF);
  const title = `Schema dump: +${schema.added} −${schema.removed} lines${shortened ? " (the beginning)" : ""}`;
  return [...changes, `<details>\n<summary>${title}</summary>\n\n${fenced(text, "diff")}\n\n</details>`];
}

/** Whole lines only. */
function beginningOf(text: string, limit: number): { text: string; cut: boolean } {
  if (text.length <= limit) return { text, cut: false };
  return { text: text.slice(0, Math.max(0, text.lastIndexOf("\n", limit))), cut: true };
}

function tableOf(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** A span of code, also within a table. */
function code(text: string): string {
  const clean = flat(text).replaceAll("|", "\\|");
  const ticks = "`".repeat(1 + longestTicks(clean));
  const blank = /^`|`$/.test(clean) ? " " : "";
  return `${ticks}${blank}${clean}${blank}${ticks}`;
}

function fenced(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, 1 + longestTicks(text)));
  return `${fence}${language}\n${text}\n${fence}`;
}

function longestTicks(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
}
