import { quoteIdentifier, quoteQualified } from "../../engine/mysql/quote.ts";
import type { Table } from "../../schema/model.ts";

/**
 * How a column's values travel: as they are (numbers, times), with escapes (text), in hexadecimal (bytes), or as a
 * number whose printed form is rounded (FLOAT).
 */
export type Carriage = "plain" | "text" | "binary" | "float";

/** A column that holds values of its own. */
export interface RowColumn {
  name: string;
  carriage: Carriage;
  /** What is selected instead of it. */
  selected?: string | undefined;
}

const BINARY = /^(bit|binary|varbinary|tinyblob|blob|mediumblob|longblob|vector)\b/i;
const SPATIAL =
  /^(geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geomcollection|geometrycollection)\b/i;
const PLAIN = /^(tinyint|smallint|mediumint|int|bigint|decimal|double|float|date|datetime|timestamp|time|year)\b/i;

/** The columns whose values are read and loaded; generated ones are computed anew. */
export function rowColumns(table: Table, selected?: ReadonlyMap<string, string>): RowColumn[] {
  return table.columns
    .filter(({ generated }) => generated === "no")
    .map(({ name, type }) => ({ name, carriage: carriageOfType(type), selected: selected?.get(name) }));
}

/** How values of a type travel, by the type as the catalog writes it. */
export function carriageOfType(type: string): Carriage {
  if (BINARY.test(type) || SPATIAL.test(type)) return "binary";
  // FLOAT prints six digits of its seven to nine; FLOAT(M,D) prints all that it stored.
  if (/^float(?!\()/i.test(type)) return "float";
  return PLAIN.test(type) ? "plain" : "text";
}

/** What is selected for a column's value. */
export function columnValue({ name, carriage }: Pick<RowColumn, "name" | "carriage">): string {
  // Multiplied, not added: -0 + 0 is 0.
  return carriage === "float" ? `${quoteIdentifier(name)} * 1e0` : quoteIdentifier(name);
}

/** The query that reads a table's rows, with conditions behind them; the driver's decoder is not used, so aliases don't matter. */
export function selectRows(table: Table, columns: RowColumn[], condition?: string, flags: string[] = []): string {
  const list = [...columns.map((column) => column.selected ?? columnValue(column)), ...flags];
  const where = condition === undefined ? "" : ` WHERE ${condition}`;
  return `SELECT ${list.join(", ")} FROM ${quoteQualified(table)}${where}`;
}

/** The statement that loads lines as {@link LineBuffer} makes them. */
export function loadStatement(table: Table, columns: RowColumn[], file: string): string {
  const isBinary = ({ carriage }: RowColumn) => carriage === "binary";
  const targets = columns.map((column, index) => (isBinary(column) ? `@v${index}` : quoteIdentifier(column.name)));
  const sets = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => isBinary(column))
    .map(({ column, index }) => `${quoteIdentifier(column.name)} = UNHEX(@v${index})`);
  return [
    `LOAD DATA LOCAL INFILE '${file}' INTO TABLE ${quoteIdentifier(table.name)} CHARACTER SET utf8mb4`,
    "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'",
    `(${targets.join(", ")})${sets.length === 0 ? "" : ` SET ${sets.join(", ")}`}`,
  ].join(" ");
}
