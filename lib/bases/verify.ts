import { DittoError } from "../kit/errors.ts";
import { qualifiedName, type Schema } from "../schema/model.ts";
import type { TableRows } from "./build.ts";
import type { Chosen } from "./selection.ts";

/** Compares the rows that were read with those that the base holds, by number and hash. Throws `VERIFY_FAILED` naming tables. */
export function compareRows(read: TableRows[], held: TableRows[]): void {
  const names = new Map([...read, ...held].map((rows) => [qualifiedName(rows), rows]));
  const index = (list: TableRows[]) => new Map(list.map((rows) => [qualifiedName(rows), rows]));
  const [a, b] = [index(read), index(held)];
  const wrong: string[] = [];
  for (const name of names.keys()) {
    const [left, right] = [a.get(name), b.get(name)];
    if (left?.rows === -1) continue;
    if ((left?.rows ?? 0) !== (right?.rows ?? 0))
      wrong.push(`${name} (${left?.rows ?? 0} rows read, ${right?.rows ?? 0} in the base)`);
    else if (left && right && left.hash && right.hash && left.hash !== right.hash)
      wrong.push(`${name} (${left.rows} rows, other content)`);
  }
  refuse(wrong, "the base does not hold the rows that were read");
}

/** Checks that every relation, column and key of the source that was chosen stands in the base; positions of sequences count as rows. */
export function compareSchemas(source: Schema, base: Schema, chosen: Chosen): void {
  const left = new Set(chosen.left.map(qualifiedName));
  const held = new Map(base.tables.map((table) => [qualifiedName(table), table]));
  const wrong: string[] = [];
  for (const table of source.tables) {
    const name = qualifiedName(table);
    if (left.has(name) || table.extension !== "") continue;
    const twin = held.get(name);
    if (!twin) {
      wrong.push(`${name} is missing`);
      continue;
    }
    const columns = new Set(twin.columns.map((column) => column.name));
    for (const column of table.columns) if (!columns.has(column.name)) wrong.push(`${name}.${column.name} is missing`);
    const keys = new Map(twin.keys.map((key) => [key.name, key]));
    for (const key of table.keys) {
      const other = keys.get(key.name);
      if (!other) wrong.push(`${key.kind} ${key.name} of ${name} is missing`);
      else if (key.validated && !other.validated) wrong.push(`${key.kind} ${key.name} of ${name} is not validated`);
    }
  }
  refuse(wrong, "the base is not the source's schema");
}

function refuse(wrong: string[], state: string): void {
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 10).join(", ") + (wrong.length > 10 ? ` and ${wrong.length - 10} more` : "");
  throw new DittoError(`Cannot announce the base: ${state}: ${shown}`, {
    code: "VERIFY_FAILED",
    hint: "The previous base is untouched. Run reseed again; if it happens twice, please report it with the tables' definitions",
  });
}

/** Rows of all tables; those of `pg_catalog` are sequences and large objects. */
export function countRows(rows: TableRows[]): number {
  return rows.filter(({ schema }) => schema !== "pg_catalog").reduce((sum, table) => sum + table.rows, 0);
}
