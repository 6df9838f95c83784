import type { World } from "./node.ts";
import { qualified } from "./quote.ts";

/** `numeric(10,2)[]` → `numeric`, `(10,2)`, an array. */
export interface ParsedType {
  base: string;
  modifier: string;
  array: boolean;
}

export function parseType(type: string): ParsedType {
  const array = type.endsWith("[]");
  const plain = array ? type.slice(0, -2) : type;
  const modifier = /\([^)]*\)/.exec(plain)?.[0] ?? "";
  return { base: plain.replace(/\([^)]*\)/, ""), modifier, array };
}

/** What a domain is of, in the end. */
export function undomained(world: World, side: "a" | "b", type: string): string {
  if (type.endsWith("[]")) return `${undomained(world, side, type.slice(0, -2))}[]`;
  const found = world[side].types.find(({ schema, name }) => qualified(schema, name) === type);
  return found?.kind === "domain" ? undomained(world, side, found.type) : type;
}

const INTEGERS = ["smallint", "integer", "bigint"];
const FLOATS = ["real", "double precision"];
const NUMBERS = [...INTEGERS, ...FLOATS, "numeric", "money"];
const GEOMETRIC = ["point", "lseg", "box", "path", "polygon", "circle"];
const TEXTS = ["text", "character varying", "character", "name", "public.citext"];

/** What values lose on the way from one type to another, without an error: undefined when nothing. */
export function lossBetween(a: ParsedType, b: ParsedType, { to, where }: { to: string; where: string }) {
  const day = dayOrTimeLoss(a, b);
  if (day !== undefined) return `${day} ${where}`;
  if (roundsNumber(a, b) || roundsTime(a, b)) return `values of ${where} are rounded to ${to}`;
  if (isCut(a, b)) return `values of ${where} are cut to ${to}`;
  if (TEXTS.includes(a.base) && (NUMBERS.includes(b.base) || b.base === "boolean" || isTime(b.base)))
    return `how values of ${where} are written, such as the zeros of 00123`;
  return undefined;
}

function numbersOf({ modifier }: ParsedType): number[] {
  return [...modifier.matchAll(/-?\d+/g)].map(([digits]) => Number(digits));
}

/** Digits behind the point; below zero where those before it are rounded too. */
function scaleOf(type: ParsedType): number {
  if (type.base !== "numeric") return INTEGERS.includes(type.base) ? 0 : Number.POSITIVE_INFINITY;
  return type.modifier === "" ? Number.POSITIVE_INFINITY : (numbersOf(type)[1] ?? 0);
}

function roundsNumber(a: ParsedType, b: ParsedType): boolean {
  if (!NUMBERS.includes(a.base) || !NUMBERS.includes(b.base)) return false;
  if (a.base === b.base) return a.base === "numeric" && scaleOf(b) < scaleOf(a);
  if (INTEGERS.includes(b.base)) return !INTEGERS.includes(a.base) && !(a.base === "numeric" && scaleOf(a) <= 0);
  // A real holds 24 bits, a double 53.
  if (FLOATS.includes(b.base))
    return !(a.base === "smallint" || (b.base === "double precision" && ["integer", "real"].includes(a.base)));
  if (b.base === "money") return !INTEGERS.includes(a.base);
  return FLOATS.includes(a.base) || (a.base !== "money" && scaleOf(b) < scaleOf(a));
}

/** Whether every number of the one type is in the range of the other. */
export function isInRange(a: ParsedType, b: ParsedType): boolean {
  const digits: Record<string, number> = { smallint: 5, integer: 10, bigint: 19 };
  if (b.base !== "numeric" || b.modifier === "") return true;
  const [precision = 0, scale = 0] = numbersOf(b);
  const [own = Number.POSITIVE_INFINITY, ownScale = 0] = numbersOf(a);
  return precision - scale >= (digits[a.base] ?? own - ownScale);
}

function isTime(base: string): boolean {
  return /^(timestamp|time|date|interval)\b/.test(base);
}

function dayOrTimeLoss({ base: from }: ParsedType, { base: to }: ParsedType): string | undefined {
  if (from.startsWith("timestamp") && to === "date") return "the time of day in";
  if (/^(timestamp|interval)/.test(from) && /^time\b/.test(to)) return "the day in";
  if (from === "time with time zone" && to === "time without time zone") return "the time zone in";
  return undefined;
}

/** Another unit or fewer digits of a second. */
function roundsTime(a: ParsedType, b: ParsedType): boolean {
  const timed = /^(timestamp|time|interval)\b/;
  if (!timed.test(a.base) || !timed.test(b.base)) return false;
  if (b.base.startsWith("interval ") && a.base !== b.base) return true;
  const digits = (type: ParsedType) => numbersOf(type)[0] ?? 6;
  return digits(b) < digits(a);
}

function isCut(a: ParsedType, b: ParsedType): boolean {
  if (a.base === b.base) return false;
  if (b.base === "name" || b.base === '"char"') return TEXTS.includes(a.base) || b.base === "name";
  if (a.base === "inet" && b.base === "cidr") return true;
  if (GEOMETRIC.includes(a.base) && GEOMETRIC.includes(b.base)) return true;
  if (b.base === "boolean") return INTEGERS.includes(a.base);
  return INTEGERS.includes(a.base) && b.base === "bit";
}

/** The one counts by the session's time zone, and the other doesn't. */
export function asksForZone(a: ParsedType, b: ParsedType): boolean {
  const zoned = ({ base }: ParsedType) => base.endsWith("with time zone");
  return a.base !== b.base && (zoned(a) || zoned(b));
}
