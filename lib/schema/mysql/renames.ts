import type { DiffOptions, Rename } from "../change.ts";
import type { Table } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import { unfitRename } from "../unfit-rename.ts";
import { definitionOf } from "./definition.ts";
import type { TablePair } from "./pair.ts";
import type { Part } from "./part.ts";

/** Confirmed renames that fit: what they name is in A, and the new name only in B. */
export interface Renames {
  /** Old name → new name. */
  tables: Map<string, string>;
  /** The table's name in B → its columns' old names → new names. */
  columns: Map<string, Map<string, string>>;
}

/** Sorts the confirmed renames by what they are about. Throws exit 2 for one that fits nothing. */
export function takenRenames(a: FullSchema, b: FullSchema, options: DiffOptions): Renames {
  const renames: Renames = { tables: new Map(), columns: new Map() };
  const has = (schema: FullSchema, name: string) =>
    schema.tables.some((table) => table.name === name && table.kind !== "view");
  for (const { from, to } of options.renames)
    if (has(a, from) && !has(a, to) && has(b, to) && !has(b, from)) renames.tables.set(from, to);
  for (const { from, to } of options.renames)
    if (renames.tables.get(from) !== to && !takeColumn(a, b, { from, to, renames })) throw unfitRename({ from, to });
  return renames;
}

/** `table.column` may hold dots anywhere: every place to cut it is tried. */
function takeColumn(
  a: FullSchema,
  b: FullSchema,
  { from, to, renames }: { from: string; to: string; renames: Renames },
): boolean {
  for (let dot = from.indexOf("."); dot >= 0; dot = from.indexOf(".", dot + 1)) {
    const [tableName, column] = [from.slice(0, dot), from.slice(dot + 1)];
    const old = a.tables.find(({ name }) => name === tableName || renames.tables.get(name) === tableName);
    const now = b.tables.find(({ name }) => name === (renames.tables.get(old?.name ?? "") ?? old?.name));
    if (old === undefined || now === undefined) continue;
    const prefix = [`${now.name}.`, `${tableName}.`].find((start) => to.startsWith(start)) ?? "";
    const target = to.slice(prefix.length);
    const has = (table: Table, name: string) => table.columns.some((one) => one.name === name);
    if (!has(old, column) || has(old, target) || !has(now, target) || has(now, column)) continue;
    const columns = renames.columns.get(now.name) ?? new Map<string, string>();
    renames.columns.set(now.name, columns.set(column, target));
    return true;
  }
  return false;
}

/** A table that goes and one that comes with the same content. */
export function proposeTables(dropped: Table[], created: Table[]): Rename[] {
  const free = [...created];
  return dropped.flatMap((table) => {
    const at = free.findIndex((candidate) => shapeOf(candidate) === shapeOf(table));
    const [twin] = at >= 0 ? free.splice(at, 1) : [];
    return twin === undefined ? [] : [{ kind: "table" as const, from: table.name, to: twin.name }];
  });
}

function shapeOf(table: Table): string {
  const text = definitionOf(table);
  return JSON.stringify([text.columns.map(({ name, text: rest }) => [name, rest]), text.primaryKey]);
}

/** A column that goes and one of the same definition that comes in its place. */
export function proposeColumns(pair: TablePair, parts: Part[]): Rename[] {
  const named = (action: string) =>
    new Set(
      parts
        .filter(({ change }) => change.kind === "column" && change.action === action)
        .map(({ change }) => change.name.slice(pair.name.length + 1)),
    );
  const [gone, come] = [named("drop"), named("create")];
  const free = pair.b.columns.filter(({ name }) => come.has(name));
  const place = (columns: { name: string }[], name: string) => columns.findIndex((column) => column.name === name);
  return pair.a.columns.flatMap((column) => {
    if (!gone.has(column.name)) return [];
    const at = free.findIndex(
      (candidate) =>
        candidate.text === column.text && place(pair.b.columns, candidate.name) === place(pair.a.columns, column.name),
    );
    const [twin] = at >= 0 ? free.splice(at, 1) : [];
    if (twin === undefined) return [];
    return [{ kind: "column" as const, from: `${pair.name}.${column.name}`, to: `${pair.name}.${twin.name}` }];
  });
}
