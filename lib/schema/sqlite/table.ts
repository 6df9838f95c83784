import { quoteIdentifier, quoteLiteral } from "../../engine/sqlite/quote.ts";
import { type Destructive, destroying, type Hazard, type Statement } from "../change.ts";
import type { Table } from "../model.ts";
import { type ColumnText, hasAttribute, isGenerated, parseTable, type TableText, unnamed } from "./definition.ts";
import { countRows, SAVEPOINT } from "./guard.ts";

/** A table in both schemas; A's columns have the names that confirmed renames give them. */
export interface TablePair {
  name: string;
  a: TableText;
  b: TableText;
  /** B's, for the statements that make what belongs to it. */
  model: Table;
  old: Table;
  /** Old name → new name, as they are written. */
  renames: Map<string, string>;
}

/** One thing that differs, in a reviewer's words. */
export interface Difference {
  kind: "column" | "table" | "check" | "foreign key" | "unique" | "primary key";
  /** Below the table, or "". */
  name: string;
  action: "create" | "drop" | "alter";
  words: string[];
  /** What ADD COLUMN or DROP COLUMN does by itself; without it the table is made anew. */
  alone?: { sql: string; destructive?: Destructive; hazards: Hazard[] };
}

/** Everything that differs between two texts of a table. */
export function compareTables(pair: TablePair): Difference[] {
  const { a, b, name } = pair;
  const find = (table: TableText, column: string) =>
    table.columns.find((one) => one.name.toLowerCase() === column.toLowerCase());
  const found: Difference[] = [];
  for (const column of b.columns) {
    const old = find(a, column.name);
    if (old === undefined) found.push(addition(name, column));
    else {
      const words = columnWords(old, column);
      if (words.length > 0) found.push({ kind: "column", name: column.name, action: "alter", words });
    }
  }
  for (const column of a.columns) if (find(b, column.name) === undefined) found.push(removal(pair, column));
  for (const [key, text] of b.constraints)
    if (!a.constraints.has(key)) found.push({ kind: kindOf(key), name: "", action: "create", words: [text] });
  for (const [key, text] of a.constraints)
    if (!b.constraints.has(key)) found.push({ kind: kindOf(key), name: "", action: "drop", words: [text] });
  const words: string[] = [];
  if (a.withoutRowid !== b.withoutRowid) words.push(b.withoutRowid ? "rowid → without rowid" : "without rowid → rowid");
  if (a.strict !== b.strict) words.push(b.strict ? "types not enforced → strict" : "strict → types not enforced");
  if (words.length > 0) found.push({ kind: "table", name: "", action: "alter", words });
  return found;
}

function kindOf(constraint: string): Difference["kind"] {
  const bare = unnamed(constraint);
  if (bare.startsWith("primary")) return "primary key";
  if (bare.startsWith("unique")) return "unique";
  return bare.startsWith("foreign") ? "foreign key" : "check";
}

function columnWords(a: ColumnText, b: ColumnText): string[] {
  const words: string[] = [];
  if (a.type !== b.type) words.push(`type: ${a.type || "none"} → ${b.type || "none"}`);
  for (const attribute of a.attributes) if (!b.attributes.includes(attribute)) words.push(`− ${attribute}`);
  for (const attribute of b.attributes) if (!a.attributes.includes(attribute)) words.push(`+ ${attribute}`);
  return words;
}

