import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Hazard } from "../change.ts";
import type { ColumnText } from "./column.ts";
import { additionCost, columnWords, isFilledOddly, removalCost, weigh } from "./column-change.ts";
import type { TablePair } from "./pair.ts";
import { changeOf, fromTo, type Part, RANK } from "./part.ts";
import { namesIn, renameIn } from "./tokens.ts";

/** What differs in the columns of a table: added, changed and dropped ones. */
export function columnParts(pair: TablePair): Part[] {
  const before = new Map(pair.a.columns.map((column) => [column.name, column]));
  const kept = new Set(pair.b.columns.map(({ name }) => name));
  const parts: Part[] = [];
  for (const column of pair.b.columns) {
    const old = before.get(column.name);
    const part = old === undefined ? addition(pair, column) : alteration(pair, old, column);
    if (part !== undefined) parts.push(part);
  }
  const remade = new Set(
    pair.b.columns
      .filter((column) => {
        const old = before.get(column.name);
        return old !== undefined && isMadeAnew(pair, old, column);
      })
      .map(({ name }) => name),
  );
  for (const column of pair.a.columns) if (!kept.has(column.name)) parts.push(removal(pair, column, remade));
  return parts;
}

function nameOf(pair: TablePair, column: string): string {
  return `${pair.name}.${column}`;
}

/** The definition behind ADD and MODIFY, and where it goes: new ones at the place that they have in B. */
function addition(pair: TablePair, column: ColumnText): Part {
  const changing = pair.flavour === "mysql" && CHANGING.test(column.default ?? "");
  const text = changing ? withoutDefault(written(pair, column), column) : written(pair, column);
  const sql = `ADD COLUMN ${quoteIdentifier(column.name)} ${text}${place(pair, column)}`;
  const hazards: Hazard[] = [];
  if (isFilledOddly(pair, column))
    hazards.push({
      name: "may-fail",
      detail: `rows of ${pair.name}: they get an empty value in ${column.name}, which its type or a key may refuse`,
    });
  return {
    change: changeOf("column", nameOf(pair, column.name), "create", [column.text]),
    clauses: [{ rank: RANK.add, sql }],
    cost: additionCost(pair, column),
    hazards,
    after: changing ? filledLater(pair, column) : defaultless(pair, column),
  };
}

