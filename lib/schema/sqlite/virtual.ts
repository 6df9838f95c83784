import { quoteIdentifier } from "../../engine/sqlite/quote.ts";
import type { Destructive, Hazard, Statement } from "../change.ts";
import type { Table } from "../model.ts";
import { countRows, SAVEPOINT } from "./guard.ts";

/** Makes a virtual table anew; its rows go along where it has some of its own that can be read back. */
export function recreateVirtual(
  old: Table,
  table: Table,
  { beside, change, counted }: { beside: string; change: string; counted: Set<string> },
): Statement[] {
  const quoted = quoteIdentifier(table.name);
  const source = contentOf(table.definition ?? "");
  const statement = (sql: string, more: Partial<Statement> = {}): Statement => ({
    sql,
    hazards: [],
    transactional: true,
    change,
    ...more,
  });
  if (source !== undefined && source !== "" && contentOf(old.definition ?? "") !== "") {
    // Its content stands in another table, from which it is built again.
    return [
      statement(`DROP TABLE ${quoted}`),
      statement(table.definition ?? ""),
      statement(`INSERT INTO ${quoted} (${quoted}) VALUES ('rebuild')`, {
        hazards: [{ name: "locks", detail: `the index ${table.name} is built from all rows` }],
      }),
    ];
  }
  // They only show what is in others.
  if (/^(fts5vocab|fts4aux|fts3tokenize|dbstat)$/i.test(old.sqlite?.virtual ?? ""))
    return [statement(`DROP TABLE ${quoted}`), statement(table.definition ?? "")];
  const shared = table.columns
    .filter(({ name, generated }) => generated === "no" && old.columns.some((column) => column.name === name))
    .map(({ name }) => quoteIdentifier(name));
  if (source === "" || contentOf(old.definition ?? "") === "" || shared.length === 0) {
    const hazards: Hazard[] = [
      { name: "deletes-data", detail: `the content of ${table.name}, which it gives to nobody` },
    ];
    const destructive: Destructive = "recreate-table";
    return [
      statement(`DROP TABLE ${quoted}`, { hazards, destructive }),
      statement(table.definition ?? "", { destructive }),
    ];
  }
  // Renaming one would leave its shadow tables written otherwise: the rows wait elsewhere.
  const aside = `temp.${quoteIdentifier(beside)}`;
  const list = [...(hasRowid(old) && hasRowid(table) ? ["rowid"] : []), ...shared].join(", ");
  const rows = countRows(table.name, { none: false });
  counted.add(table.name.toLowerCase());
  return [
    statement(rows.before),
    statement(`CREATE TEMP TABLE ${quoteIdentifier(beside)} AS SELECT ${list} FROM ${quoted}`),
    statement(SAVEPOINT),
    statement(`DROP TABLE ${quoted}`),
    statement(table.definition ?? ""),
    statement(`INSERT INTO ${quoted} (${list}) SELECT ${list} FROM ${aside}`, {
      hazards: [{ name: "rewrites-table", detail: `all rows of ${table.name} are indexed anew` }],
    }),
    statement(rows.after),
    statement(`DROP TABLE ${aside}`),
  ];
}

/** Whether rows have a number beside their columns, which others may know them by. */
function hasRowid({ sqlite, columns }: Table): boolean {
  if (sqlite?.withoutRowid || /^(rtree|rtree_i32|geopoly)$/i.test(sqlite?.virtual ?? "")) return false;
  return !columns.some(({ name, identity }) => name.toLowerCase() === "rowid" || identity !== "no");
}

/** What `content=` says: undefined where the table keeps its own content, "" where it keeps none. */
function contentOf(sql: string): string | undefined {
  const found = /[(,]\s*content\s*=\s*('(?:[^']|'')*'|"(?:[^"]|"")*"|[^\s,)]*)/i.exec(sql)?.[1];
  return found?.replace(/^['"]|['"]$/g, "");
}
