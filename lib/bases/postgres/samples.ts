import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { Column, Table } from "../../schema/model.ts";
import {
  SAMPLED_CHARACTERS,
  SAMPLED_JSON_CHARACTERS,
  SAMPLED_ROWS,
  type SampledRow,
  type Samples,
  samplesOf,
  type WantedRows,
} from "../samples.ts";

/** Above this many rows some are taken from all over the table, in about this many pages. */
const BIG = 20_000;
const PAGES = 30;

/** Values of some of a table's columns, from its beginning and, in a big one, from all over it. They are read as text and changed by nothing. */
export async function sampleRows(
  session: Session,
  table: Table,
  columns: Column[],
  wanted?: WantedRows,
): Promise<Samples> {
  const list = columns.map(({ name, type }, index) => {
    const length = /\bjsonb?$/.test(type) ? SAMPLED_JSON_CHARACTERS : SAMPLED_CHARACTERS;
    return `pg_catalog.left(${quoteIdentifier(name)}::pg_catalog.text, ${length}) AS c${index}`;
  });
  const from = `SELECT ${list.join(", ")} FROM ONLY ${quoteQualified(table)}`;
  const where = wanted === undefined ? "" : ` WHERE ${isOneOf(wanted)}`;
  const rows = await session.query<SampledRow>(`${from}${where} LIMIT ${SAMPLED_ROWS}`);
  if (wanted === undefined && table.estimatedRows > BIG) {
    const percent = Math.min(100, (100 * PAGES * 8192) / Math.max(table.bytes, 1));
    rows.push(...(await session.query<SampledRow>(`${from} TABLESAMPLE SYSTEM (${percent}) LIMIT ${SAMPLED_ROWS}`)));
  }
  return samplesOf(columns, rows);
}

function isOneOf({ columns, values }: WantedRows): string {
  const names = columns.map(({ name }) => `${quoteIdentifier(name)}::pg_catalog.text`).join(", ");
  return `(${names}) IN (${values.map((row) => `(${row.map(quoteLiteral).join(", ")})`).join(", ")})`;
}
