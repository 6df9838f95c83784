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
