import type { Destructive, Hazard } from "../change.ts";
import type { CompositeType, DomainType } from "../model-objects.ts";
import { lossBetween, parseType, undomained } from "./losses.ts";
import type { World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

/** How a value gets to a type of the user's that is made anew, and what of it doesn't. */
export interface Carriage {
  using: string;
  hazards: Hazard[];
  losses: Destructive[];
}

interface Types {
  from: string;
  to: string;
  /** Which values, for messages. */
  where: string;
}

/** By its text, attribute after attribute, where they have kept their places; else by the attributes' names. */
export function carriage(world: World, value: string, { from, to, where }: Types): Carriage {
  if (keepsPlaces(world, { from, to })) {
    const hazards = narrowed(world, { from, to, where });
    return { using: `${value}::text::${to}`, hazards, losses: hazards.length > 0 ? ["narrow-type"] : [] };
  }
  const [a, b] = [userType(world, "a", from), userType(world, "b", to)];
  if (a?.kind === "domain") return carriage(world, value, { from: a.type, to, where });
  if (b?.kind === "domain") {
    const inner = carriage(world, value, { from, to: b.type, where });
    return { ...inner, using: `(${inner.using})::${to}` };
  }
  if (a !== undefined && b !== undefined) return byNames(world, value, { a, b });
  // No expression of ALTER TABLE takes an array apart.
  const detail = `arrays of ${from.replace(/\[\]$/, "")} are read by the order of its attributes, which is another now`;
  return {
    using: `${value}::text::${to}`,
    hazards: [{ name: "deletes-data", detail }],
    losses: ["narrow-type"],
  };
}

function byNames(world: World, value: string, { a, b }: { a: CompositeType; b: CompositeType }): Carriage {
  const hazards: Hazard[] = [];
  const losses: Destructive[] = [];
  const fields = b.attributes.map(({ name, type }) => {
    const old = a.attributes.find((one) => one.name === name);
    if (old === undefined) return "NULL";
    const field = `(${value}).${ident(name)}`;
    if (old.type === type && !isOfUser(world, type)) return field;
    const carried = carriage(world, field, {
      from: old.type,
      to: type,
      where: `${name} in every ${shown(b.schema, b.name)}`,
    });
    hazards.push(...carried.hazards);
    losses.push(...carried.losses);
    return carried.using;
  });
  for (const { name } of a.attributes) {
    if (b.attributes.some((one) => one.name === name)) continue;
    hazards.push(lostAttribute(b, name));
    losses.push("drop-attribute");
  }
  const row = `ROW(${fields.join(", ")})::${qualified(b.schema, b.name)}`;
  // A row of nulls is none that is NULL.
  return { using: `CASE WHEN ${value} IS DISTINCT FROM NULL THEN ${row} END`, hazards, losses };
}

export function lostAttribute({ schema, name }: CompositeType, attribute: string): Hazard {
  return { name: "deletes-data", detail: `${attribute} in every ${shown(schema, name)}` };
}

/** What the text of an attribute loses that gets another type. */
function narrowed(world: World, { from, to, where }: Types): Hazard[] {
  const [a, b] = [userType(world, "a", from.replace(/\[\]$/, "")), userType(world, "b", to.replace(/\[\]$/, ""))];
  if (a?.kind === "composite" && b?.kind === "composite")
    return a.attributes.flatMap((old, at) => {
      const now = b.attributes[at]?.type ?? "";
      return narrowed(world, { from: old.type, to: now, where: `${old.name} in every ${shown(b.schema, b.name)}` });
    });
  const [before, after] = [parseType(undomained(world, "a", from)), parseType(undomained(world, "b", to))];
  const detail = lossBetween(before, after, { to, where });
  return detail === undefined ? [] : [{ name: "deletes-data", detail }];
}

/** Whether the text of the one means the same as one of the other. */
function keepsPlaces(world: World, { from, to }: Omit<Types, "where">): boolean {
  const [a, b] = [userType(world, "a", from.replace(/\[\]$/, "")), userType(world, "b", to.replace(/\[\]$/, ""))];
  if (a?.kind === "domain") return keepsPlaces(world, { from: a.type, to });
  if (b?.kind === "domain") return keepsPlaces(world, { from, to: b.type });
  if (a === undefined || b === undefined) return true;
  const pairs = a.attributes.map((attribute, at) => ({ old: attribute, now: b.attributes[at] }));
  return (
    a.attributes.length === b.attributes.length &&
    pairs.every(({ old, now }) => old.name === now?.name && keepsPlaces(world, { from: old.type, to: now.type }))
  );
}

function userType(world: World, side: "a" | "b", type: string): CompositeType | DomainType | undefined {
  const found = world[side].types.find(({ schema, name }) => qualified(schema, name) === type);
  return found?.kind === "composite" || found?.kind === "domain" ? found : undefined;
}

function isOfUser(world: World, type: string): boolean {
  const bare = type.replace(/\[\]$/, "");
  return world.b.types.some(({ schema, name }) => qualified(schema, name) === bare);
}
