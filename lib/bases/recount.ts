import type { Session } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { qualifiedName, type Table } from "../schema/model.ts";
import type { TableRows } from "./build.ts";
import type { Chosen } from "./selection.ts";
import { unreadable } from "./unreadable.ts";

type Counted = Pick<TableRows, "schema" | "name" | "rows">;

/** Tables of the source whose rows were chosen; what is computed from them isn't counted. */
export function tablesToCount({ whole, filtered }: Chosen): { table: Table; condition?: string | undefined }[] {
  const stored = ({ table }: { table: Table }) => table.kind === "table" || table.kind === "partition";
  return [...whole.map((table) => ({ table, condition: table.configuration })), ...filtered].filter(stored);
}

/** Counts the rows of one of them in the source, in the transaction that dumps; `from` is its name in SQL. */
export async function countAgain(
  session: Session,
  { table, condition, from }: { table: Table; condition?: string | undefined; from: string },
): Promise<Counted> {
  const where = condition === undefined ? "" : ` WHERE (${condition}\n)`;
  const [found] = await session
    .query<{ n: string | number }>(`SELECT count(*) AS n FROM ${from}${where}`)
    .catch((error) => {
      throw unreadable(table, error);
    });
  return { schema: table.schema, name: table.name, rows: Number(found?.n) };
}

/** Compares the rows that were read with those that the source was found to have. Throws `VERIFY_FAILED` naming tables. */
export function compareCounts(counted: Counted[], read: TableRows[]): void {
  const known = new Map(read.map((rows) => [qualifiedName(rows), rows.rows]));
  const wrong = counted.flatMap((rows) => {
    const name = qualifiedName(rows);
    const passed = known.get(name) ?? 0;
    return passed === rows.rows ? [] : [`${name} (${rows.rows} rows in the source, ${passed} read)`];
  });
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 10).join(", ") + (wrong.length > 10 ? ` and ${wrong.length - 10} more` : "");
  throw new DittoError(`Cannot announce the base: not all rows of the source were read: ${shown}`, {
    code: "VERIFY_FAILED",
    hint: "The previous base is untouched. Look whether a policy or a rule of the source hides rows from its dump tool",
  });
}
