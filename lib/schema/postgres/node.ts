import type { Destructive, DiffOptions, Hazard, Statement } from "../change.ts";
import type { Table } from "../model.ts";
import type { FullSchema, NotCompared, ObjectKey, ObjectKind } from "../model-objects.ts";
import { nameIn } from "./keys.ts";
import { ident, unquoted } from "./quote.ts";

/** A statement in the making. */
export interface Draft
  extends Partial<Pick<Statement, "hazards" | "destructive" | "besides" | "commitAfter" | "transactional">> {
  sql: string;
}

/** How A's object becomes B's. */
export interface Verdict {
  words: string[];
  drafts: Draft[];
  /** No ALTER leads there. */
  replace?: boolean;
  /** Made anew beside the old one, which hands its values over. */
  keeps?: boolean;
  /** What was made of it has to step aside meanwhile. */
  disturbs?: boolean;
}

/** An object of one of the two schemas, as something to make, drop and compare. */
export interface Node {
  key: ObjectKey;
  /** Its place among those of its kind that may come in any order: their keys', or that in the table. */
  place: string;
  kind: ObjectKind;
  schema: string;
  /** For messages. */
  title: string;
  /** What patterns may call it. */
  names: string[];
  /** It ends with any of these, without a word. */
  parents: ObjectKey[];
  needs: Set<ObjectKey>;
  /** What is made before it where both are made; nothing else follows from that. */
  follows: ObjectKey[];
  /** What it is merged with: made before that, and dropped after. */
  merges: ObjectKey[];
  /** Names that only one object may have: `class:public.users`. */
  slots: string[];
  /** Comes and goes with others only: an inherited column, an identity's sequence. */
  implied: boolean;
  destructive?: Destructive;
  /** Its line in the CREATE of its parent, where it may stand there. */
  line?: (members: readonly Node[]) => string;
  /** What follows its creation. */
  after(): Draft[];
  /** Everything that makes it; `members` stand in its own statement. */
  create(members: readonly Node[]): Draft[];
  drop(): Draft[];
  compare(other: Node): Verdict | undefined;
  /** A column of a partition key: the table that is made anew with its type. */
  keyOf?: ObjectKey;
  /** A column: with its type or collation made anew beside the old one. */
  retype?(): Draft[];
  /** A type: out of the way under another name, while columns change over, as others have been before it; and its end. */
  swap?: {
    /** What values lose that change over. */
    losses?: Destructive[];
    aside(swapped: ReadonlySet<ObjectKey>): Draft[];
    end(): Draft[];
  };
  /** The object itself, for {@link Node.compare} of the same kind. */
  it: unknown;
}

/** The two schemas, and what was found out on the way. */
export interface World {
  a: FullSchema;
  b: FullSchema;
  options: DiffOptions;
  notCompared: Map<string, NotCompared>;
  /** Relations that A has too; only those are locked and scanned by anybody. */
  standing: Set<ObjectKey>;
  /** Columns by which rows find their partition; the server never changes their type. */
  partitionKeys: Set<ObjectKey>;
  /** Partitioned tables that are made anew; their partitions stay, and change on their own meanwhile. */
  remade: Set<ObjectKey>;
}

interface Given<T> extends Pick<Node, "key" | "kind" | "schema" | "title"> {
  it: T;
  place?: string;
  parents?: ObjectKey[];
  needs?: ObjectKey[];
  follows?: ObjectKey[];
  merges?: ObjectKey[];
  slots?: string[];
  implied?: boolean;
  names?: string[];
  destructive?: Destructive;
  line?: ((members: readonly Node[]) => string) | undefined;
  create: string | ((members: readonly Node[]) => Draft[]);
  after?: () => Draft[];
  drop: string | (() => Draft[]);
  compare: (a: T, b: T) => Partial<Verdict> | undefined;
  retype?: () => Draft[];
  keyOf?: ObjectKey | undefined;
  swap?: Node["swap"] | undefined;
}

