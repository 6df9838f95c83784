import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Change, Statement } from "../change.ts";
import type { Trigger } from "../model-objects.ts";
import { changeOf } from "./part.ts";
import { dropProgram, keptDefiner, makeProgram, type Program, type ProgramGround, programWords } from "./programs.ts";
import { tokensOf } from "./tokens.ts";

/** Triggers: what fires at one moment fires in an order, and that is compared too. */
export function planTriggers(
  { a, b }: { a: Trigger[]; b: Trigger[] },
  { ground, changes, tables }: { ground: ProgramGround; changes: Change[]; tables: Map<string, string> },
): { drops: Statement[]; makes: Statement[] } {
  const drops: Statement[] = [];
  const makes: Statement[] = [];
  const before = new Map(a.map((trigger) => [trigger.name, trigger]));
  const kept = new Set(b.map(({ name }) => name));
  for (const trigger of a) {
    if (kept.has(trigger.name)) continue;
    const change = changeOf("trigger", nameOf(trigger), "drop");
    changes.push(change);
    drops.push(dropProgram(programOf(trigger), change, "drop-trigger"));
  }
  for (const moment of Map.groupBy(b, momentOf).values()) {
    const stays = new Set(inPlace(moment, { before, ground, tables }));
    for (const [at, trigger] of moment.entries()) {
      if (stays.has(trigger.name)) continue;
      const old = before.get(trigger.name);
      const words = old === undefined ? [] : wordsOf(old, trigger, ground);
      const change = changeOf("trigger", nameOf(trigger), old === undefined ? "create" : "replace", words);
      changes.push(change);
      // Others of the moment that stay come behind: it has to say that it comes before them.
      const next = moment.slice(at + 1).find(({ name }) => stays.has(name));
      const program = keptDefiner(old && programOf(old), programOf(trigger), ground);
      const placed = next === undefined ? program : { ...program, create: placedBefore(program.create, next.name) };
      makes.push(
        ...makeProgram(placed, change, { ground: { ...ground, mariadb: false }, replaces: old !== undefined }),
      );
    }
  }
  return { drops, makes };
}

function nameOf({ table, name }: Trigger): string {
  return `${table}.${name}`;
}

function momentOf({ table, timing, events }: Trigger): string {
  return [table, timing, ...(events ?? [])].join("\0");
}

function wordsOf(old: Trigger, trigger: Trigger, ground: ProgramGround): string[] {
  const words = programWords(programOf(old), programOf(trigger), ground);
  return words.length > 0 ? words : ["its place among those that fire at the same moment"];
}

/** Those that are as they shall be, and in the order that they have. */
function inPlace(
  moment: Trigger[],
  { before, ground, tables }: { before: Map<string, Trigger>; ground: ProgramGround; tables: Map<string, string> },
): string[] {
  const same = moment.filter((trigger) => {
    const old = before.get(trigger.name);
    if (old === undefined) return false;
    const table = tables.get(old.table) ?? old.table;
    const renamed = table !== old.table;
    const alike = renamed ? { ...old, table, definition: renamedOn(old.definition, table) } : old;
    return (
      momentOf(alike) === momentOf(trigger) && programWords(programOf(alike), programOf(trigger), ground).length === 0
    );
  });
  const place = ({ name }: Trigger) => before.get(name)?.order ?? 0;
  const stays: string[] = [];
  let last = -1;
  for (const trigger of same) {
    if (place(trigger) <= last) continue;
    last = place(trigger);
    stays.push(trigger.name);
  }
  return stays;
}

/** The text with another table behind ON: that is what the server makes of it when it renames the table. */
function renamedOn(create: string, table: string): string {
  const on = onTable(create);
  return on === undefined
    ? create
    : `${create.slice(0, on.at)}${quoteIdentifier(table)}${create.slice(on.at + on.text.length)}`;
}

function onTable(create: string) {
  const tokens = tokensOf(create);
  const at = tokens.findIndex(({ kind, text }) => kind === "word" && /^on$/i.test(text));
  return at < 0 ? undefined : tokens[at + 1];
}

/** `FOR EACH ROW PRECEDES x`. */
function placedBefore(create: string, next: string): string {
  const tokens = tokensOf(create);
  const at = tokens.findIndex(
    ({ text }, index) =>
      /^for$/i.test(text) &&
      /^each$/i.test(tokens[index + 1]?.text ?? "") &&
      /^row/i.test(tokens[index + 2]?.text ?? ""),
  );
  const row = tokens[at + 2];
  if (at < 0 || row === undefined) return create;
  const [, follows, other, body] = tokens.slice(at + 2);
  const behind = row.at + 3;
  const blank = /^\s*/.exec(create.slice(behind))?.[0] || " ";
  // A text that names its place already.
  const start = /^(follows|precedes)$/i.test(follows?.text ?? "") && other ? body?.at : behind + blank.length;
  // MariaDB cuts the clause out of the text that it keeps, blanks around it stay.
  return `${create.slice(0, behind)}${blank}PRECEDES ${quoteIdentifier(next)}${create.slice(start)}`;
}

function programOf(trigger: Trigger): Program {
  return {
    kind: "trigger",
    name: trigger.name,
    create: trigger.definition,
    drop: `DROP TRIGGER ${quoteIdentifier(trigger.name)}`,
    under: trigger.mysql ?? { sqlMode: "", charset: "", collation: "", databaseCollation: "" },
  };
}
