import { wordFor } from "../copies/record.ts";
import type { Flavour } from "../engine/index.ts";
import type { SeenStatement } from "../engine/watch.ts";
import { readable } from "../kit/glyphs.ts";
import { paint } from "../kit/stdio.ts";
import { table } from "../kit/table.ts";
import { formatDuration } from "../kit/units.ts";
import { blockedBy } from "./lock-words.ts";
import type { Outcome } from "./outcome.ts";

/** What a migration did, for a person. */
export function renderOutcome(outcome: Outcome): string {
  const { statements, limits, copy } = outcome;
  const parts = [
    headline(outcome),
    statements.length > 0 ? statementTable(statements, copy.server.flavour) : "",
    limits ? `Note: ${limits}` : "",
    schemaPart(outcome),
    farewell(outcome),
  ];
  return readable(parts.filter((part) => part !== "").join("\n\n"));
}

/** How it ended, in one sentence. */
export function headline(outcome: Outcome): string {
  const { copy, tool, shown, state, status, failure, ms, snapshot, rollbackMs } = outcome;
  const how = tool === "command" || tool === "sql" ? shown : `${tool} (${shown})`;
  const word = wordFor(copy);
  if (state === "migrated") return `Migrated ${word} with ${how} in ${formatDuration(ms)}`;
  const why = failure === undefined ? `${how} ended with status ${status}` : failure;
  const begin = `The migration of ${word} failed after ${formatDuration(ms)}: ${why}`;
  if (state === "kept") return `${begin}\nThe copy stays as it left it`;
  return `${begin}\nRolled back: the copy is as before, on the same URL (${word}/${snapshot}, ${formatDuration(rollbackMs ?? 0)})`;
}

function statementTable(statements: SeenStatement[], flavour: Flavour): string {
  const rows = statements.map((one) => [
    formatTime(one.ms),
    one.lock && one.heldMs !== undefined ? formatTime(one.heldMs) : "",
    lockWords(one),
    one.lock?.relations.join(", ") ?? "",
    blockedBy(one, flavour),
    `${one.failed ? "FAILED " : ""}${one.times > 1 ? `${one.times} × ` : ""}${one.sql}`,
  ]);
  const head = ["time", "lock held", "strongest lock", "on", "blocks", "statement"];
  return table(rows, { head, right: [0, 1] });
}

/** A lock's mode, with what there is to say of it. */
export function lockWords({ lock, heldBefore, rewrites }: SeenStatement): string {
  const notes = [
    ...(heldBefore ? ["held already"] : []),
    ...(lock?.known === "kind" ? ["by its kind"] : []),
    ...(rewrites.length > 0 ? ["rewrites the table"] : []),
  ];
  return [lock?.mode ?? "", notes.length > 0 ? `(${notes.join(", ")})` : ""].filter(Boolean).join(" ");
}

/** Quick ones keep a digit: "0.4 ms". */
export function formatTime(ms: number): string {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : formatDuration(ms);
}

function schemaPart({ schema }: Outcome): string {
  if (!schema) return "";
  const changes = schema.changes.join("\n");
  if (schema.unreadable !== undefined)
    return [changes, `No schema dump: ${schema.unreadable}`].filter(Boolean).join("\n");
  if (schema.diff === "") return "The schema is the same as before";
  return [changes, `Schema: +${schema.added} -${schema.removed} lines\n${coloured(schema.diff)}`]
    .filter(Boolean)
    .join("\n\n");
}

function coloured(diff: string): string {
  const ink = paint(1);
  const colours = { "+": ink.green, "-": ink.red, "@": ink.cyan };
  return diff
    .split("\n")
    .map((line) => colours[line[0] as keyof typeof colours]?.(line) ?? line)
    .join("\n");
}

function farewell({ copy, state, snapshot }: Outcome): string {
  if (state === "rolled_back") return "";
  return `Back to before: bun scripts/snapshot.ts rollback ${wordFor(copy)} --to ${snapshot}`;
}