/** ADD COLUMN takes what every row that is there can have (https://www.sqlite.org/lang_altertable.html). */
function addition(table: string, column: ColumnText): Difference {
  const has = (start: RegExp) => column.attributes.map(unnamed).find((attribute) => start.test(attribute));
  const value = has(/^default /)?.slice("default ".length);
  const constant = value === undefined || !/^\(|^current_/.test(value);
  const empty = value === undefined || value === "null";
  const refused =
    has(/^(primary|unique)/) !== undefined ||
    (has(/^not null/) !== undefined && empty && has(/^(generated|as)/) === undefined) ||
    (has(/^(generated|as)/)?.endsWith("stored") ?? false) ||
    (has(/^references/) !== undefined && !empty) ||
    isRowNumber(column);
  const difference: Difference = { kind: "column", name: column.name, action: "create", words: [column.sql] };
  if (refused || !constant) return difference;
  const sql = `ALTER TABLE ${quoteIdentifier(table)} ADD COLUMN ${column.sql}`;
  const checked = has(/^check/);
  const hazards: Hazard[] =
    checked === undefined ? [] : [{ name: "may-fail", detail: `rows of ${table} for which ${checked} is false` }];
  return { ...difference, alone: { sql, hazards } };
}

/** Columns that hide the row's own number behind its names: neither ADD nor DROP COLUMN takes them. */
const ROW_NUMBERS = ["rowid", "_rowid_", "oid"];

function isRowNumber({ name }: ColumnText): boolean {
  return ROW_NUMBERS.includes(name.toLowerCase());
}

/** DROP COLUMN takes what nothing else names; the server looks at keys, indexes, checks and generated columns. */
function removal(pair: TablePair, column: ColumnText): Difference {
  const lower = column.name.toLowerCase();
  const names = (text: string) =>
    text
      .toLowerCase()
      .split(/[^\p{L}\p{N}_$]+/u)
      .includes(lower) || text.includes(`"${column.name}"`);
  const { a, old, b } = pair;
  const own = hasAttribute(column, /^(primary|unique|references|check)/);
  const others = a.columns.some((other) => other !== column && other.attributes.some((text) => names(text)));
  const used =
    own ||
    others ||
    [...a.constraints.keys()].some(names) ||
    old.indexes.some(({ definition, columns }) => columns.includes(column.name) || names(definition ?? ""));
  const difference: Difference = { kind: "column", name: column.name, action: "drop", words: [column.sql] };
  if (used || isRowNumber(column) || b.columns.length === 0) return difference;
  const hazards: Hazard[] = [
    ...(isGenerated(column)
      ? []
      : [{ name: "deletes-data" as const, detail: `the values of ${pair.name}.${column.name}` }]),
    { name: "rewrites-table", detail: `all rows of ${pair.name} are written anew` },
  ];
  const sql = `ALTER TABLE ${quoteIdentifier(pair.name)} DROP COLUMN ${quoteIdentifier(column.name)}`;
  return { ...difference, alone: { sql, destructive: "drop-column", hazards } };
}

/**
 * Makes a table anew the way SQLite's documentation prescribes ("Making Other Kinds Of Table Schema Changes"): a new
 * one beside it, the rows, then the old one away and the new one under its name. Its indexes and triggers follow.
 */
export function rebuild(
  pair: TablePair,
  { beside, change, loses }: { beside: string; change: string; loses: Destructive | undefined },
): Statement[] {
  const { name, a, b } = pair;
  const [quoted, temporary] = [quoteIdentifier(name), quoteIdentifier(beside)];
  const gone = a.columns.filter(
    (column) => !b.columns.some((one) => one.name.toLowerCase() === column.name.toLowerCase()),
  );
  const lost = gone.filter((column) => !isGenerated(column));
  const cut = converted(pair);
  const kinds: Destructive[] = lost.length > 0 ? ["drop-column"] : loses ? [loses] : [];
  const destructive = destroying([...kinds, ...(cut.length > 0 ? ["narrow-type" as const] : [])]);
  const statement = (sql: string, hazards: Hazard[] = []): Statement => ({
    sql,
    hazards,
    ...destructive,
    transactional: true,
    change,
  });
  const hazards: Hazard[] = [
    ...lost.map((column) => ({ name: "deletes-data" as const, detail: `the values of ${name}.${column.name}` })),
    ...cut.map((detail) => ({ name: "deletes-data" as const, detail })),
    ...narrowed(pair).map((detail) => ({ name: "may-fail" as const, detail })),
    { name: "rewrites-table", detail: `all rows of ${name} are copied into a new table` },
    { name: "locks", detail: "nobody else writes to the database until the transaction ends" },
  ];
  const copy = copyRows(pair, temporary);
  const allRows: Hazard = { name: "deletes-data", detail: `all rows of ${name}, of which no column stays` };
  const rows = countRows(name, { none: copy === undefined });
  return [
    statement(rows.before),
    statement(`CREATE TABLE ${temporary}${b.rest}`),
    ...(copy === undefined ? [] : [statement(copy, hazards)]),
    ...(a.autoincrement && b.autoincrement ? keepCounter(name, beside).map((sql) => statement(sql)) : []),
    // Otherwise renaming looks into every view and trigger, and finds the table missing that is just being replaced.
    statement("PRAGMA legacy_alter_table = ON"),
    statement(SAVEPOINT),
    statement(`DROP TABLE ${quoted}`, copy === undefined ? [allRows] : []),
    statement(`ALTER TABLE ${temporary} RENAME TO ${quoted}`),
    statement("PRAGMA legacy_alter_table = OFF"),
    statement(rows.after),
  ];
}

/** Nothing where the two have no column in common. A column's own ON CONFLICT would leave out rows and say nothing. */
function copyRows(pair: TablePair, temporary: string): string | undefined {
  const { a, b, name } = pair;
  const columns = b.columns
    .filter((column) => !isGenerated(column))
    .flatMap((column) => {
      const old = a.columns.find((one) => one.name.toLowerCase() === column.name.toLowerCase());
      return old === undefined ? [] : [quoteIdentifier(column.name)];
    });
  const rowid = keptRowid(pair);
  const list = [...(rowid === undefined ? [] : [rowid]), ...columns].join(", ");
  if (list === "") return undefined;
  return `INSERT OR ABORT INTO ${temporary} (${list}) SELECT ${list} FROM ${quoteIdentifier(name)}`;
}

/** Others may know the rows by their number: full text indexes over the table do. */
function keptRowid({ a, b }: TablePair): string | undefined {
  if (a.withoutRowid || b.withoutRowid || b.columns.some((column) => isRowid(b, column))) return undefined;
  const taken = new Set([...a.columns, ...b.columns].map(({ name }) => name.toLowerCase()));
  return ROW_NUMBERS.find((name) => !taken.has(name));
}

/** The number itself under another name. */
function isRowid({ constraints }: TableText, column: ColumnText): boolean {
  if (column.type !== "integer") return false;
  const name = column.name.toLowerCase();
  return (
    hasAttribute(column, /^primary key/) ||
    [...constraints.keys()].some((text) =>
      [`primary key ( ${name} )`, `primary key ( "${column.name}" )`].some((start) => unnamed(text).startsWith(start)),
    )
  );
}

/** AUTOINCREMENT never gives a number twice, also not one of rows that are gone. */
function keepCounter(name: string, beside: string): string[] {
  const [old, now] = [quoteLiteral(name), quoteLiteral(beside)];
  return [
    `DELETE FROM sqlite_sequence WHERE name = ${now}`,
    `INSERT INTO sqlite_sequence (name, seq) SELECT ${now}, seq FROM sqlite_sequence WHERE name = ${old}`,
  ];
}

type Affinity = "integer" | "real" | "numeric" | "text" | "none";

/** By the rules of https://www.sqlite.org/datatype3.html (3.1). */
function affinityOf({ strict }: TableText, { type }: ColumnText): Affinity {
  const lower = type.toLowerCase();
  if (strict && lower === "any") return "none";
  if (lower.includes("int")) return "integer";
  if (/char|clob|text/.test(lower)) return "text";
  if (lower === "" || lower.includes("blob")) return "none";
  return /real|floa|doub/.test(lower) ? "real" : "numeric";
}

/** What values lose as the new table takes them for others: a text that looks like a number becomes one. */
function converted({ a, b, name }: TablePair): string[] {
  return b.columns.flatMap((column) => {
    const old = a.columns.find((one) => one.name.toLowerCase() === column.name.toLowerCase());
    if (old === undefined || isGenerated(old) || isGenerated(column)) return [];
    const [from, to] = [affinityOf(a, old), affinityOf(b, column)];
    const values = `values of ${name}.${column.name}`;
    if (from === to || to === "none") return [];
    if (to === "text") return from === "integer" ? [] : [`digits of ${values} beyond the 15th`];
    if (from === "text" || from === "none") return [`how ${values} are written, such as the zeros of '00123'`];
    return to === "real" ? [`${values} beyond 2^53 are rounded`] : [];
  });
}

/** What rows may be that the new table refuses. */
function narrowed({ a, b, name }: TablePair): string[] {
  const details: string[] = [];
  for (const column of b.columns) {
    const old = a.columns.find((one) => one.name.toLowerCase() === column.name.toLowerCase());
    if (old !== undefined && isRowid(b, column) && !b.withoutRowid && old.type !== "integer")
      details.push(`values of ${name}.${column.name} that are no whole number`);
    if (b.strict && a.strict && old !== undefined && old.type !== column.type)
      details.push(`values of ${name}.${column.name} that are no ${column.type}`);
    const added = column.attributes.filter((attribute) => !old?.attributes.includes(attribute));
    for (const attribute of added) {
      const bare = unnamed(attribute);
      if (bare.startsWith("not null") && old !== undefined)
        details.push(`rows in which ${name}.${column.name} is NULL`);
      if (bare.startsWith("not null") && old === undefined && !hasAttribute(column, /^(default|generated|as)/))
        details.push(`any row of ${name}: ${column.name} has no value for them`);
      const keyed = bare.startsWith("primary") && old !== undefined && hasAttribute(old, /^primary/);
      if (/^(unique|primary)/.test(bare) && !keyed) details.push(`rows of ${name} that have the same ${column.name}`);
      if (/^(generated|as)\b/.test(bare)) details.push(`rows of ${name} for which ${column.name} can't be computed`);
      if (bare.startsWith("check")) details.push(`rows of ${name} for which ${bare} is false`);
    }
  }
  for (const [key, text] of b.constraints)
    if (!a.constraints.has(key) && !/foreign key/.test(key)) details.push(`rows of ${name} that ${text} refuses`);
  if (b.strict && !a.strict) details.push(`values of ${name} that are not of their column's type`);
  return details;
}

/** A table's parts, under the names that confirmed renames give its columns. */
export function pairOf(old: Table, model: Table, renames: Map<string, string>): TablePair {
  const lower = new Map([...renames].map(([from, to]) => [from.toLowerCase(), to]));
  return {
    name: model.name,
    a: parseTable(old.definition ?? "", lower),
    b: parseTable(model.definition ?? ""),
    model,
    old,
    renames,
  };
}
