import { quoteIdentifier, quoteLiteral } from "../../engine/sqlite/quote.ts";
import { type Hazard, kindsOf, type Statement } from "../change.ts";
import type { FullSchema } from "../model-objects.ts";
import { byName, type Work } from "./work.ts";

/** From here on nothing stays without COMMIT, also where BEGIN found the database busy or an error has ended its transaction. */
export const SAVEPOINT = "SAVEPOINT ditto";

/** Around what makes a table anew: its rows are counted before and behind. `none`: none of them is to come along. */
export function countRows(table: string, { none }: { none: boolean }): { before: string; after: string } {
  const what = quoteLiteral(`rows of ${table}`);
  const count = `count(*) FROM ${quoteIdentifier(table)}`;
  return {
    before: `INSERT INTO ditto_guard (what, before) ${none ? `VALUES (${what}, 0)` : `SELECT ${what}, ${count}`}`,
    after: `UPDATE ditto_guard SET after = (SELECT ${count}) WHERE what = ${what}`,
  };
}

/**
 * Shells go on after an error, up to COMMIT. The last row before it is refused, and takes the whole transaction back,
 * when rows are missing, when keys point into the void that did not before, or when the first row is gone.
 */
export function guarded(statements: Statement[], { a, b, rebuilt, counted }: Work): Statement[] {
  const dropping = statements.flatMap(kindsOf).some((kind) => kind === "drop-table" || kind === "drop-column");
  const known = b.tables.some((table) => table.keys.some(({ kind }) => kind === "foreign key"));
  const keys = known && (dropping || rebuilt.size > 0) && !mismatched(a) && !mismatched(b);
  const [first] = statements;
  if (first === undefined || !(keys || counted.size > 0)) return statements;
  const change = statements.at(-1)?.change ?? first.change;
  const statement = (sql: string, hazards: Hazard[] = []): Statement => ({ sql, hazards, transactional: true, change });
  const outside = (sql: string): Statement => ({ ...statement(sql), transactional: false });
  const broken = "(SELECT count(*) FROM pragma_foreign_key_check)";
  return [
    outside(
      "CREATE TEMP TABLE IF NOT EXISTS ditto_guard (what TEXT PRIMARY KEY, before INTEGER, after INTEGER, kept INTEGER NOT NULL DEFAULT 1 CHECK (kept))",
    ),
    statement(SAVEPOINT),
    // Reads what is shared, so that from here on nobody else's writes come between.
    statement(
      "INSERT INTO ditto_guard (what, before, after) SELECT 'begin', count(*), count(*) FROM main.sqlite_master",
    ),
    ...(keys ? [statement(`INSERT INTO ditto_guard (what, before) SELECT 'broken keys', ${broken}`)] : []),
    ...statements,
    ...(keys ? [statement(`UPDATE ditto_guard SET after = max(before, ${broken}) WHERE what = 'broken keys'`)] : []),
    statement(
      "INSERT OR ROLLBACK INTO ditto_guard (what, kept) SELECT 'end', total(what = 'begin') = 1 AND min(after IS before) FROM ditto_guard",
      keys ? [{ name: "may-fail", detail: "rows whose foreign key points to no row: nothing is changed then" }] : [],
    ),
    outside("DROP TABLE temp.ditto_guard"),
  ];
}

/** Keys to something that is not unique can't be checked, and break every write: SQLite says so itself. */
function mismatched({ tables }: FullSchema): boolean {
  const known = byName(tables);
  return tables.some(({ keys }) =>
    keys.some(({ kind, references }) => {
      if (kind !== "foreign key" || references === undefined) return false;
      const parent = known.get(references.table.toLowerCase());
      if (parent === undefined) return false;
      const wanted = references.columns
        .map((name) => name.toLowerCase())
        .sort()
        .join("\0");
      const unique = [
        ...parent.keys.filter((key) => key.kind !== "foreign key").map(({ columns }) => columns),
        ...parent.indexes.filter((index) => index.unique).map(({ columns }) => columns),
      ];
      return !unique.some(
        (columns) =>
          columns
            .map((name) => name.toLowerCase())
            .sort()
            .join("\0") === wanted,
      );
    }),
  );
}
