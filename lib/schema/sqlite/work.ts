import type { Action, Change, Destructive, Rename } from "../change.ts";
import type { FullSchema, ObjectKind } from "../model-objects.ts";

/** How a table or a view is made anew, for what stands on it. */
interface Rebuilt {
  change: string;
  /** What the step asks for: what stands on it is left out along with it. */
  kinds: Destructive[];
  /** Columns, in small letters: the new names, and those that don't stay. */
  renames: ReadonlyMap<string, string>;
  gone: ReadonlySet<string>;
}

/** What is put together for a plan. */
export interface Work {
  a: FullSchema;
  b: FullSchema;
  chosen(kind: ObjectKind, ...names: string[]): boolean;
  changes: Change[];
  /** Names in small letters that no new table may take. */
  taken: Set<string>;
  /** In B: tables that are made anew, so that what belongs to them has to be, too. */
  rebuilt: Map<string, Rebuilt>;
  /** In B: tables whose rows are counted before they are made anew and behind it. */
  counted: Set<string>;
  renamedTables: Map<string, string>;
  /** What both call a table, a column, an index or a trigger, in small letters. */
  names: ReadonlySet<string>;
  /** RENAME and DROP COLUMN look into every view and trigger, and fail where one names what isn't there. */
  resolves: boolean;
  /** Columns, in small letters, that DROP COLUMN takes. */
  gone: Set<string>;
  proposed: Rename[];
}

/** Adds a change, or words to one that is there, and gives its id. */
export function note(
  work: Work,
  kind: ObjectKind,
  name: string,
  { action, words }: { action: Action; words: string[] },
): string {
  const known = work.changes.find((change) => change.id === `${kind}:${name}`);
  if (known !== undefined) known.words.push(...words);
  else work.changes.push({ id: `${kind}:${name}`, kind, name, action, words });
  return `${kind}:${name}`;
}

/** Two that differ in case only are the same to SQLite. */
export function byName<T extends { name: string }>(things: T[]): Map<string, T> {
  return new Map(things.map((thing) => [thing.name.toLowerCase(), thing]));
}

/** In small letters. */
export function namesIn({ tables, triggers }: FullSchema): Set<string> {
  const names = tables.flatMap(({ name, columns, indexes }) => [
    name,
    ...[...columns, ...indexes].map((one) => one.name),
  ]);
  return new Set([...names, ...triggers.map(({ name }) => name)].map((name) => name.toLowerCase()));
}
