import { quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Hazard } from "../change.ts";
import type {
  BaseType,
  CompositeType,
  DomainType,
  EnumType,
  ObjectKey,
  ObjectKind,
  RangeType,
  UserType,
} from "../model-objects.ts";
import { commentDraft, describeChange, describeNew, type Named } from "./access.ts";
import { carriage, lostAttribute } from "./composites.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Draft, type Node, node, type World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

const KINDS: Record<UserType["kind"], ObjectKind> = {
  enum: "enum",
  domain: "domain",
  composite: "composite type",
  range: "range type",
  base: "base type",
};

function namedOf(type: UserType): Named {
  const name = qualified(type.schema, type.name);
  const keyword = type.kind === "domain" ? "DOMAIN" : "TYPE";
  return { sqlName: `${keyword} ${name}`, grantOn: { keyword: "TYPE", name }, schema: type.schema };
}

export function typeNode(world: World, type: UserType): Node {
  const named = namedOf(type);
  const name = qualified(type.schema, type.name);
  const aside = asideName(type);
  return node<UserType>({
    key: keyOf.type(type.schema, type.name),
    kind: KINDS[type.kind],
    schema: type.schema,
    title: shown(type.schema, type.name),
    it: type,
    needs: [keyOf.schema(type.schema)],
    slots: [`type:${name}`, ...(type.kind === "composite" ? [`class:${name}`] : [])],
    destructive: "drop-type",
    create: (members) => [
      { sql: createType(type, members) },
      ...describeNew(world, named, type),
      ...(type.kind === "composite" ? attributeComments(type) : []),
      ...members.flatMap((member) => member.after()),
    ],
    drop: `DROP ${named.sqlName}`,
    compare: (a, b) => compareTypes(world, named, a, b),
    swap: {
      losses: carriage(world, "", { from: name, to: name, where: name }).losses,
      aside: (swapped) => [
        { sql: `ALTER ${named.sqlName} RENAME TO ${ident(aside)}` },
        ...(type.kind === "range" ? rangeAside(type, subtypeOf(world, type, swapped)) : []),
      ],
      end: () => [{ sql: `DROP ${named.sqlName.split(" ")[0]} ${qualified(type.schema, aside)}` }],
    },
  });
}

function asideName({ name }: UserType): string {
  return `${name.slice(0, 50)}__old`;
}

/** What a range is of, by the name that it has when it may have stepped aside. */
function subtypeOf(world: World, { options }: RangeType, swapped: ReadonlySet<ObjectKey>): string {
  const { subtype = "" } = options;
  const of = world.a.types.find(({ schema, name }) => qualified(schema, name) === subtype);
  if (of === undefined || !swapped.has(keyOf.type(of.schema, of.name))) return subtype;
  return qualified(of.schema, asideName(of));
}

/** What a range type brought along keeps its name when the type gets another. */
function rangeAside(type: RangeType, subtype: string): Draft[] {
  const name = qualified(type.schema, type.name);
  const aside = asideName(type);
  const functions = [`${name}(${subtype}, ${subtype})`, `${name}(${subtype}, ${subtype}, text)`];
  const drafts = functions.map((one) => ({ sql: `ALTER FUNCTION ${one} RENAME TO ${ident(aside)}` }));
  if (type.multirange === "") return drafts;
  const many = ident(`${aside.slice(0, 45)}_multi`);
  return [
    ...drafts,
    { sql: `ALTER FUNCTION ${type.multirange}() RENAME TO ${many}` },
    { sql: `ALTER TYPE ${type.multirange} RENAME TO ${many}` },
  ];
}

function createType(type: UserType, members: readonly Node[]): string {
  const name = qualified(type.schema, type.name);
  if (type.kind === "enum") {
    const labels = type.labels.map((label) => `    ${quoteLiteral(label).trim()}`).join(",\n");
    return `CREATE TYPE ${name} AS ENUM (${labels === "" ? "" : `\n${labels}\n`})`;
  }
  if (type.kind === "composite") {
    const attributes = type.attributes.map((attribute) => `    ${attributeText(attribute)}`).join(",\n");
    return `CREATE TYPE ${name} AS (${attributes === "" ? "" : `\n${attributes}\n`})`;
  }
  if (type.kind === "range") {
    const options = Object.entries(type.options).map(([option, value]) => `    ${option} = ${value}`);
    if (type.multirange !== "") options.push(`    multirange_type_name = ${type.multirange}`);
    return `CREATE TYPE ${name} AS RANGE (\n${options.join(",\n")}\n)`;
  }
  if (type.kind === "base") return `CREATE TYPE ${name}`;
  return createDomain(type, members);
}

function createDomain(type: DomainType, members: readonly Node[]): string {
  const usual = type.notNullName === undefined || type.notNullName === `${type.name}_not_null`;
  const clauses = [
    type.collate === "" ? "" : ` COLLATE ${type.collate}`,
    members.some(({ kind }) => kind === "default") ? ` DEFAULT ${type.default}` : "",
    type.notNull ? `${usual ? "" : ` CONSTRAINT ${ident(type.notNullName ?? "")}`} NOT NULL` : "",
    ...members.flatMap((member) => (member.kind === "check" ? [`\n    ${member.line?.(members) ?? ""}`] : [])),
  ];
  return `CREATE DOMAIN ${qualified(type.schema, type.name)} AS ${type.type}${clauses.join("")}`;
}

function attributeText({ name, type, collate }: CompositeType["attributes"][number]): string {
  return `${ident(name)} ${type}${collate === "" ? "" : ` COLLATE ${collate}`}`;
}

