/** Repeated measurements of one thing, in its own unit (milliseconds, bytes, or a ratio). */
export interface Summary {
  median: number;
  min: number;
  max: number;
  samples: number[];
}

/** Sums samples up. Throws when there are none. */
export function summarize(samples: number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("there is nothing to sum up");
  return { median: (low + high) / 2, min: sorted[0] ?? low, max: sorted.at(-1) ?? high, samples };
}
