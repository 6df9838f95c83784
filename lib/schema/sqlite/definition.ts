import { canonical, closing, isWord, nameOf, splitAtCommas, type Token, tokensOf } from "./tokens.ts";

/** A CREATE TABLE as it stands in sqlite_schema, in its parts. */
export interface TableText {
  sql: string;
  /** What stands behind the table's name, as it is written. */
  rest: string;
  columns: ColumnText[];
  /** Table constraints in canonical form, each with its text. */
  constraints: Map<string, string>;
  withoutRowid: boolean;
  strict: boolean;
  autoincrement: boolean;
}

export interface ColumnText {
  name: string;
  /** As it is written, name and all. */
  sql: string;
  /** In canonical form; constraints are in no order. */
  type: string;
  attributes: string[];
}

const STARTS = [
  "constraint",
  "primary",
  "not",
  "null",
  "unique",
  "check",
  "default",
  "collate",
  "references",
  "generated",
  "as",
  "deferrable",
];

/** Takes a CREATE TABLE apart. `renames`: column names that stand for others, in small letters. */
export function parseTable(sql: string, renames: ReadonlyMap<string, string> = new Map()): TableText {
  const tokens = renamed(tokensOf(sql), renames);
  const name = tokens.findIndex((token) => isWord(token, "table")) + 1;
  const open = tokens.findIndex(({ kind }) => kind === "open");
  const close = closing(tokens, open);
  const items = splitAtCommas(tokens.slice(open + 1, close));
  const names = new Set(
    items.filter((item) => !isConstraint(item)).map((item) => nameOf(item[0] as Token).toLowerCase()),
  );
  const end = tokens[name];
  const table: TableText = {
    sql,
    rest: sql.slice((end?.at ?? 0) + (end?.text.length ?? 0)),
    columns: [],
    constraints: new Map(),
    withoutRowid: false,
    strict: false,
    autoincrement: tokens.slice(open, close).some((token) => isWord(token, "autoincrement")),
  };
  for (const item of items) {
    const text = textOf(item, sql);
    if (isConstraint(item)) table.constraints.set(canonical(item, names), text);
    else table.columns.push(parseColumn(item, { names, text }));
  }
  const tail = tokens.slice(close + 1);
  table.withoutRowid = tail.some((token) => isWord(token, "without"));
  table.strict = tail.some((token) => isWord(token, "strict"));
  return table;
}

function renamed(tokens: Token[], renames: ReadonlyMap<string, string>): Token[] {
  if (renames.size === 0) return tokens;
  return tokens.map((token) => {
    const name = token.kind === "word" || token.kind === "name" ? renames.get(nameOf(token).toLowerCase()) : undefined;
    return name === undefined ? token : { ...token, kind: "name", text: `"${name.replaceAll('"', '""')}"` };
  });
}

function isConstraint(item: Token[]): boolean {
  const [first, , third] = item;
  if (isWord(first, "constraint")) return isWord(third, "primary", "unique", "check", "foreign");
  if (isWord(first, "check")) return item[1]?.kind === "open";
  if (isWord(first, "unique")) return item[1]?.kind === "open";
  return isWord(first, "primary", "foreign") && isWord(item[1], "key");
}

function textOf(item: Token[], sql: string): string {
  const [first, last] = [item[0], item.at(-1)];
  return first === undefined || last === undefined ? "" : sql.slice(first.at, last.at + last.text.length);
}

function parseColumn(item: Token[], { names, text }: { names: ReadonlySet<string>; text: string }): ColumnText {
  const [first, ...rest] = item;
  const starts: number[] = [];
  let depth = 0;
  for (const [at, token] of rest.entries()) {
    if (token.kind === "open") depth++;
    if (token.kind === "close") depth--;
    if (depth === 0 && isWord(token, ...STARTS) && !continues(rest, at)) starts.push(at);
  }
  const cut = starts.map((start, at) => rest.slice(start, starts[at + 1] ?? rest.length));
  const type = rest.slice(0, starts[0] ?? rest.length);
  // A lone NULL says nothing.
  const attributes = cut.map((part) => canonical(part, names)).filter((attribute) => attribute !== "null");
  return {
    name: nameOf(first as Token),
    sql: text,
    type: canonical(type, names),
    attributes: attributes.sort(),
  };
}

/** Words that go on with the attribute before them: a constraint's name, ON DELETE SET NULL, NOT DEFERRABLE. */
function continues(tokens: Token[], at: number): boolean {
  const before = tokens[at - 1];
  const token = tokens[at];
  if (isWord(before, "default", "collate")) return true;
  if (isWord(before, "constraint")) return true;
  // CONSTRAINT name …
  if (isWord(tokens[at - 2], "constraint")) return true;
  if (isWord(before, "set", "not", "always")) return true;
  if (isWord(token, "deferrable")) return true;
  return isWord(token, "not") && isWord(tokens[at + 1], "deferrable");
}

const NAMED = /^constraint (?:"[^"]*"|\S+) /;

/** A constraint in canonical form without the name that it may have. */
export function unnamed(constraint: string): string {
  return constraint.replace(NAMED, "");
}

/** Whether a column has an attribute that begins so, whatever that is called. */
export function hasAttribute({ attributes }: ColumnText, start: RegExp): boolean {
  return attributes.some((attribute) => start.test(unnamed(attribute)));
}

export function isGenerated(column: ColumnText): boolean {
  return hasAttribute(column, /^(generated|as)\b/);
}

/** An index, a view, a trigger or a virtual table in canonical form. In double quotes only what is among `known` is a name. */
export function canonicalText(sql: string, known: ReadonlySet<string>): string {
  const tokens = tokensOf(sql);
  const names = new Set(
    tokens
      .filter(({ kind, text }) => kind === "name" && /^.[a-z_][a-z0-9_]*.$/i.test(text))
      .map((token) => ({ name: nameOf(token).toLowerCase(), sure: !token.text.startsWith('"') }))
      .filter(({ name, sure }) => sure || known.has(name))
      .map(({ name }) => name),
  );
  return canonical(
    tokens.filter(
      (token, at) =>
        !(isWord(token, "if") && isWord(tokens[at + 1], "not")) &&
        !(isWord(token, "exists") && isWord(tokens[at - 1], "not")) &&
        !(isWord(token, "not") && isWord(tokens[at + 1], "exists") && isWord(tokens[at - 1], "if")),
    ),
    names,
  );
}
