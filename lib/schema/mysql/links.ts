import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Table } from "../model.ts";
import { definitionOf, type ForeignKeyText } from "./definition.ts";
import { type Links, planLinks } from "./foreign-keys.ts";
import type { TablePair } from "./pair.ts";
import type { Part } from "./part.ts";
import type { Renames } from "./renames.ts";
import type { Prepared, Sides, TablePlan } from "./tables.ts";

/** Foreign keys of all tables, once what happens to columns is known. */
export function planKeys(
  { renames, chosen }: Sides,
  plan: TablePlan,
  { pairs, created, inline }: { pairs: Prepared[]; created: Table[]; inline: Map<string, Set<string>> },
): void {
  const moved = new Set(pairs.flatMap(({ pair, parts }) => movedColumns(pair, parts)));
  const links: Links[] = pairs.map(({ pair }) => ({
    table: pair.name,
    a: pair.a.foreignKeys.map((key) => underNewNames(key, renames, { table: pair.name, oldTable: pair.oldTable })),
    b: pair.b.foreignKeys,
    indexes: pair.b.indexes,
    inline: new Set(),
  }));
  for (const table of created)
    links.push({
      table: table.name,
      a: [],
      b: definitionOf(table).foreignKeys,
      indexes: [],
      inline: inline.get(table.name) ?? new Set(),
    });
  const keys = planLinks(
    links.map((link) => ({
      ...link,
      a: link.a.filter(({ name }) => chosen("foreign key", link.table, `${link.table}.${name}`)),
      b: link.b.filter(({ name }) => chosen("foreign key", link.table, `${link.table}.${name}`)),
    })),
    (table, column) => moved.has(`${table}\0${column}`) || moved.has(`${table}\0`),
  );
  plan.changes.push(...keys.parts.map(({ change }) => change));
  plan.linkDrops.push(...keys.drops);
  plan.links.push(...keys.adds);
}

/** Columns whose type, collation, nullability or expression changes; all of them where the engine does. */
function movedColumns(pair: TablePair, parts: Part[]): string[] {
  const columns = parts
    .filter(({ change }) => change.kind === "column" && change.action !== "create")
    .filter(
      ({ change }) =>
        change.action !== "alter" ||
        change.words.some((word) => /^(type|collation|its|generated|null|not null|auto)/.test(word)),
    )
    .map(({ change }) => `${pair.name}\0${change.name.slice(pair.name.length + 1)}`);
  const moves = parts.some(({ clauses }) => clauses.some(({ sql }) => /^ENGINE=/.test(sql)));
  return moves ? [...columns, `${pair.name}\0`] : columns;
}

/** A foreign key of A with the names that its tables, columns and itself get by renames. */
function underNewNames(
  key: ForeignKeyText,
  renames: Renames,
  { table, oldTable }: { table: string; oldTable: string },
): ForeignKeyText {
  const target = key.database === undefined ? (renames.tables.get(key.table) ?? key.table) : key.table;
  const columns = key.database === undefined ? renames.columns.get(target) : undefined;
  const referenced = key.referenced.map((column) => columns?.get(column) ?? column);
  const list = (names: string[]) => names.map(quoteIdentifier).join(",");
  const text =
    key.database !== undefined || (target === key.table && referenced.join("\0") === key.referenced.join("\0"))
      ? key.text
      : key.text.replace(
          /REFERENCES `(?:[^`]|``)*` \((?:`(?:[^`]|``)*`,? ?)*\)/,
          () => `REFERENCES ${quoteIdentifier(target)} (${list(referenced)})`,
        );
  // The server renames what it named itself.
  const own = `${oldTable}_ibfk_`;
  const name =
    table !== oldTable && key.name.startsWith(own) ? `${table}_ibfk_${key.name.slice(own.length)}` : key.name;
  return { ...key, name, table: target, referenced, text };
}
