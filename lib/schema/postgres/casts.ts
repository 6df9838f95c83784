import type { Destructive, Hazard } from "../change.ts";
import { type Carriage, carriage } from "./composites.ts";
import { asksForZone, isInRange, lossBetween, type ParsedType, parseType, undomained } from "./losses.ts";
import type { World } from "./node.ts";

/** How values of one type become those of another. */
export interface Conversion {
  /** Behind USING; undefined: the server does it by itself. */
  using: string | undefined;
  hazards: Hazard[];
  /** What values lose. */
  losses: Destructive[];
  /** It counts by the session's time zone. */
  zoned: boolean;
}

type Way = Pick<Conversion, "using" | "hazards"> & Partial<Pick<Conversion, "losses">>;

interface Types {
  from: string;
  to: string;
  where: string;
}

const TEXTS = new Set(["text", "character varying", "character", "name"]);

/** What it takes to change a column's type, and what may come of it. */
export function conversion(world: World, column: string, types: Types): Conversion {
  const [a, b] = [parseType(undomained(world, "a", types.from)), parseType(undomained(world, "b", types.to))];
  const { using, hazards, losses = [] } = way(world, column, types);
  const loss = lossOf(a, b, types);
  const isSaid = hazards.some(({ detail }) => detail === loss);
  const narrowed: Hazard[] = loss === undefined || isSaid ? [] : [{ name: "deletes-data", detail: loss }];
  const refused = hazards.filter(({ name }) => name === "may-fail");
  const beyond: Hazard[] =
    refused.length === 0 && a.base !== b.base && !isInRange(a, b)
      ? [{ name: "may-fail", detail: `values of ${types.where} beyond ${types.to}` }]
      : [];
  return {
    using,
    hazards: [...hazards.filter(({ name }) => name !== "may-fail"), ...narrowed, ...refused, ...beyond],
    losses: loss === undefined ? losses : [...losses, "narrow-type"],
    zoned: asksForZone(a, b),
  };
}

function lossOf(a: ParsedType, b: ParsedType, { to, where }: Types): string | undefined {
  if (a.array && !b.array && !TEXTS.has(b.base)) return `${where} keeps the first element of each array`;
  // A cast that is written down cuts what one that the server makes refuses.
  const written = b.array && !a.array && b.modifier !== "" && (TEXTS.has(b.base) || b.base.startsWith("bit"));
  return written ? `values of ${where} are cut to ${to}` : lossBetween(a, b, { to, where });
}

function way(world: World, column: string, types: Types): Way {
  const { from, to, where } = types;
  const [a, b] = [parseType(from), parseType(to)];
  const mayFail: Hazard = { name: "may-fail", detail: `values of ${where} that are no ${to}` };
  if (a.base === b.base && a.array === b.array) return { using: undefined, hazards: modifierHazards(types, a, b) };
  const rewrite: Hazard[] = binary(a, b) ? [] : [{ name: "rewrites-table", detail: `every row for ${where}` }];
  const single = b.array ? to.slice(0, -2) : to;
  if (b.array && !a.array) {
    const { using, hazards, losses } = element(world, column, a.base, { ...b, single, where });
    return { using: `ARRAY[${using}]::${to}`, hazards: [...rewrite, ...hazards], losses };
  }
  if (a.array && !b.array && !TEXTS.has(b.base)) {
    const first = element(world, `${column}[1]`, a.base, { ...b, single, where });
    return { ...first, hazards: [...rewrite, ...first.hazards] };
  }
  if (!b.array && TEXTS.has(b.base)) {
    const short = b.modifier !== "" ? [mayFail] : [];
    return { using: undefined, hazards: [...rewrite, ...short] };
  }
  const context = contextOf(world, a.base, b.base);
  if (context === "implicit" || (context === "assignment" && !a.array))
    return { using: undefined, hazards: [...rewrite, ...narrowing(types, a.base, b.base)] };
  if (context !== undefined || TEXTS.has(a.base)) return { using: `${column}::${to}`, hazards: [...rewrite, mayFail] };
  // Nothing casts one to the other; every type can be read from its own text.
  const carried = carriage(world, column, types);
  return { ...carried, hazards: [...rewrite, ...carried.hazards, mayFail] };
}

/** One value as one of another type; by way of its text where nothing else leads there. */
function element(
  world: World,
  value: string,
  from: string,
  { base, modifier, single, where }: { base: string; modifier: string; single: string; where: string },
): Carriage {
  // A type of the user's may have stepped aside for its new self: then nothing but its text leads from one to the other.
  const stays = from === base && !base.includes(".");
  const direct = stays || TEXTS.has(from) || TEXTS.has(base) || contextOf(world, from, base) !== undefined;
  if (!direct) return carriage(world, value, { from, to: single, where });
  return { using: stays && modifier === "" ? value : `${value}::${single}`, hazards: [], losses: [] };
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

function narrowing({ to, where }: Types, from: string, base: string): Hazard[] {
  const narrower = ORDER.includes(base) && ORDER.indexOf(base) < ORDER.indexOf(from);
  const rounded = ORDER.includes(base) && !ORDER.includes(from);
  return narrower || rounded || base === "real"
    ? [{ name: "may-fail", detail: `values of ${where} beyond ${to}` }]
    : [];
}

/** The same type with another length, precision or scale. */
function modifierHazards({ from, to, where }: Types, a: ParsedType, b: ParsedType): Hazard[] {
  if (from === to || b.modifier === "") return [];
  const numbers = (text: string) => [...text.matchAll(/-?\d+/g)].map(([digits]) => Number(digits));
  const [old, now] = [numbers(a.modifier), numbers(b.modifier)];
  const rewrite: Hazard = { name: "rewrites-table", detail: `every row for ${where}` };
  if (a.base === "numeric") {
    const [precision = Number.POSITIVE_INFINITY, scale = 0] = old;
    const [newPrecision = 0, newScale = 0] = now;
    const wider = scale === newScale && newPrecision >= precision;
    return wider ? [] : [rewrite, { name: "may-fail", detail: `values of ${where} that don't fit ${to}` }];
  }
  const shorter = old.length === 0 || (now[0] ?? 0) < (old[0] ?? 0);
  if (a.base.startsWith("character") || a.base.startsWith("bit"))
    return shorter || a.base === "character"
      ? [rewrite, { name: "may-fail", detail: `values of ${where} longer than ${to}` }]
      : [];
  return shorter ? [rewrite] : [];
}
