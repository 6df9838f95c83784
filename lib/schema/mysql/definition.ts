import type { Table } from "../model.ts";
import { type ColumnText, parseColumn } from "./column.ts";
import { endOfGroup, splitAtCommas, type Token, tokensOf, unquoteName, withoutVersions } from "./tokens.ts";

/** A table as SHOW CREATE TABLE writes it, in its parts. */
export interface TableText {
  /** What stands between the outer parentheses, item by item. */
  items: string[];
  /** From the closing parenthesis on. */
  tail: string;
  columns: ColumnText[];
  /** `PRIMARY KEY (…)` with what follows, or "". */
  primaryKey: string;
  indexes: IndexText[];
  foreignKeys: ForeignKeyText[];
  checks: CheckText[];
  /** MariaDB's application-time periods by name. */
  periods: Map<string, string>;
  /** In the order of the text; names in upper case, values as they are written. */
  options: Map<string, string>;
  systemVersioned: boolean;
  /** `PARTITION BY …` without the versioned comment around it, or "". */
  partitioning: string;
  /** Items of a kind that is not known. */
  unknown: string[];
}

export interface IndexText {
  name: string;
  /** `UNIQUE KEY`, `KEY`, `FULLTEXT KEY`, … */
  kind: string;
  /** What stands behind the name, versioned comments taken away but for visibility, which stands in `hidden`. */
  text: string;
  /** The columns and expressions between the parentheses. */
  parts: string[];
  hidden: boolean;
}

export interface ForeignKeyText {
  name: string;
  /** Behind `CONSTRAINT name`. */
  text: string;
  columns: string[];
  /** The referenced table; with a database in front where it is another one. */
  table: string;
  database: string | undefined;
  referenced: string[];
}

export interface CheckText {
  name: string;
  /** With its parentheses. */
  expression: string;
  enforced: boolean;
}

const known = new WeakMap<object, TableText>();

/** A table's text in its parts; taken apart once. */
export function definitionOf({ mysql }: Table): TableText {
  if (mysql === undefined) return parseTable("");
  const text = known.get(mysql) ?? parseTable(mysql.create ?? "");
  known.set(mysql, text);
  return text;
}

/** Takes a CREATE TABLE of the server's own apart. */
export function parseTable(create: string): TableText {
  const open = create.indexOf("(", nameEnd(create));
  const close = endOfGroup(create, open);
  const items = splitAtCommas(create.slice(open + 1, close - 1));
  const table: TableText = {
    items,
    tail: create.slice(close - 1),
    columns: [],
    primaryKey: "",
    indexes: [],
    foreignKeys: [],
    checks: [],
    periods: new Map(),
    options: new Map(),
    systemVersioned: false,
    partitioning: "",
    unknown: [],
  };
  for (const item of items) addItem(table, item);
  addTail(table, withoutVersions(create.slice(close)));
  return table;
}

/** The table's own name may hold parentheses. */
function nameEnd(create: string): number {
  const start = create.indexOf("`");
  for (let at = start + 1; at < create.length; at++) {
    if (create[at] !== "`") continue;
    if (create[at + 1] !== "`") return at + 1;
    at++;
  }
  return 0;
}

function addItem(table: TableText, item: string): void {
  if (item.startsWith("`")) {
    const name = tokensOf(item)[0]?.text ?? "";
    table.columns.push(parseColumn(unquoteName(name), item.slice(name.length).trim()));
  } else if (item.startsWith("PRIMARY KEY")) table.primaryKey = withoutVersions(item).trim();
  else if (item.startsWith("CONSTRAINT")) addConstraint(table, item);
  else if (/^PERIOD FOR/.test(item)) table.periods.set(periodName(item), item);
  else if (/^(\w+ )?(KEY|INDEX) /.test(item)) table.indexes.push(parseIndex(item));
  else table.unknown.push(item);
}