function attributeComments(type: CompositeType): Draft[] {
  return type.attributes.flatMap(({ name, comment }) =>
    comment === "" ? [] : [commentDraft(`COLUMN ${qualified(type.schema, type.name)}.${ident(name)}`, comment)],
  );
}

function compareTypes(world: World, named: Named, a: UserType, b: UserType) {
  const found = new Differences();
  if (a.kind !== b.kind) {
    found.anew("kind", a.kind, b.kind);
    return found;
  }
  if (a.kind === "enum") compareEnums(found, a, b as EnumType);
  else if (a.kind === "domain") compareDomains(found, named, a, b as DomainType);
  else if (a.kind === "composite") compareComposites(found, a, b as CompositeType);
  else if (a.kind === "range") compareRanges(found, a, b as RangeType);
  else if ((a.options === undefined) !== ((b as BaseType).options === undefined)) found.anew("defined", "no", "yes");
  if (!found.replace) found.join(describeChange(world, named, a, b));
  return found;
}

function compareEnums(found: Differences, a: EnumType, b: EnumType): void {
  if (a.labels.join("\n") === b.labels.join("\n")) return;
  const name = qualified(b.schema, b.name);
  const kept = b.labels.filter((label) => a.labels.includes(label));
  found.words.push(`values: ${a.labels.join(", ")} → ${b.labels.join(", ")}`);
  if (kept.join("\n") !== a.labels.join("\n")) {
    found.replace = true;
    return;
  }
  const there = [...a.labels];
  const text = (label: string) => quoteLiteral(label).trim();
  for (const [at, label] of b.labels.entries()) {
    if (there.includes(label)) continue;
    const before = b.labels[at - 1];
    const next = there[0];
    const place =
      before !== undefined
        ? there.at(-1) === before
          ? ""
          : ` AFTER ${text(before)}`
        : next === undefined
          ? ""
          : ` BEFORE ${text(next)}`;
    there.splice(before === undefined ? 0 : there.indexOf(before) + 1, 0, label);
    const hazards: Hazard[] = [
      { name: "commits-first", detail: `the value ${label} of ${shown(b.schema, b.name)} can be used after a commit` },
    ];
    found.add({ sql: `ALTER TYPE ${name} ADD VALUE ${text(label)}${place}`, commitAfter: true, hazards });
  }
}

function compareDomains(found: Differences, named: Named, a: DomainType, b: DomainType): void {
  found.anew("type", a.type, b.type);
  found.anew("collation", a.collate, b.collate);
  if (found.replace) return;
  const alter = `ALTER ${named.sqlName}`;
  const mayFail: Hazard = { name: "may-fail", detail: `nulls in columns of ${named.sqlName}` };
  const yes = (value: boolean) => (value ? "yes" : "no");
  const usual = b.notNullName === undefined || b.notNullName === `${b.name}_not_null`;
  const set = usual ? `${alter} SET NOT NULL` : `${alter} ADD CONSTRAINT ${ident(b.notNullName ?? "")} NOT NULL`;
  const changed = found.note(
    "not null",
    yes(a.notNull),
    yes(b.notNull),
    b.notNull ? { sql: set, hazards: [mayFail] } : `${alter} DROP NOT NULL`,
  );
  if (!changed && a.notNullName !== undefined && b.notNullName !== undefined)
    found.note(
      "name of NOT NULL",
      a.notNullName,
      b.notNullName,
      `${alter} RENAME CONSTRAINT ${ident(a.notNullName)} TO ${ident(b.notNullName)}`,
    );
}

function compareRanges(found: Differences, a: RangeType, b: RangeType): void {
  const told = ({ options, multirange }: RangeType) => JSON.stringify({ ...options, multirange });
  found.anew("definition", told(a), told(b));
}

/** Attributes are added, dropped and changed in place, as long as those that stay keep their order. */
function compareComposites(found: Differences, a: CompositeType, b: CompositeType): void {
  const alter = `ALTER TYPE ${qualified(b.schema, b.name)}`;
  const told = (type: CompositeType) => type.attributes.map(attributeText).join(", ");
  if (told(a) !== told(b)) {
    found.words.push(`attributes: ${told(a)} → ${told(b)}`);
    const kept = a.attributes.filter(({ name }) => b.attributes.some((other) => other.name === name));
    const inPlace = kept.every(({ name }, at) => b.attributes[at]?.name === name);
    const retyped = kept.some(
      (attribute) => !b.attributes.some((other) => attributeText(other) === attributeText(attribute)),
    );
    if (!inPlace || retyped) {
      found.replace = true;
      return;
    }
    found.disturbs = true;
    for (const { name } of a.attributes)
      if (!b.attributes.some((other) => other.name === name))
        found.add({
          sql: `${alter} DROP ATTRIBUTE ${ident(name)}`,
          hazards: [lostAttribute(b, name)],
          destructive: "drop-attribute",
        });
    for (const attribute of b.attributes)
      if (!a.attributes.some(({ name }) => name === attribute.name))
        found.add(`${alter} ADD ATTRIBUTE ${attributeText(attribute)}`);
  }
  for (const { name, comment } of b.attributes) {
    const before = a.attributes.find((other) => other.name === name)?.comment;
    found.note(
      `comment of ${name}`,
      before,
      comment,
      commentDraft(`COLUMN ${qualified(b.schema, b.name)}.${ident(name)}`, comment),
    );
  }
}
