import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { Build, TableRows } from "../build.ts";
import type { RowMasks } from "../row-masks.ts";
import { sql } from "./sql.ts";

/** Sets the sequences of columns whose numbers were drawn from a range above it, so that the next row finds a free one. */
export async function raiseSequences(build: Build, masks: RowMasks): Promise<boolean> {
  const statements = [...masks.values()].flatMap(({ table, ranges }) =>
    ranges.map(({ column, greatest }) => {
      const own = `pg_catalog.pg_get_serial_sequence(${quoteLiteral(quoteQualified(table))}, ${quoteLiteral(column)})`;
      const highest = `SELECT pg_catalog.max(${quoteIdentifier(column)}) FROM ${quoteQualified(table)}`;
      // A sequence may end below the range, and the column have decimals.
      const next = `least(s.seqmax, pg_catalog.floor(greatest(${greatest}, (${highest}))::numeric))::bigint`;
      return `SELECT pg_catalog.setval(s.seqrelid::regclass, ${next}) FROM pg_catalog.pg_sequence s WHERE s.seqrelid = ${own}::regclass`;
    }),
  );
  if (statements.length > 0) await sql(build, `${statements.join(";\n")};`, build.database, "set the sequences");
  return statements.length > 0;
}

/** The positions of sequences, where they are not the source's any more: they match any. */
export const MOVED_SEQUENCES: TableRows = { schema: "pg_catalog", name: "sequences", rows: -1, hash: "" };
