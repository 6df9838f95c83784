/** Values of a table's columns, by the column's name; null for NULL. */
export type Samples = Map<string, (string | null)[]>;
