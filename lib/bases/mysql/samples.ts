import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteQualified } from "../../engine/mysql/quote.ts";
import type { Column, Table } from "../../schema/model.ts";
import type { Samples } from "../samples.ts";
import { carriageOfType } from "./columns.ts";

/** Rows that are looked at at each end of a table, and characters of each value; JSON has to be whole to be read. */
const ROWS = 100;
const CHARACTERS = 400;
const JSON_CHARACTERS = 8_000;

/** Values of some of a table's columns, from its beginning and, where it has a primary key, from its end. They are read as text. */
export async function sampleRows(session: Session, table: Table, columns: Column[]): Promise<Samples> {
  const list = columns.map(({ name, type }, index) => {
    const quoted = quoteIdentifier(name);
    const text = carriageOfType(type) === "binary" ? `HEX(${quoted})` : `CONVERT(${quoted} USING utf8mb4)`;
    return `LEFT(${text}, ${/^json/i.test(type) ? JSON_CHARACTERS : CHARACTERS}) AS c${index}`;
  });
  const from = `SELECT ${list.join(", ")} FROM ${quoteQualified(table)}`;
  const rows = await session.query<Record<string, string | null>>(`${from} LIMIT ${ROWS}`);
  const key = table.keys.find(({ kind }) => kind === "primary key")?.columns;
  if (rows.length === ROWS && key !== undefined) {
    const order = key.map((name) => `${quoteIdentifier(name)} DESC`).join(", ");
    rows.push(...(await session.query<Record<string, string | null>>(`${from} ORDER BY ${order} LIMIT ${ROWS}`)));
  }
  return new Map(columns.map(({ name }, index) => [name, rows.map((row) => row[`c${index}`] ?? null)]));
}
