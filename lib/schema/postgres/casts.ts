import type { Hazard } from "../change.ts";
import type { World } from "./node.ts";

/** How values of one type become those of another. */
export interface Conversion {
  /** Behind USING; undefined: the server does it by itself. */
  using: string | undefined;
  hazards: Hazard[];
}

const TEXTS = new Set(["text", "character varying", "character", "name"]);

/** `numeric(10,2)[]` → `numeric`, `(10,2)`, an array. */
function parse(type: string): { base: string; modifier: string; array: boolean } {
  const array = type.endsWith("[]");
  const plain = array ? type.slice(0, -2) : type;
  const modifier = /\([^)]*\)/.exec(plain)?.[0] ?? "";
  return { base: plain.replace(/\([^)]*\)/, ""), modifier, array };
}

/** What it takes to change a column's type, and what may come of it. */
export function conversion(
  world: World,
  column: string,
  types: { from: string; to: string; where: string },
): Conversion {
  const { from, to, where } = types;
  const [a, b] = [parse(from), parse(to)];
  const mayFail: Hazard = { name: "may-fail", detail: `values of ${where} that are no ${to}` };
  if (a.base === b.base && a.array === b.array) return { using: undefined, hazards: modifierHazards(types, a, b) };
  const rewrite: Hazard[] = binary(a, b) ? [] : [{ name: "rewrites-table", detail: `every row for ${where}` }];
  const single = b.array ? to.slice(0, -2) : to;
  if (b.array && !a.array)
    return { using: `ARRAY[${element(world, column, a.base, { ...b, single })}]::${to}`, hazards: rewrite };
  if (a.array && !b.array && !TEXTS.has(b.base))
    return {
      using: element(world, `${column}[1]`, a.base, { ...b, single }),
      hazards: [...rewrite, { name: "deletes-data", detail: `${where} keeps the first element of each array` }],
    };
  if (!b.array && TEXTS.has(b.base)) {
    const short = b.modifier !== "" ? [mayFail] : [];
    return { using: undefined, hazards: [...rewrite, ...short] };
  }
  const context = contextOf(world, a.base, b.base);
  if (context === "implicit" || (context === "assignment" && !a.array))
    return { using: undefined, hazards: [...rewrite, ...narrowing(types, a.base, b.base)] };
  if (context !== undefined || TEXTS.has(a.base)) return { using: `${column}::${to}`, hazards: [...rewrite, mayFail] };
  // Nothing casts one to the other; every type can be read from its own text.
  return { using: `${column}::text::${to}`, hazards: [...rewrite, mayFail] };
}

/** One value as one of another type; by way of its text where nothing else leads there. */
function element(
  world: World,
  value: string,
  from: string,
  { base, modifier, single }: { base: string; modifier: string; single: string },
): string {
  // A type of the user's may have stepped aside for its new self: then nothing but its text leads from one to the other.
  if (from === base && base.includes(".")) return `${value}::text::${single}`;
  if (from === base && modifier === "") return value;
  const direct = from === base || TEXTS.has(from) || TEXTS.has(base) || contextOf(world, from, base) !== undefined;
  return `${value}${direct ? "" : "::text"}::${single}`;
}

function contextOf(world: World, from: string, to: string): string | undefined {
  return world.a.postgres?.casts[`${from} → ${to}`] ?? world.b.postgres?.casts[`${from} → ${to}`];
}

function binary(a: { base: string }, b: { base: string; modifier: string }): boolean {
  return (
    (b.base === "text" || b.base === "character varying") &&
    b.modifier === "" &&
    (a.base === "character varying" || a.base === "text")
  );
}

const ORDER = ["smallint", "integer", "bigint"];

function narrowing({ to, where }: { to: string; where: string }, from: string, base: string): Hazard[] {
  const narrower = ORDER.includes(from) && ORDER.includes(base) && ORDER.indexOf(base) < ORDER.indexOf(from);
  if (narrower) return [{ name: "may-fail", detail: `values of ${where} beyond ${to}` }];
  if (ORDER.includes(base) && !ORDER.includes(from))
    return [{ name: "deletes-data", detail: `values of ${where} are rounded to ${to}` }];
  const day = base === "date" && from.startsWith("timestamp");
  return day ? [{ name: "deletes-data", detail: `the time of day in ${where}` }] : [];
}

/** The same type with another length, precision or scale. */
function modifierHazards(
  { from, to, where }: { from: string; to: string; where: string },
  a: { base: string; modifier: string },
  b: { modifier: string },
): Hazard[] {
  if (from === to || b.modifier === "") return [];
  const numbers = (text: string) => [...text.matchAll(/-?\d+/g)].map(([digits]) => Number(digits));
  const [old, now] = [numbers(a.modifier), numbers(b.modifier)];
  const rewrite: Hazard = { name: "rewrites-table", detail: `every row for ${where}` };
  if (a.base === "numeric") {
    const [precision = Number.POSITIVE_INFINITY, scale = 0] = old;
    const [newPrecision = 0, newScale = 0] = now;
    const wider = scale === newScale && newPrecision >= precision;
    if (wider) return [];
    const rounds: Hazard[] =
      newScale < scale || old.length === 0
        ? [{ name: "deletes-data", detail: `values of ${where} are rounded to ${to}` }]
        : [];
    return [rewrite, ...rounds, { name: "may-fail", detail: `values of ${where} that don't fit ${to}` }];
  }
  const shorter = old.length === 0 || (now[0] ?? 0) < (old[0] ?? 0);
  if (a.base.startsWith("character") || a.base.startsWith("bit"))
    return shorter || a.base === "character"
      ? [rewrite, { name: "may-fail", detail: `values of ${where} longer than ${to}` }]
      : [];
  return shorter ? [rewrite, { name: "deletes-data", detail: `values of ${where} are cut to ${to}` }] : [];
}
