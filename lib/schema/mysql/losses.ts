interface Parsed {
  base: string;
  numbers: number[];
}

/** `decimal(10,2) unsigned` → `decimal`, 10 and 2. */
function parse(type: string): Parsed {
  const base = /^\w+/.exec(type)?.[0].toLowerCase() ?? "";
  const [, inner = ""] = /^\w+ ?\(([\d, ]+)\)/.exec(type) ?? [];
  return { base, numbers: inner === "" ? [] : inner.split(",").map(Number) };
}

const INTEGERS = ["tinyint", "smallint", "mediumint", "int", "bigint"];
const FLOATS = ["float", "double"];
const TIMES = ["datetime", "timestamp", "time"];
const TEXTS = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext"];

/** What values lose on the way from one type to another though the server is strict: it cuts these with a note at most. */
export function lossBetween(before: string, after: string, where: string): string | undefined {
  if (before === after) return undefined;
  const [a, b] = [parse(before), parse(after)];
  const lost = dayOrTimeLoss(a, b);
  if (lost !== undefined) return `${lost} ${where}`;
  if (rounds(a, b)) return `values of ${where} are rounded to ${after}`;
  const numeric = [...INTEGERS, ...FLOATS, "decimal"].includes(b.base);
  if (TEXTS.includes(a.base) && (numeric || [...TIMES, "date", "year"].includes(b.base)))
    return `how values of ${where} are written, such as the zeros of '00123'`;
  if (/^(enum|set)$/.test(a.base) && numeric) return `the names in ${where}, whose numbers stay`;
  return undefined;
}

function dayOrTimeLoss({ base: from }: Parsed, { base: to }: Parsed): string | undefined {
  const moment = from === "datetime" || from === "timestamp";
  if (moment && to === "date") return "the time of day in";
  if (moment && to === "time") return "the day in";
  if ((moment || from === "date") && to === "year") return "the month and day in";
  return from === "time" && (to === "date" || to === "year") ? "the time in" : undefined;
}

/** Digits behind the point that a value may have. */
function scaleOf({ base, numbers }: Parsed): number {
  if (base === "decimal" || FLOATS.includes(base))
    return numbers[1] ?? (base === "decimal" ? 0 : Number.POSITIVE_INFINITY);
  if (TIMES.includes(base)) return numbers[0] ?? 0;
  return 0;
}

function rounds(a: Parsed, b: Parsed): boolean {
  const exact = [...INTEGERS, "decimal", "year", "bit"];
  if (FLOATS.includes(b.base)) {
    if (a.base === b.base || (a.base === "float" && b.base === "double")) return scaleOf(b) < scaleOf(a);
    // A float holds 24 bits, a double 53.
    const small = INTEGERS.slice(0, b.base === "float" ? 2 : 4);
    return [...exact, "double"].includes(a.base) && ![...small, "year"].includes(a.base);
  }
  if (a.base === "float" && TEXTS.includes(b.base)) return true;
  const fractions = ["decimal", ...FLOATS, ...TIMES].includes(a.base);
  return fractions && [...exact, ...TIMES].includes(b.base) && scaleOf(b) < scaleOf(a);
}
