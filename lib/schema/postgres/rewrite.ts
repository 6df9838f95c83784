import type { FullSchema } from "../model-objects.ts";

type Fields = Record<string, unknown>;

/** What people wrote, not the server: no name in it is a reference. */
const PROSE = new Set(["comment", "labels", "language", "database", "usualComment"]);

/** A copy of the schema with every text of the server's changed, and every object as `object` makes it. */
export function rewritten(
  schema: FullSchema,
  text: (text: string) => string,
  object: (one: Fields) => Fields,
): FullSchema {
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(object(value as Fields));
    return Object.fromEntries(entries.map(([name, one]) => [name, PROSE.has(name) ? one : walk(one)]));
  };
  const copy = walk(schema) as FullSchema;
  // An index that enforces a key stands with the key and among the indexes: it has to stay one object.
  for (const table of copy.tables)
    for (const key of table.keys)
      if (key.index !== undefined) key.index = table.indexes.find(({ name }) => name === key.index?.name) ?? key.index;
  return copy;
}

/** A text in a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** A qualified name as a whole, as the server writes it. */
export function sqlToken(name: string): RegExp {
  return new RegExp(`(?<![\\w"$.])${escaped(name)}(?![\\w"$])`, "g");
}

/** A name that stands alone, or behind a table's; with what has to follow, if anything. */
export function bareToken(name: string, next = ""): RegExp {
  return next === ""
    ? new RegExp(`(?<![\\w"$'])${escaped(name)}(?![\\w"$'(])`, "g")
    : new RegExp(`(?<![\\w"$.'])${escaped(name)}${next}`, "g");
}
