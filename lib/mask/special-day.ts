import { DittoError } from "../kit/errors.ts";

/** Keeps infinity and MySQL's zero dates, and throws for any other value of a date's column that could not be read. */
export function keepSpecialDay(value: string, rule: { table: string; column: string }): string {
  if (/^-?infinity$/.test(value) || value.startsWith("0000-00-00")) return value;
  throw new DittoError(`Cannot mask ${rule.table}.${rule.column}: it holds a date that is not written as YYYY-MM-DD`, {
    code: "MASK_DATE",
    hint: 'Use "nullify" or "redact" for this column',
  });
}
