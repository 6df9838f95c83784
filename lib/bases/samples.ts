import type { Column } from "../schema/model.ts";

/** Values of a table's columns, by the column's name; null for NULL. */
export type Samples = Map<string, (string | null)[]>;

/** Rows by the values of some columns, as texts. */
export interface WantedRows {
  columns: Column[];
  values: string[][];
}

/** Rows that are looked at at a time, and characters of each value; JSON has to be whole to be read. */
export const SAMPLED_ROWS = 100;
export const SAMPLED_CHARACTERS = 400;
export const SAMPLED_JSON_CHARACTERS = 8_000;

/** A sampled row as it was asked for: the columns by their number, `c0` and on. */
export type SampledRow = Record<string, string | null>;

/** The rows by their columns. */
export function samplesOf(columns: Column[], rows: SampledRow[]): Samples {
  return new Map(columns.map(({ name }, index) => [name, rows.map((row) => row[`c${index}`] ?? null)]));
}