/** Functions that give each row another value: MySQL refuses to add a column with such a default, for its replicas' sake. */
const CHANGING =
  /\b(uuid|uuid_short|uuid_to_bin|rand|random_bytes|connection_id|current_user|session_user|system_user|user|sysdate|found_rows|row_count|last_insert_id|sleep|load_file)\(/i;

/** The rows that are there get the values of the default, and then it is set; columns with a clock of their own keep it. */
function filledLater(pair: TablePair, column: ColumnText): string[] {
  const table = quoteIdentifier(pair.name);
  const name = quoteIdentifier(column.name);
  const clocks = pair.b.columns.filter(({ onUpdate }) => onUpdate !== "").map((one) => quoteIdentifier(one.name));
  const kept = clocks.filter((clock) => clock !== name).map((clock) => `, ${clock} = ${clock}`);
  return [
    `UPDATE ${table} SET ${name} = ${column.default}${kept.join("")}`,
    `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${column.default}`,
  ];
}

function withoutDefault(text: string, column: ColumnText): string {
  return text.replace(` DEFAULT ${column.default}`, () => "");
}

/** MySQL remembers that a column had its default taken away; its definition alone gives one that is NULL by default. */
export function defaultless(pair: Pick<TablePair, "flavour" | "name">, column: ColumnText): string[] {
  const blank = column.default === undefined && !column.notNull && column.generated === undefined;
  if (pair.flavour === "mariadb" || !blank || /^(tiny|medium|long)?(text|blob)\b/i.test(column.type)) return [];
  return [`ALTER TABLE ${quoteIdentifier(pair.name)} ALTER COLUMN ${quoteIdentifier(column.name)} DROP DEFAULT`];
}

/**
 * The definition as it has to be written to be printed like this. MySQL takes a collation that is the table's own as
 * one that was asked for, and then prints the character set too.
 */
export function written(pair: Pick<TablePair, "flavour" | "tableCollation">, column: ColumnText): string {
  const own = column.charset === "" && column.collation === pair.tableCollation.b;
  return pair.flavour === "mysql" && own ? column.text.replace(` COLLATE ${column.collation}`, "") : column.text;
}

/** `AFTER …`, or nothing for the last ones, which go to the end anyway. */
function place(pair: TablePair, column: ColumnText): string {
  const at = pair.b.columns.indexOf(column);
  const old = new Set(pair.a.columns.map(({ name }) => name));
  if (pair.b.columns.slice(at + 1).every(({ name }) => !old.has(name))) return "";
  const previous = pair.b.columns[at - 1];
  return previous === undefined ? " FIRST" : ` AFTER ${quoteIdentifier(previous.name)}`;
}

/** `remade` are columns that are dropped and added under one name: what is computed from them leaves together with them. */
function removal(pair: TablePair, column: ColumnText, remade: Set<string>): Part {
  const generated = column.generated !== undefined;
  const part: Part = {
    change: changeOf("column", nameOf(pair, column.name), "drop", [column.text]),
    clauses: [{ rank: RANK.dropColumn, sql: `DROP COLUMN ${quoteIdentifier(column.name)}` }],
    cost: removalCost(pair, column),
    hazards: generated ? [] : [{ name: "deletes-data", detail: `the values of ${nameOf(pair, column.name)}` }],
  };
  // The row marks go with the versioning itself.
  if (column.rowMark !== "") return { ...part, hazards: [] };
  // There may be one of these only, and it wants its key: it leaves together with what takes its place.
  const computed = namesIn(column.generated?.expression ?? "").some((name) => remade.has(name));
  return { ...part, destructive: "drop-column", ...(column.autoIncrement || computed ? { bound: true } : {}) };
}

function alteration(pair: TablePair, old: ColumnText, column: ColumnText): Part | undefined {
  const oldName = pair.oldNames.get(column.name);
  const words = columnWords(pair, old, column);
  const reprinted = !pair.crossing && words.length === 0 && printsAnew(pair, old, column);
  if (words.length === 0 && !reprinted && oldName === undefined && !pair.touched.has(column.name)) return undefined;
  if (reprinted) words.push("its collation is given or left to the table");
  const name = nameOf(pair, column.name);
  if (isMadeAnew(pair, old, column)) return recreation(pair, column, { old, words });
  if (oldName !== undefined) words.unshift(fromTo("name", oldName, column.name));
  const verb = oldName === undefined ? "MODIFY COLUMN" : `CHANGE COLUMN ${quoteIdentifier(oldName)}`;
  const action = oldName !== undefined ? "rename" : words.length === 0 ? "rebuild" : "alter";
  const changing = pair.flavour === "mysql" && CHANGING.test(column.default ?? "");
  const text = changing ? withoutDefault(written(pair, column), column) : written(pair, column);
  const quoted = quoteIdentifier(column.name);
  const later = `ALTER TABLE ${quoteIdentifier(pair.name)} ALTER COLUMN ${quoted} SET DEFAULT ${column.default}`;
  const { loss, ...weighed } = weigh(pair, old, column);
  return {
    change: changeOf("column", name, action, words),
    clauses: [{ rank: RANK.modify, sql: `${verb} ${quoted} ${text}` }],
    ...weighed,
    ...(loss === undefined
      ? {}
      : { destructive: "narrow-type" as const, bound: isTied(pair, { old, column, action }) }),
    // It is written anew for a name in its expression, which no ALTER in place takes.
    ...(action === "rebuild" ? { cost: "copy" as const } : {}),
    before: isMaterialised(old, column) ? materialising(pair, old) : [],
    after: changing ? [later] : defaultless(pair, column),
  };
}

/** Whether something else in the statement is about the column too, or about the whole table, so that they go together. */
function isTied(pair: TablePair, { old, column, action }: { old: ColumnText; column: ColumnText; action: string }) {
  if (action !== "alter" || isMaterialised(old, column) || pair.touched.has(column.name)) return true;
  if (pair.linked.has(column.name)) return true;
  const texts = [pair.a, pair.b].flatMap(({ indexes, foreignKeys, checks, columns, primaryKey, tail }) => [
    primaryKey,
    tail,
    ...indexes.map(({ text }) => text),
    ...foreignKeys.map((key) => JSON.stringify(key)),
    ...checks.map(({ expression }) => expression),
    ...columns.map(({ generated }) => generated?.expression ?? ""),
  ]);
  return texts.some((text) => namesIn(text).includes(column.name) || text.includes(`\`${column.name}\``));
}

/** A virtual column has no values that it could keep. */
function isMaterialised(old: ColumnText, column: ColumnText): boolean {
  return old.generated !== undefined && !old.generated.stored && column.generated === undefined;
}

/** Stores a virtual column's values, so that they stay when it becomes a plain one: no UPDATE, no trigger. */
function materialising(pair: TablePair, old: ColumnText): string[] {
  const before = pair.oldNames.get(old.name) ?? old.name;
  const indexes = pair.a.indexes.filter(({ parts }) => parts.flatMap(namesIn).includes(old.name));
  const checks = pair.a.checks.filter(({ expression }) => namesIn(expression).includes(old.name));
  const at = pair.a.columns.indexOf(old);
  const previous = pair.a.columns[at - 1]?.name;
  const previousName = previous === undefined ? undefined : (pair.oldNames.get(previous) ?? previous);
  const after = previousName === undefined ? " FIRST" : ` AFTER ${quoteIdentifier(previousName)}`;
  const stored = old.text.replace(/\bVIRTUAL\b(?![\s\S]*\bVIRTUAL\b)/, "STORED");
  const dropCheck = pair.flavour === "mariadb" ? "DROP CONSTRAINT" : "DROP CHECK";
  const clauses = [
    ...indexes.map(({ name }) => `DROP INDEX ${quoteIdentifier(name)}`),
    ...checks.map(({ name }) => `${dropCheck} ${quoteIdentifier(name)}`),
    `DROP COLUMN ${quoteIdentifier(before)}`,
    `ADD COLUMN ${quoteIdentifier(before)} ${stored}${after}`,
    ...indexes.map(({ kind, name, text }) => `ADD ${kind} ${quoteIdentifier(name)} ${text}`),
    ...checks.map(({ name, expression }) => `ADD CONSTRAINT ${quoteIdentifier(name)} CHECK ${expression}`),
  ];
  return [`ALTER TABLE ${quoteIdentifier(pair.name)}\n  ${clauses.join(",\n  ")}`];
}

/** A switch between stored and virtual, from plain to generated, or between types that no cast joins: there is no MODIFY for it. */
function isMadeAnew(pair: TablePair, old: ColumnText, column: ColumnText): boolean {
  if (!pair.casts(old.type, column.type)) return true;
  if (old.generated === undefined) return column.generated !== undefined;
  return column.generated !== undefined && old.generated.stored !== column.generated.stored;
}

function recreation(pair: TablePair, column: ColumnText, { old, words }: { old: ColumnText; words: string[] }): Part {
  const name = nameOf(pair, column.name);
  const quoted = quoteIdentifier(column.name);
  const at = pair.b.columns.indexOf(column);
  const previous = pair.b.columns[at - 1];
  const after = previous === undefined ? " FIRST" : ` AFTER ${quoteIdentifier(previous.name)}`;
  return {
    change: changeOf("column", name, "replace", words),
    clauses: [
      { rank: RANK.dropColumn, sql: `DROP COLUMN ${quoted}` },
      { rank: RANK.add, sql: `ADD COLUMN ${quoted} ${written(pair, column)}${after}` },
    ],
    cost: "copy",
    hazards:
      old.generated === undefined
        ? [{ name: "deletes-data", detail: `the values of ${name}${lossOf(old, column)}` }]
        : [],
    ...(old.generated === undefined ? { destructive: "recreate-column" as const, bound: true } : {}),
  };
}

function lossOf(old: ColumnText, column: ColumnText): string {
  return column.generated === undefined
    ? `: no ${old.type} becomes ${column.type}`
    : ", which are computed from now on";
}

/** Whether a column whose values compare as before has to be written anew, because it prints otherwise (MySQL). */
function printsAnew(pair: TablePair, old: ColumnText, column: ColumnText): boolean {
  // MariaDB prints what differs from the table's own, MySQL also remembers what was written.
  if (pair.flavour === "mariadb" || pair.collationOf(column) === "") return false;
  const moved = pair.tableCollation.a !== pair.tableCollation.b;
  const printed = (one: ColumnText) => `${one.charset} ${one.collation}`;
  const kept = old.charset === "" && moved ? `${pair.charsetOf(column)} ` : printed(old);
  // A charset alone is what a new default of the table leaves behind: no statement writes it.
  return kept !== printed(column) && !(column.charset !== "" && column.collation === "");
}

/** A column's definition under other column names. */
export function renamedColumn(column: ColumnText, renames: Map<string, string>): ColumnText {
  const rename = (text: string) => renameIn(text, renames);
  return {
    ...column,
    name: renames.get(column.name) ?? column.name,
    text: rename(column.text),
    check: rename(column.check),
    generated: column.generated && { ...column.generated, expression: rename(column.generated.expression) },
    default: column.default === undefined ? undefined : rename(column.default),
  };
}