/** A node of one kind; `compare` only ever meets its own kind. */
export function node<T>(given: Given<T>): Node {
  const { key, kind, schema, title, it, create, drop } = given;
  const after = given.after ?? (() => []);
  return {
    key,
    place: given.place ?? key,
    kind,
    schema,
    title,
    names: namesOf(given),
    parents: given.parents ?? [],
    needs: new Set(given.needs ?? []),
    follows: given.follows ?? [],
    merges: given.merges ?? [],
    slots: given.slots ?? [],
    implied: given.implied ?? false,
    it,
    after,
    create: typeof create === "string" ? () => [{ sql: create }, ...after()] : create,
    drop: typeof drop === "string" ? () => [{ sql: drop }] : drop,
    compare: (other) => verdictOf(given.compare(it, other.it as T)),
    ...(given.destructive === undefined ? {} : { destructive: given.destructive }),
    ...(given.line === undefined ? {} : { line: given.line }),
    ...(given.retype === undefined ? {} : { retype: given.retype }),
    ...(given.keyOf === undefined ? {} : { keyOf: given.keyOf }),
    ...(given.swap === undefined ? {} : { swap: given.swap }),
  };
}

/** With and without its schema, and as it is in the catalog: patterns have no quotes. */
function namesOf({ key, schema, title, names = [] }: Pick<Given<unknown>, "key" | "schema" | "title" | "names">) {
  const name = nameIn(key);
  const prefix = `${ident(schema)}.`;
  const written = [title, name, ...(name.startsWith(prefix) ? [name.slice(prefix.length)] : []), ...names];
  return [...new Set([...written, ...written.map(unquoted)])];
}

function verdictOf(partial: Partial<Verdict> | undefined): Verdict | undefined {
  if (partial === undefined) return undefined;
  const verdict = { words: [], drafts: [], ...partial };
  return verdict.words.length === 0 && verdict.drafts.length === 0 && !verdict.replace ? undefined : verdict;
}

/** The major version of the server that is to change. */
export function versionOf(world: World): number {
  return Number.parseInt(world.a.server.version, 10);
}

/** `label: old → new`, an absent value in words. */
export function change(label: string, before: string | undefined, after: string | undefined): string {
  return `${label}: ${before || "none"} → ${after || "none"}`;
}

/** Collects what differs, with what is done about it. */
export class Differences {
  readonly words: string[] = [];
  readonly drafts: Draft[] = [];
  replace = false;
  keeps = false;
  disturbs = false;

  /** Notes a difference of two values, as text, and the statements that overcome it. */
  note(label: string, before: string | undefined, after: string | undefined, ...drafts: (Draft | string)[]): boolean {
    if ((before ?? "") === (after ?? "")) return false;
    this.words.push(change(label, before, after));
    this.add(...drafts);
    return true;
  }

  add(...drafts: (Draft | string)[]): void {
    for (const draft of drafts) this.drafts.push(typeof draft === "string" ? { sql: draft } : draft);
  }

  /** A difference that only making it anew overcomes. */
  anew(label: string, before: string | undefined, after: string | undefined): void {
    if (this.note(label, before, after)) this.replace = true;
  }

  join(other: Pick<Verdict, "words" | "drafts">): void {
    this.words.push(...other.words);
    this.drafts.push(...other.drafts);
  }
}

/** A difference of two longer texts: lines, where few differ. */
export function textWords(label: string, before: string, after: string): string[] {
  if (before === after) return [];
  const [a, b] = [before.split("\n"), after.split("\n")];
  if (a.length === 1 && b.length === 1 && before.length + after.length < 200) return [change(label, before, after)];
  const gone = a.filter((line) => !b.includes(line));
  const come = b.filter((line) => !a.includes(line));
  const lines = [...gone.map((line) => `- ${line.trim()}`), ...come.map((line) => `+ ${line.trim()}`)];
  if (lines.length === 0) return [`${label} has other lines or another order of them`];
  const more = lines.length > 12 ? [`… ${lines.length - 12} more lines`] : [];
  return [[`${label} differs`, ...lines.slice(0, 12), ...more].join("\n")];
}

/** A partition may itself be partitioned, or foreign. */
export function isPartition(table: Table): boolean {
  return (table.postgres?.partitionBound ?? "") !== "";
}

/** Hazards of a statement on a table that others may be using. */
export function hazardsOn(world: World, table: ObjectKey, ...hazards: Hazard[]): { hazards?: Hazard[] } {
  return world.standing.has(table) && hazards.length > 0 ? { hazards } : {};
}
