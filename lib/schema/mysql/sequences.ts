import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Change, Statement } from "../change.ts";
import type { FullSchema, ObjectKind, OtherObject } from "../model-objects.ts";
import { COMMITS } from "./alter.ts";
import { changeOf, fromTo } from "./part.ts";

/** What is left in the comparison, and where what differs is noted. */
export interface Collected {
  chosen(kind: ObjectKind, ...names: string[]): boolean;
  changes: Change[];
}

interface SequencePlan {
  /** Of those whose names tables or views get. */
  earlyDrops: Statement[];
  makes: Statement[];
  drops: Statement[];
}

/** MariaDB's sequences; the value that comes next stays, unless none was ever taken. */
export function planSequences(a: FullSchema, b: FullSchema, { chosen, changes }: Collected): SequencePlan {
  const side = (schema: FullSchema) =>
    new Map(
      schema.others
        .filter(({ kind, name }) => kind === "sequence" && chosen("sequence", name))
        .map((one) => [one.name, one]),
    );
  const [before, after] = [side(a), side(b)];
  const plan: SequencePlan = { earlyDrops: [], makes: [], drops: [] };
  const relations = new Set(b.tables.map(({ name }) => name));
  const fresh = (name: string) => a.sequences.some((one) => one.name === name && one.last === "");
  const add = (list: Statement[], change: Change, sql: string, destructive?: "drop-sequence") => {
    if (!changes.includes(change)) changes.push(change);
    list.push({
      sql,
      hazards: [COMMITS],
      transactional: false,
      change: change.id,
      ...(destructive ? { destructive } : {}),
    });
  };
  for (const [name, sequence] of after) {
    const old = before.get(name);
    const [text, was] = [textOf(sequence), textOf(old)];
    if (old === undefined)
      add(plan.makes, changeOf("sequence", name, "create", [text]), `CREATE SEQUENCE ${quoteIdentifier(name)} ${text}`);
    else if (text !== was) {
      // Its engine and its comment are ALTER TABLE's business.
      const [options = "", engine = ""] = text.split(/ ENGINE=/);
      const change = changeOf("sequence", name, "alter", [fromTo("sequence", was, text)]);
      const moved = startOf(text) !== startOf(was) && fresh(name);
      const restarted = moved ? `${options} restart with ${startOf(text)}` : options;
      const [range = "", oldEngine = ""] = was.split(/ ENGINE=/);
      for (const sql of sequenceSteps(name, { before: range, after: restarted, engine: oldEngine }))
        add(plan.makes, change, sql);
      const silenced = / COMMENT=/.test(oldEngine) && !/ COMMENT=/.test(engine) ? " COMMENT=''" : "";
      if (engine !== oldEngine)
        add(plan.makes, change, `ALTER TABLE ${quoteIdentifier(name)} ENGINE=${engine}${silenced}`);
    }
  }
  for (const [name, sequence] of before)
    if (!after.has(name))
      add(
        relations.has(name) ? plan.earlyDrops : plan.drops,
        changeOf("sequence", name, "drop", [textOf(sequence)]),
        sequence.drop,
        "drop-sequence",
      );
  return plan;
}

/** The type cannot be changed together with anything else. */
function sequenceSteps(
  name: string,
  { before, after, engine }: Record<"before" | "after" | "engine", string>,
): string[] {
  if (before === after) return [];
  const type = (text: string) => /^as (.+?) start with /.exec(text)?.[1] ?? "bigint";
  const rest = after.replace(/^as .+? (?=start with )/, "");
  const alter = `ALTER SEQUENCE ${quoteIdentifier(name)}`;
  if (type(before) === type(after)) return [`${alter} ${rest}`];
  // Bounds that the narrower type doesn't hold must be gone before, those of the wider one can come only behind.
  // MariaDB (11.8) takes what the session's last statement left for keys of the sequence; an ALTER TABLE clears it.
  const retyped = [`ALTER TABLE ${quoteIdentifier(name)} ENGINE=${engine}`, `${alter} AS ${type(after)}`];
  const narrower = WIDTHS.indexOf(type(after)) < WIDTHS.indexOf(type(before));
  return narrower ? [`${alter} ${rest}`, ...retyped] : [...retyped, `${alter} ${rest}`];
}

const WIDTHS = [
  "tinyint",
  "tinyint unsigned",
  "smallint",
  "smallint unsigned",
  "mediumint",
  "mediumint unsigned",
  "int",
  "int unsigned",
  "bigint",
  "bigint unsigned",
];

function startOf(text: string): string {
  return /\bstart with (-?\d+)/.exec(text)?.[1] ?? "";
}

/** What stands behind the sequence's name. */
function textOf(sequence: OtherObject | undefined): string {
  return (sequence?.create[0] ?? "").replace(/^CREATE SEQUENCE `(?:[^`]|``)*` ?/, "");
}