/** `` PERIOD FOR `p` (`a`, `b`) `` and `PERIOD FOR SYSTEM_TIME (…)`. */
function periodName(item: string): string {
  return unquoteName(tokensOf(item)[2]?.text ?? "");
}

const HIDDEN = /^(INVISIBLE|IGNORED)$/i;

function parseIndex(item: string): IndexText {
  const tokens = tokensOf(withoutVersions(item));
  const at = tokens.findIndex(({ kind }) => kind === "name");
  const rest = tokens.slice(at + 1).filter(({ kind, text }) => kind !== "word" || !HIDDEN.test(text));
  const columns = rest.find(({ kind }) => kind === "group")?.text ?? "()";
  return {
    name: unquoteName(tokens[at]?.text ?? ""),
    kind: tokens
      .slice(0, at)
      .map(({ text }) => text)
      .join(" "),
    text: rest.map(({ text }) => text).join(" "),
    parts: splitAtCommas(columns.slice(1, -1)),
    hidden: tokens.some(({ kind, text }) => kind === "word" && HIDDEN.test(text)),
  };
}

function addConstraint(table: TableText, item: string): void {
  const tokens = tokensOf(withoutVersions(item));
  const name = unquoteName(tokens[1]?.text ?? "");
  const kind = tokens[2]?.text.toUpperCase();
  if (kind === "FOREIGN") table.foreignKeys.push(parseForeignKey(name, tokens.slice(2)));
  else if (kind === "CHECK") {
    const enforced = !tokens.slice(4).some(({ text }) => text.toUpperCase() === "NOT");
    table.checks.push({ name, expression: tokens[3]?.text ?? "", enforced });
  } else table.unknown.push(item);
}

/** `` FOREIGN KEY (`a`) REFERENCES `db`.`t` (`b`) ON DELETE CASCADE ``. */
function parseForeignKey(name: string, tokens: Token[]): ForeignKeyText {
  const at = tokens.findIndex(({ text }) => text.toUpperCase() === "REFERENCES");
  const foreign = tokens[at + 2]?.text === ".";
  const group = (token: Token | undefined) => splitAtCommas(token?.text.slice(1, -1) ?? "").map(unquoteName);
  return {
    name,
    text: tokens
      .map(({ text }) => text)
      .join(" ")
      .replaceAll("` . `", "`.`"),
    columns: group(tokens[2]),
    database: foreign ? unquoteName(tokens[at + 1]?.text ?? "") : undefined,
    table: unquoteName(tokens[foreign ? at + 3 : at + 1]?.text ?? ""),
    referenced: group(tokens[foreign ? at + 4 : at + 2]),
  };
}

/** Options and partitioning: `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='…'`. */
function addTail(table: TableText, tail: string): void {
  const tokens = tokensOf(tail);
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]?.text.toUpperCase() ?? "";
    if (word === "PARTITION") {
      table.partitioning = tail.slice(tokens[at]?.at).trim();
      return;
    }
    if (word === "WITH" && tokens[at + 1]?.text.toUpperCase() === "SYSTEM") {
      table.systemVersioned = true;
      at += 2;
    } else if (word !== "DEFAULT") at = addOption(table, tokens, at);
  }
}

function addOption(table: TableText, tokens: Token[], start: number): number {
  const directory = /^(data|index)$/i.test(tokens[start]?.text ?? "");
  const at = directory ? start + 1 : start;
  const name = directory ? `${tokens[start]?.text} DIRECTORY` : (tokens[start]?.text ?? "");
  if (tokens[at + 1]?.text === "=") {
    // What stands in back-quotes is printed as it was written.
    table.options.set(name.startsWith("`") ? name : name.toUpperCase(), tokens[at + 2]?.text ?? "");
    return at + 2;
  }
  // `TABLESPACE x`, `STORAGE DISK` and the like have no sign between.
  table.options.set(name.toUpperCase(), tokens[at + 1]?.text ?? "");
  return at + 1;
}
