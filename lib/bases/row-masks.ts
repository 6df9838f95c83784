import type { Kind } from "../mask/kind.ts";
import type { MaskRequest } from "../mask/request.ts";
import type { Rule } from "../mask/rule.ts";
import type { Column, Table } from "../schema/model.ts";

/** A value that the source itself changes before it sends it. */
export interface SelectMask {
  column: Column;
  kind: Kind;
  rule: Rule;
  /** What `redact` puts there; of bytes the bytes in UTF-8. */
  replacement: string | undefined;
}

/** What one rule did to one table. */
export interface RuleCount {
  /** `schema.table.column`, with a JSON path behind a slash. */
  name: string;
  strategy: Rule["strategy"];
  type?: Rule["type"];
  /** Values that were not NULL and that `where` did not keep. */
  seen: number;
  changed: number;
  /** Rows whose value `where` kept raw. */
  kept: number;
  /** How many different values there were and are, above COUNTED of lib/mask/distinct.ts about; null where the source changed them and nobody else saw them. */
  distinct?: { before: number | null; after: number };
}

/** One rule's work on the rows of a table as they pass; nothing but data, so that another thread can do it. */
export interface ValueChange {
  /** Which of the row's columns. */
  index: number;
  /** The column that decides how far a date is shifted. */
  by: number | undefined;
  /** Which of the conditions behind the row keeps the value, where it is true. */
  flag: number | undefined;
  /** Undefined where the source has changed it already. */
  request: MaskRequest | undefined;
  count: RuleCount;
}

/** How the rows of one table are read and changed. */
export interface RowMask {
  table: Table;
  /** SQL that is selected instead of a column, by the column's name. */
  selected: Map<string, string>;
  /** Conditions selected behind the columns. */
  flags: string[];
  changes: ValueChange[];
  /** Of the key that values are drawn with. */
  secret: Uint8Array;
  /** Columns whose numbers were drawn from a range; what counts them up must begin above it, or where `isFull` above what was drawn. */
  ranges: { column: string; greatest: number; isFull: boolean }[];
}

/** Numbers that must be left above a range, else what counts up would soon be at its end. */
export const HEADROOM = 1000;

/** The tables whose rows leave the source changed, by `schema.table`. */
export type RowMasks = ReadonlyMap<string, RowMask>;
