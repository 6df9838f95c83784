import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Table } from "../model.ts";
import { COMMITS } from "./alter.ts";
import { defaultless, written } from "./columns.ts";
import { definitionOf, type TableText } from "./definition.ts";
import type { TablePair } from "./pair.ts";
import { changeOf } from "./part.ts";
import type { TablePlan } from "./tables.ts";

/** New tables, those that others refer to first; foreign keys within each as far as their targets are there. */
export function createTables(
  tables: Table[],
  { plan, existing, flavour }: { plan: TablePlan; existing: Set<string>; flavour: TablePair["flavour"] },
): Map<string, Set<string>> {
  const inline = new Map<string, Set<string>>();
  const waiting = [...tables];
  const there = new Set(existing);
  while (waiting.length > 0) {
    const ready = waiting.findIndex((table) =>
      definitionOf(table).foreignKeys.every(
        (key) => key.database !== undefined || key.table === table.name || there.has(key.table),
      ),
    );
    const [table] = waiting.splice(Math.max(0, ready), 1);
    if (table === undefined) break;
    const text = definitionOf(table);
    const fits = text.foreignKeys.filter(
      (key) => key.database !== undefined || key.table === table.name || there.has(key.table),
    );
    inline.set(table.name, new Set(fits.map(({ name }) => name)));
    there.add(table.name);
    const change = changeOf("table", table.name, "create", describe(table, text));
    plan.changes.push(change);
    plan.creates.push({
      sql: createText(table, text, { inline: inline.get(table.name) ?? new Set(), flavour }),
      hazards: [COMMITS],
      transactional: false,
      change: change.id,
    });
    for (const column of text.columns)
      for (const sql of defaultless({ flavour, name: table.name }, column))
        plan.creates.push({ sql, hazards: [COMMITS], transactional: false, change: change.id });
  }
  return inline;
}

function describe({ columns }: Table, { columns: texts }: TableText): string[] {
  return texts.length > 0
    ? texts.map(({ name, text }) => `${name} ${text}`)
    : columns.map(({ name, type }) => `${name} ${type}`);
}

/** The server's own text without a counter, unless somebody set it, and without keys whose targets aren't there yet. */
function createText(
  table: Table,
  text: TableText,
  { inline, flavour }: { inline: Set<string>; flavour: TablePair["flavour"] },
): string {
  const collation = table.mysql?.collation ?? "";
  const ground = { flavour, tableCollation: { a: collation, b: collation } };
  const late = text.foreignKeys
    .filter(({ name }) => !inline.has(name))
    .map(({ name }) => `CONSTRAINT ${quoteIdentifier(name)} FOREIGN`);
  const items = text.items
    .filter((item) => !late.some((start) => item.startsWith(start)))
    .map((item, at) => {
      const column = text.columns[at];
      return column === undefined ? item : `${quoteIdentifier(column.name)} ${written(ground, column)}`;
    });
  const counted = table.mysql?.autoIncrement !== undefined;
  const tail = counted ? text.tail : text.tail.replace(/^(\) [^'"`]*?)AUTO_INCREMENT=\d+ ?/, "$1");
  return `CREATE TABLE ${quoteIdentifier(table.name)} (\n  ${items.join(",\n  ")}\n${tail}`;
}
