import { freeBytes } from "./byte-buffer.ts";
import type { RowColumn } from "./mysql/columns.ts";
import { wireMasker } from "./mysql/row-mask.ts";
import { copyMasker } from "./postgres/copy-mask.ts";
import type { RowSum } from "./row-hash.ts";
import type { ValueChange } from "./row-masks.ts";
import type { Counts } from "./value-changes.ts";

/** How rows come: lines of COPY with so many columns, or rows of MySQL's text protocol. */
export type RowForm = { form: "copy"; width: number } | { form: "wire"; columns: RowColumn[] };

/** What is done to the rows of one table; nothing but data, so that another thread can do it. */
export type RowWork = RowForm & { changes: ValueChange[]; secret: Uint8Array };

/** Rows as they are loaded. */
export interface MaskedRows {
  lines: Uint8Array<ArrayBuffer>;
  sum: RowSum;
}

/** Changes rows, piece by piece. */
export interface RowMasker {
  /** Takes whole rows; their bytes are given away. */
  mask(rows: Uint8Array<ArrayBuffer>): MaskedRows;
  /** What was done to all rows so far. */
  counts(): Counts;
}

/** Readies the work. */
export function rowMasker(work: RowWork): RowMasker {
  const { mask, counts } = work.form === "copy" ? copyMasker(work) : wireMasker(work);
  return {
    mask(rows) {
      const masked = mask(rows);
      freeBytes(rows);
      return masked;
    },
    counts,
  };
}
