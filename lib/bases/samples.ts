import type { Column } from "../schema/model.ts";

/** Values of a table's columns, by the column's name; null for NULL. */
export type Samples = Map<string, (string | null)[]>;

/** Rows by the values of some columns, as texts. */
export interface WantedRows {
  columns: Column[];
  values: string[][];
}
