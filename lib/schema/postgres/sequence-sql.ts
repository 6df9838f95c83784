import type { SequenceOptions } from "../model.ts";

const LIMITS: Record<string, bigint> = {
  smallint: 32767n,
  integer: 2147483647n,
  bigint: 9223372036854775807n,
};

/** The bounds that a sequence of this type and direction has when nobody names any. */
export function usualBounds(options: Pick<SequenceOptions, "type" | "increment">): {
  minimum: string;
  maximum: string;
} {
  const limit = LIMITS[options.type] ?? 9223372036854775807n;
  const down = options.increment.startsWith("-");
  return { minimum: down ? String(-limit - 1n) : "1", maximum: down ? "-1" : String(limit) };
}

/** The clauses that say all of a sequence that is not as usual. */
export function sequenceClauses(options: SequenceOptions, told: { type: boolean }): string[] {
  const { minimum, maximum } = usualBounds(options);
  const down = options.increment.startsWith("-");
  const clauses: string[] = [];
  if (told.type && options.type !== "bigint") clauses.push(`AS ${options.type}`);
  if (options.start !== (down ? options.maximum : options.minimum)) clauses.push(`START WITH ${options.start}`);
  if (options.increment !== "1") clauses.push(`INCREMENT BY ${options.increment}`);
  if (options.minimum !== minimum) clauses.push(`MINVALUE ${options.minimum}`);
  if (options.maximum !== maximum) clauses.push(`MAXVALUE ${options.maximum}`);
  if (options.cache !== "1") clauses.push(`CACHE ${options.cache}`);
  if (options.cycle) clauses.push("CYCLE");
  return clauses;
}

/** What differs, in words and as the clauses of ALTER. `last` is the value it gave last, "" when it gave none. */
export function sequenceChange(
  a: SequenceOptions,
  b: SequenceOptions,
  last: string,
): { words: string[]; clauses: string[] } {
  const words: string[] = [];
  const clauses: string[] = [];
  const note = (label: string, before: string, after: string, clause: string) => {
    if (before === after) return;
    words.push(`${label}: ${before} → ${after}`);
    clauses.push(clause);
  };
  note("type", a.type, b.type, `AS ${b.type}`);
  note("increment", a.increment, b.increment, `INCREMENT BY ${b.increment}`);
  // Another type or direction moves bounds that nobody named.
  const moved = a.type !== b.type || a.increment !== b.increment;
  if (moved && a.minimum === b.minimum) clauses.push(`MINVALUE ${b.minimum}`);
  if (moved && a.maximum === b.maximum) clauses.push(`MAXVALUE ${b.maximum}`);
  note("minimum", a.minimum, b.minimum, `MINVALUE ${b.minimum}`);
  note("maximum", a.maximum, b.maximum, `MAXVALUE ${b.maximum}`);
  note("start", a.start, b.start, `START WITH ${b.start}`);
  note("cache", a.cache, b.cache, `CACHE ${b.cache}`);
  note("cycle", a.cycle ? "yes" : "no", b.cycle ? "yes" : "no", b.cycle ? "CYCLE" : "NO CYCLE");
  const at = BigInt(last === "" ? a.start : last);
  const outside = at < BigInt(b.minimum) || at > BigInt(b.maximum);
  if (clauses.length > 0 && (outside || (last === "" && a.start !== b.start))) {
    clauses.push(`RESTART WITH ${b.start}`);
    if (last !== "") words.push(`it starts again at ${b.start}: ${last} is outside of its new bounds`);
  }
  return { words, clauses };
}
