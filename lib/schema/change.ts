import type { NotCompared, ObjectKind } from "./model-objects.ts";

/** What a statement may do to a database in use, by the names under which reports list it. */
export const HAZARDS = [
  /** Rows, columns or values are gone afterwards. */
  "deletes-data",
  /** It stops when existing rows don't fit. */
  "may-fail",
  /** Every row is written anew. */
  "rewrites-table",
  /** Every row is read under the lock. */
  "scans-table",
  /** Takes a lock that others wait for; the detail says which. */
  "locks",
  /** An index is built, and writes wait as long. */
  "blocks-writes",
  /** It cannot run in a transaction, or commits by itself. */
  "no-transaction",
  /** What it brings can be used after a commit only. */
  "commits-first",
  /** Needs more than owning the object: a superuser, a trusted extension, another owner. */
  "permissions",
  /** Changes who may do what. */
  "access",
  /** Names a role that the server of A doesn't have. */
  "role-missing",
] as const;
export type HazardName = (typeof HAZARDS)[number];

export interface Hazard {
  name: HazardName;
  /** In words: `ACCESS EXCLUSIVE on users`, `fails where email is null`. */
  detail: string;
}

/** What `--allow` takes: an object that is dropped for good, or values that are cut. */
export const DESTRUCTIVE = [
  "drop-schema",
  "drop-extension",
  "drop-table",
  "drop-partition",
  "drop-column",
  /** Of a composite type: it goes out of every value. */
  "drop-attribute",
  "drop-type",
  "drop-enum-value",
  "drop-sequence",
  "drop-view",
  "drop-materialized-view",
  "drop-routine",
  "drop-trigger",
  "drop-index",
  "drop-constraint",
  "drop-policy",
  "drop-rule",
  "drop-event",
  "drop-statistics",
  "drop-foreign-table",
  "drop-publication",
  "drop-other",
  /** The table is made anew because no ALTER leads there; its rows go. */
  "recreate-table",
  /** The column is made anew because no cast leads there; its values go. */
  "recreate-column",
  /** The column's new type takes its values, and holds less of them: they are cut, rounded or written otherwise. */
  "narrow-type",
] as const;
export type Destructive = (typeof DESTRUCTIVE)[number];

export interface Statement {
  /** One statement without its semicolon. */
  sql: string;
  hazards: Hazard[];
  /** It destroys something, and is written as a comment until this is allowed. */
  destructive?: Destructive;
  /** What it destroys besides, and what has to be allowed too. */
  besides?: Destructive[];
  /** False: it has to stand outside of a transaction, so that the one before ends here. */
  transactional: boolean;
  /** The transaction must end behind it before what it brings can be used. */
  commitAfter?: boolean;
  /** The {@link Change.id} it belongs to. */
  change: string;
}

/** The kinds that a statement needs to be allowed. */
export function kindsOf({ destructive, besides = [] }: Pick<Statement, "destructive" | "besides">): Destructive[] {
  return destructive === undefined ? [] : [destructive, ...besides];
}

/** A statement that destroys all of this. */
export function destroying(kinds: readonly Destructive[]): Pick<Statement, "destructive" | "besides"> {
  const [destructive, ...besides] = new Set(kinds);
  if (destructive === undefined) return {};
  return besides.length === 0 ? { destructive } : { destructive, besides };
}

/**
 * `replace`: dropped and made anew because it differs in what no ALTER changes. `rebuild`: doesn't differ, and has to
 * step aside for a change of what it depends on.
 */
export type Action = "create" | "drop" | "alter" | "replace" | "rebuild" | "rename";

/** One object that differs, in a reviewer's words. */
export interface Change {
  /** Unique in its plan; the object's key. */
  id: string;
  kind: ObjectKind;
  /** `users.email`; the schema only where it is not the usual one. */
  name: string;
  action: Action;
  /** What differs, a line each: `type: varchar(100) → varchar(255)`. */
  words: string[];
}

/** A pair that looks like one object under two names. */
export interface Rename {
  kind: ObjectKind;
  from: string;
  to: string;
}

export interface Plan {
  /** In the order of the kinds, then of names. */
  changes: Change[];
  /** In an order that works. */
  statements: Statement[];
  /** Renames that `--rename from=to` would take; none of them is in the statements. */
  renames: Rename[];
  notCompared: NotCompared[];
  /** Patterns of {@link DiffOptions.ignore} that left nothing out. */
  unmatched?: string[];
}

/** What is to be compared, and how it may be changed. */
export interface DiffOptions {
  /** Confirmed by the user: what A calls `from` is what B calls `to`; with or without schema, a column as `table.column`. */
  renames: { from: string; to: string }[];
  /** Forms that let others go on working, where the engine has them. */
  online: boolean;
  /** Names to leave out: `*` stands for any characters; matched, without quotes too, against `name`, `schema.name`, `table.column` and `schema.table.column`. */
  ignore: string[];
  /** Only these schemas; all when empty. */
  schemas: string[];
  /** Only these kinds; all when empty. */
  kinds: ObjectKind[];
}

/** Nothing left out. */
export const WHOLE: DiffOptions = { renames: [], online: false, ignore: [], schemas: [], kinds: [] };

/** How a script of statements is put together. */
export interface ScriptForm {
  /** "" where there are no transactions around such statements. */
  begin: string;
  commit: string;
  /** Statements before everything else, outside of the transaction. */
  before: string[];
  after: string[];
  /** With what ends it in the engine's own client, where that is more than a semicolon. */
  terminated?(sql: string): string;
}

/** What is done with a plan: the destructive kinds that may be carried out. */
export type Allowed = ReadonlySet<Destructive>;
