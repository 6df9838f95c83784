import type { DiffOptions } from "../change.ts";
import type { Table } from "../model.ts";
import type { FullSchema, ObjectKind } from "../model-objects.ts";

/** A rename as it is carried out. */
export interface Taken {
  kind: ObjectKind;
  from: string;
  to: string;
  sql: string;
  table?: Table;
}

export type Done = { schema: FullSchema; taken: Taken } | undefined;
export type Wish = DiffOptions["renames"][number];

/** What may be called by a word: `name` or `schema.name`, as it is or as SQL writes it, in quotes. */
export function called<T extends { schema: string; name: string }>(things: T[], word: string): T[] {
  const parts = /^(?:"(?:[^"]|"")+"|[^".]+)(?:\.(?:"(?:[^"]|"")+"|[^".]+))?$/.test(word)
    ? [...word.matchAll(/"(?:[^"]|"")+"|[^".]+/g)].map(([part]) => unquoted(part))
    : [];
  const [first, second] = parts;
  return things.filter(
    ({ schema, name }) =>
      word === name ||
      word === `${schema}.${name}` ||
      (second === undefined ? first === name : first === schema && second === name),
  );
}

/** A name without the quotes that SQL writes around it. */
export function unquoted(name: string): string {
  return /^"(?:[^"]|"")+"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** The one of A that B lacks, and the one of B that A lacks, in the same schema. */
export function pairOf<T extends { schema: string; name: string }>(
  a: T[],
  b: T[],
  { from, to }: Wish,
): [T, T] | undefined {
  const lacks = (things: T[], { schema, name }: T) => !things.some((one) => one.schema === schema && one.name === name);
  for (const old of called(a, from)) {
    const now = called(b, to).find(({ schema }) => schema === old.schema);
    if (now !== undefined && lacks(b, old) && lacks(a, now)) return [old, now];
  }
  return undefined;
}

/** The parts of `table.column`, by every place at which a dot may cut it; the second also without quotes around it. */
export function cuts(word: string): [string, string][] {
  return [...word.matchAll(/\./g)].flatMap(({ index }) => {
    const [owner, name] = [word.slice(0, index), word.slice(index + 1)];
    return [...new Set([name, unquoted(name)])].map((one): [string, string] => [owner, one]);
  });
}
