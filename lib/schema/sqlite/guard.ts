import type { Hazard, Statement } from "../change.ts";
import type { FullSchema } from "../model-objects.ts";
import { byName, type Work } from "./work.ts";

/**
 * Foreign keys are off meanwhile. At the end nothing may point into the void that did not before: the row that counts it
 * is refused by its CHECK, and takes the whole transaction back.
 */
export function guarded(statements: Statement[], { a, b, rebuilt }: Work): Statement[] {
  const dropping = statements.some(({ destructive }) => destructive === "drop-table" || destructive === "drop-column");
  const keys = b.tables.some((table) => table.keys.some(({ kind }) => kind === "foreign key"));
  const [first] = statements;
  if (first === undefined || !keys || !(dropping || rebuilt.size > 0) || mismatched(a) || mismatched(b))
    return statements;
  const change = statements.at(-1)?.change ?? first.change;
  const statement = (sql: string, hazards: Hazard[] = []): Statement => ({ sql, hazards, transactional: true, change });
  const count = "(SELECT count(*) FROM pragma_foreign_key_check)";
  return [
    statement("CREATE TEMP TABLE ditto_keys (broken_before INTEGER, broken INTEGER CHECK (broken <= broken_before))"),
    statement(`INSERT INTO ditto_keys SELECT ${count}, 0`),
    ...statements,
    statement(`UPDATE OR ROLLBACK ditto_keys SET broken = ${count}`, [
      { name: "may-fail", detail: "rows whose foreign key points to no row: nothing is changed then" },
    ]),
    statement("DROP TABLE temp.ditto_keys"),
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
