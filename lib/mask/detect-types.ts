/** What can be in a column of a type, as far as detection cares. */
export type Shape =
  | "text"
  | "integer"
  | "decimal"
  | "date"
  | "instant"
  | "uuid"
  | "ip"
  | "mac"
  | "enum"
  | "json"
  | "position"
  | "opaque"
  | "harmless";

/** A column's type, read. */
export interface ReadType {
  shape: Shape;
  /** Characters that fit; undefined when there is no limit. */
  length: number | undefined;
  array: boolean;
}

const SHAPES: [RegExp, Shape][] = [
  [
    /^(bool|bit|varbit|interval|time\b|time\(|year|tid|xid|oid|reg\w+|pg_lsn|money|cidr|ltree|cube|\w*range$)/,
    "harmless",
  ],
  [
    /^(tiny|medium|long)?text$|^(character|char|varchar|nchar|nvarchar|text|citext|name|bpchar|enum_text)\b|^"char"/,
    "text",
  ],
  [/^(tiny|small|medium|big)?(int|serial)|^integer/, "integer"],
  [/^(numeric|decimal|real|double|float)/, "decimal"],
  [/^date$/, "date"],
  [/^(timestamp|datetime)/, "instant"],
  [/^uuid/, "uuid"],
  [/^inet/, "ip"],
  [/^macaddr/, "mac"],
  [/^(enum|set)\b/, "enum"],
  [/^jsonb?$/, "json"],
  [/^(geometry|geography|point|multi|linestring|polygon|lseg|box|path|circle|line)/, "position"],
  [/^(bytea|binary|varbinary|(tiny|medium|long)?blob|xml|hstore|tsvector|vector|halfvec|record)/, "opaque"],
];

/** The part of a column's facts that says its type; "" and [] are as good as undefined. */
export interface TypeFacts {
  /** As the engine writes it: `character varying(100)`. */
  type: string;
  /** A domain's. */
  baseType?: string | undefined;
  /** An enum's; MySQL's stand in the type. */
  labels?: readonly string[] | undefined;
}

/** Reads a column's type; types that nobody knows are judged as text. */
export function readType(facts: TypeFacts): ReadType {
  const written = (facts.baseType || facts.type).toLowerCase();
  const array = /\[\d*\]$/.test(written);
  const element = written.replace(/(\[\d*\])+$/, "");
  const bare = withoutSchema(element);
  const shape = facts.labels !== undefined && facts.labels.length > 0 ? "enum" : shapeOf(bare);
  const length = shape === "text" ? /\((\d+)\)/.exec(bare)?.[1] : undefined;
  return { shape, length: length === undefined ? undefined : Number(length), array };
}

/** The type that decides what fits: a domain's base, without the schema that an extension was installed in. */
export function typeOf({ type, baseType }: TypeFacts): string {
  return withoutSchema(baseType || type);
}

function withoutSchema(type: string): string {
  return type.replace(/^("[^"]*"|\w+)\./, "");
}

function shapeOf(type: string): Shape {
  // MySQL has no other boolean.
  if (type === "tinyint(1)") return "harmless";
  return SHAPES.find(([pattern]) => pattern.test(type))?.[1] ?? "text";
}

/** The elements of an array's text, `{a,"b c",NULL}`, of all dimensions. */
export function elementsOf(text: string): string[] {
  const elements = [];
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|([^{},"]+)/g)) {
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, "$1"));
    else if (plain !== undefined && plain !== "NULL") elements.push(plain);
  }
  return elements;
}
