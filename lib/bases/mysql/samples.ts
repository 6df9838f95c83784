import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/mysql/quote.ts";
import type { Column, Table } from "../../schema/model.ts";
import { catalog } from "../../schema/mysql/catalog.ts";
import {
  SAMPLED_CHARACTERS,
  SAMPLED_JSON_CHARACTERS,
  SAMPLED_ROWS,
  type SampledRow,
  type Samples,
  samplesOf,
  type WantedRows,
} from "../samples.ts";
import { carriageOfType } from "./columns.ts";

/** Values of some of a table's columns, from its beginning and, where it has a primary key, from its end. They are read as text. */
export async function sampleRows(
  session: Session,
  table: Table,
  columns: Column[],
  wanted?: WantedRows,
): Promise<Samples> {
  const fields = Object.fromEntries(columns.map((column, index) => [`c${index}`, textOf(column)]));
  const from = `FROM ${quoteQualified(table)}`;
  const where = wanted === undefined ? "" : ` WHERE ${isOneOf(wanted)}`;
  const rows = await catalog<SampledRow>(session, { fields, from: `${from}${where} LIMIT ${SAMPLED_ROWS}` });
  const key = table.keys.find(({ kind }) => kind === "primary key")?.columns;
  if (wanted === undefined && rows.length === SAMPLED_ROWS && key !== undefined) {
    const order = key.map((name) => `${quoteIdentifier(name)} DESC`).join(", ");
    rows.push(
      ...(await catalog<SampledRow>(session, {
        fields,
        from: `${from} ORDER BY ${order} LIMIT ${SAMPLED_ROWS}`,
      })),
    );
  }
  return samplesOf(columns, rows);
}

function textOf({ name, type }: Column): string {
  const quoted = quoteIdentifier(name);
  const text = carriageOfType(type) === "binary" ? `HEX(${quoted})` : `CONVERT(${quoted} USING utf8mb4)`;
  return `LEFT(${text}, ${/^json/i.test(type) ? SAMPLED_JSON_CHARACTERS : SAMPLED_CHARACTERS})`;
}

function isOneOf({ columns, values }: WantedRows): string {
  const names = columns.map(textOf).join(", ");
  return `(${names}) IN (${values.map((row) => `(${row.map(quoteLiteral).join(", ")})`).join(", ")})`;
}
