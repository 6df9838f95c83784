import type { Rename } from "../change.ts";
import type { Column, Table } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import { qualified, shown } from "./quote.ts";

/** Pairs that look like one object under two names. */
export function proposeRenames(a: FullSchema, b: FullSchema): Rename[] {
  const shape = (table: Table) =>
    JSON.stringify([table.kind, table.columns.map(({ name, type }) => [name, type]), table.definition ?? ""]);
  const missing = <T extends { schema: string; name: string }>(some: T[], others: T[]) => {
    const names = new Set(others.map(({ schema, name }) => qualified(schema, name)));
    return some.filter(({ schema, name }) => !names.has(qualified(schema, name)));
  };
  const free = missing(b.tables, a.tables);
  const tables = missing(a.tables, b.tables).flatMap((old): Rename[] => {
    const at = free.findIndex(
      (now) => now.schema === old.schema && old.columns.length > 0 && shape(now) === shape(old),
    );
    const [now] = at < 0 ? [] : free.splice(at, 1);
    return now === undefined
      ? []
      : [{ kind: "table", from: shown(old.schema, old.name), to: shown(now.schema, now.name) }];
  });
  const twins = new Map(b.tables.map((table) => [qualified(table.schema, table.name), table]));
  const columns = a.tables.flatMap((table) => proposeColumns(table, twins.get(qualified(table.schema, table.name))));
  return [...tables, ...columns];
}

function proposeColumns(table: Table, twin: Table | undefined): Rename[] {
  if (twin === undefined || table.kind === "view" || table.kind === "materialized view") return [];
  const place = (columns: Column[], column: Column) => columns.indexOf(column);
  return table.columns.flatMap((old): Rename[] => {
    if (twin.columns.some(({ name }) => name === old.name)) return [];
    const now = twin.columns.find(
      (one) =>
        one.type === old.type &&
        place(twin.columns, one) === place(table.columns, old) &&
        !table.columns.some(({ name }) => name === one.name),
    );
    if (now === undefined) return [];
    return [
      {
        kind: "column",
        from: shown(table.schema, table.name, old.name),
        to: shown(table.schema, table.name, now.name),
      },
    ];
  });
}
