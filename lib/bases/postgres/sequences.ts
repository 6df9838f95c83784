import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { Table } from "../../schema/model.ts";
import type { Build, TableRows } from "../build.ts";
import { HEADROOM, type RowMask, type RowMasks } from "../row-masks.ts";
import { sql } from "./sql.ts";

/**
 * Sets the sequences of columns whose numbers were drawn from a range above it, so that the next row finds a free one; where the
 * column's type or the sequence ends with the range, above the greatest number drawn.
 */
export async function raiseSequences(build: Build, masks: RowMasks): Promise<boolean> {
  const statements = [...masks.values()].flatMap(({ table, ranges }) =>
    ranges.map((range) => raiseSequence(table, range)),
  );
  if (statements.length > 0) await sql(build, `${statements.join(";\n")};`, build.database, "set the sequences");
  return statements.length > 0;
}

function raiseSequence(table: Table, { column, greatest, isFull }: RowMask["ranges"][number]): string {
  const own = `pg_catalog.pg_get_serial_sequence(${quoteLiteral(quoteQualified(table))}, ${quoteLiteral(column)})`;
  const highest = `SELECT pg_catalog.max(${quoteIdentifier(column)})::numeric AS most FROM ${quoteQualified(table)}`;
  const above = `CASE WHEN ${isFull} OR ${greatest} + ${HEADROOM} > s.seqmax THEN h.most ELSE greatest(${greatest}, h.most) END`;
  // A sequence may end below the range, and the column have decimals; without a row it begins anew.
  const next = `least(s.seqmax, greatest(s.seqmin, pg_catalog.floor(coalesce(${above}, s.seqstart)::numeric)))::bigint`;
  return `SELECT pg_catalog.setval(s.seqrelid::regclass, ${next}, (${above}) IS NOT NULL) FROM pg_catalog.pg_sequence s, (${highest}) h WHERE s.seqrelid = ${own}::regclass`;
}

/** The positions of sequences, where they are not the source's any more: they match any. */
export const MOVED_SEQUENCES: TableRows = { schema: "pg_catalog", name: "sequences", rows: -1, hash: "" };
