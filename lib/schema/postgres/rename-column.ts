import type { Column, Table } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import { ident, qualified, shown } from "./quote.ts";
import { called, cuts, type Done, unquoted, type Wish } from "./rename-words.ts";
import { bareToken, rewritten, sqlToken } from "./rewrite.ts";

export function renameColumn(a: FullSchema, b: FullSchema, { from, to }: Wish): Done {
  for (const [owner, name] of cuts(from)) {
    for (const table of called(a.tables, owner)) {
      const twin = b.tables.find((one) => one.schema === table.schema && one.name === table.name);
      const has = (one: Table | undefined, column: string) => one?.columns.some((other) => other.name === column);
      const written = cuts(to).find(([prefix]) => called([table], prefix).length > 0)?.[1] ?? to;
      const target = has(twin, written) ? written : unquoted(written);
      if (has(table, name) && !has(table, target) && has(twin, target) && !has(twin, name))
        return columnRenamed(a, table, { from: name, to: target });
    }
  }
  return undefined;
}

function columnRenamed(a: FullSchema, table: Table, { from, to }: Wish): NonNullable<Done> {
  const relation = qualified(table.schema, table.name);
  const [old, now] = [ident(from), ident(to)];
  const key = (text: string) => text.replace(sqlToken(`${relation}.${old}`), `${relation}.${now}`);
  const bare = (text: string) => text.replace(bareToken(old), now);
  const names = (columns: string[]) => columns.map((column) => (column === from ? to : column));
  const touched = new Set(
    a.dependencies.filter((one) => one.to === `column:${relation}.${old}`).map((one) => one.from),
  );
  const isTable = (one: Record<string, unknown>) =>
    one.schema === table.schema && one.name === table.name && "columns" in one;
  const schema = rewritten(a, key, (one) => {
    if (isTable(one)) return ownTable(one as unknown as Table, { names, bare, from, to });
    if (one.schema === table.schema && one.table === table.name) {
      if (one.column === from) return { ...one, column: to };
      // Foreign keys that point here, triggers, rules and policies.
      if (Array.isArray(one.columns)) return { ...one, columns: names(one.columns as string[]) };
      return texts(one, bare);
    }
    const view =
      typeof one.definition === "string" &&
      "columns" in one &&
      touched.has(`relation:${qualified(String(one.schema), String(one.name))}`);
    if (view) return { ...one, definition: bare(one.definition as string) };
    // A foreign key's own text names the columns of the other table too.
    if (one.kind === "foreign key" && pointsTo(one.references, table))
      return { ...one, definition: foreignText(String(one.definition), old, now) };
    return one;
  });
  const sql = `ALTER TABLE ${relation} RENAME COLUMN ${old} TO ${now}`;
  return {
    schema,
    taken: {
      kind: "column",
      from: shown(table.schema, table.name, from),
      to: shown(table.schema, table.name, to),
      sql,
      table,
    },
  };
}

function pointsTo(references: unknown, table: Table): boolean {
  const target = references as { schema?: string; table?: string } | undefined;
  return target?.schema === table.schema && target.table === table.name;
}

function foreignText(definition: string, old: string, now: string): string {
  const at = definition.indexOf(" REFERENCES ");
  return definition.slice(0, at) + definition.slice(at).replace(bareToken(old), now);
}

/** The definitions that an object of a table has. */
function texts(one: Record<string, unknown>, change: (text: string) => string): Record<string, unknown> {
  const changed = { ...one };
  for (const field of ["definition", "using", "check", "expression", "predicate"])
    if (typeof changed[field] === "string") changed[field] = change(changed[field] as string);
  return changed;
}

function ownTable(
  table: Table,
  { names, bare, from, to }: { names(columns: string[]): string[]; bare(text: string): string } & Wish,
): Record<string, unknown> {
  const own = <T extends { columns: string[]; include?: string[] }>(one: T): T => ({
    ...(texts(one as unknown as Record<string, unknown>, bare) as unknown as T),
    columns: names(one.columns),
    ...(one.include === undefined ? {} : { include: names(one.include) }),
  });
  const column = (one: Column): Column => ({
    ...one,
    name: one.name === from ? to : one.name,
    ...(one.expression === undefined ? {} : { expression: bare(one.expression) }),
  });
  const keys = table.keys.map((key) => ({
    ...own(key),
    ...(key.index === undefined ? {} : { index: own(key.index) }),
  }));
  const indexes = table.indexes.map((index) => keys.find((key) => key.index?.name === index.name)?.index ?? own(index));
  return {
    ...table,
    columns: table.columns.map(column),
    keys,
    indexes,
    checks: table.checks.map(own),
  } as unknown as Record<string, unknown>;
}
