import { DittoError } from "../kit/errors.ts";

/** Counts values that a mask keeps because they are none: zero dates, infinity, NaN. */
export interface Specials {
  count: number;
  keep(value: string): string;
}

export function countSpecials(): Specials {
  const specials: Specials = {
    count: 0,
    keep(value) {
      specials.count++;
      return value;
    },
  };
  return specials;
}

/** Keeps infinity and MySQL's zero dates, and throws for any other value of a date's column that could not be read. */
export function keepSpecialDay(value: string, rule: { table: string; column: string }, specials: Specials): string {
  if (/^-?infinity$/.test(value) || value.startsWith("0000-00-00")) return specials.keep(value);
  throw new DittoError(`Cannot mask ${rule.table}.${rule.column}: it holds a date that is not written as YYYY-MM-DD`, {
    code: "MASK_DATE",
    hint: 'Use "nullify" or "redact" for this column',
  });
}
