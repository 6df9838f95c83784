import type { Schema, SchemaEngine, Sequence, SequenceOptions } from "./model.ts";

/** What every object may have. */
export interface Described {
  /** The role's name; "" for the database's own owner, who differs from server to server. */
  owner?: string;
  comment?: string;
  /** All that are in effect, the kind's defaults among them. */
  privileges?: Grant[];
}

/** One privilege of one role on one object. */
export interface Grant {
  /** `owner`: the object's own, whoever that is. */
  to: "role" | "public" | "owner";
  /** The role's name; "" for the two others. */
  grantee: string;
  privilege: string;
  grantable: boolean;
  /** Who granted it, where that wasn't the owner (Postgres). */
  by?: string;
}

/** A schema with all that is in it, complete enough to make the empty database anew. */
export interface FullSchema extends Schema {
  server: { flavour: "postgres" | "mysql" | "mariadb" | "sqlite"; version: string };
  /** What the database itself is set to: charset, collation. */
  settings: Record<string, string>;
  sequences: Sequence[];
  schemas: Namespace[];
  extensions: Extension[];
  types: UserType[];
  routines: Routine[];
  triggers: Trigger[];
  rules: Rule[];
  policies: Policy[];
  events: ScheduledEvent[];
  statistics: Statistics[];
  /** Kinds of which only the whole is compared: operators, casts, text search, foreign servers, … */
  others: OtherObject[];
  /** Roles and users that the server has, for those that privileges and policies name. */
  roles: string[];
  postgres?: PostgresFacts;
  /** Who needs what, by {@link ObjectKey}; only the needs between different objects. */
  dependencies: Dependency[];
  /** What is in the database and not in this model. */
  notCompared: NotCompared[];
}

/** What only Postgres has, and what the comparison needs to know of its server. */
export interface PostgresFacts {
  /** Who gets what on objects that are made later. */
  defaultPrivileges: DefaultPrivileges[];
  publications: Publication[];
  /** Only where they are not what the server or the extension set. */
  systemPrivileges: SystemPrivileges[];
  /** The role of the session, which will own what it makes. */
  user: string;
  databaseOwner: string;
  /** Casts that the server has: `integer → text` → the context in which it is applied. */
  casts: Record<string, "implicit" | "assignment" | "explicit">;
  /** Extension → the version that CREATE EXTENSION takes. */
  extensionVersions: Record<string, string>;
}

export interface DefaultPrivileges {
  role: string;
  /** "" for all schemas. */
  schema: string;
  /** `TABLES`, `SEQUENCES`, `FUNCTIONS`, `TYPES`, `SCHEMAS`. */
  on: string;
  privileges: Grant[];
}

/** Who may do what with an object of the server's own, or of an extension's. */
export interface SystemPrivileges {
  /** As GRANT says it: `FUNCTION`, `LANGUAGE`. */
  keyword: string;
  /** As SQL. */
  name: string;
  /** "" for the server's own. */
  extension: string;
  owner: string;
  /** What it came with. */
  initial: Grant[];
  privileges: Grant[];
}

export interface Publication extends Described {
  name: string;
  allTables: boolean;
  options: Record<string, string>;
  /** `TABLE "s"."t" (a, b) WHERE (…)`, `TABLES IN SCHEMA "s"`, each with what it is about. */
  members: { name: string; sql: string; needs: ObjectKey }[];
}

/** `kind:name`, unique within a schema; engines make and read them on their own. */
export type ObjectKey = string;

export interface Dependency {
  from: ObjectKey;
  to: ObjectKey;
}

/** Something that the comparison leaves out, and why. */
export interface NotCompared {
  what: string;
  why: string;
}

export interface Namespace extends Described {
  name: string;
}

export interface Extension {
  name: string;
  schema: string;
  version: string;
  comment?: string;
  /** The comment that it comes with. */
  usualComment?: string;
  relocatable?: boolean;
}

export interface EnumType extends Described {
  kind: "enum";
  schema: string;
  name: string;
  labels: string[];
}

export interface DomainType extends Described {
  kind: "domain";
  schema: string;
  name: string;
  type: string;
  collate: string;
  notNull: boolean;
  /** The name of its NOT NULL constraint (17 and later). */
  notNullName?: string;
  default: string | undefined;
  checks: { name: string; definition: string; validated: boolean; comment: string }[];
}

export interface CompositeType extends Described {
  kind: "composite";
  schema: string;
  name: string;
  attributes: { name: string; type: string; collate: string; comment: string }[];
}

export interface RangeType extends Described {
  kind: "range";
  schema: string;
  name: string;
  /** Name of the option → its value as SQL. */
  options: Record<string, string>;
  multirange: string;
}

export interface BaseType extends Described {
  kind: "base";
  schema: string;
  name: string;
  /** Undefined for a shell. */
  options: Record<string, string> | undefined;
}

export type UserType = EnumType | DomainType | CompositeType | RangeType | BaseType;

export interface Routine extends Described {
  kind: "function" | "procedure" | "aggregate" | "window";
  schema: string;
  name: string;
  /** The types that tell overloads apart: `integer, text`; MySQL has none. */
  signature: string;
  /** With names, modes and defaults. */
  arguments: string;
  returns: string;
  language: string;
  /** The statement that makes it. */
  definition: string;
  /** MySQL: what it was made under. */
  mysql?: { definer: string; sqlMode: string; charset: string; collation: string; databaseCollation: string };
}

export interface Trigger {
  schema: string;
  /** "" for an event trigger of Postgres. */
  table: string;
  name: string;
  /** The statement that makes it. */
  definition: string;
  /** False when it came from the partitioned table. */
  local?: boolean;
  timing?: string;
  events?: string[];
  /** `always`, `replica`, `disabled`, or "" as usual. */
  enabled: string;
  comment?: string;
  owner?: string;
  /** Its place among those of the same time and event (MySQL). */
  order?: number;
  mysql?: Routine["mysql"];
}

export interface Rule {
  schema: string;
  table: string;
  name: string;
  definition: string;
  enabled: string;
  comment: string;
}

export interface Policy {
  schema: string;
  table: string;
  name: string;
  permissive: boolean;
  command: string;
  /** "" is PUBLIC. */
  roles: string[];
  using: string | undefined;
  check: string | undefined;
  comment: string;
}

/** MySQL's EVENT. */
export interface ScheduledEvent {
  name: string;
  definition: string;
  status: string;
  comment: string;
  /** In which its times are meant. */
  timeZone?: string;
  mysql: NonNullable<Routine["mysql"]>;
}

/** Extended statistics. */
export interface Statistics extends Described {
  schema: string;
  name: string;
  /** The table's `schema.name`. */
  table: string;
  definition: string;
  /** -1: the default. */
  target: number;
}

/** An object that is made and dropped as a whole; what can be altered stands in `attributes`. */
export interface OtherObject extends Described {
  kind: ObjectKind;
  /** "" for kinds outside of schemas. */
  schema: string;
  /** With what makes it unique: an operator's types, a cast's two. */
  name: string;
  /** How SQL names it behind the kind's keyword: `@@ (text, text)`. */
  sqlName: string;
  create: string[];
  drop: string;
  attributes: Record<string, string>;
  /** A sequence-like part. */
  options?: SequenceOptions;
}

/** Kinds of objects as a reviewer reads them, over all engines. */
export const OBJECT_KINDS = [
  "schema",
  "extension",
  "enum",
  "domain",
  "composite type",
  "range type",
  "base type",
  "collation",
  "conversion",
  "sequence",
  "table",
  "column",
  "default",
  "partition",
  "primary key",
  "unique",
  "foreign key",
  "exclusion",
  "check",
  "not null",
  "index",
  "statistics",
  "view",
  "materialized view",
  "foreign table",
  "virtual table",
  "function",
  "procedure",
  "aggregate",
  "package",
  "trigger",
  "event trigger",
  "rule",
  "policy",
  "event",
  "operator",
  "operator class",
  "operator family",
  "cast",
  "transform",
  "language",
  "access method",
  "text search parser",
  "text search template",
  "text search dictionary",
  "text search configuration",
  "foreign data wrapper",
  "server",
  "user mapping",
  "publication",
  "subscription",
  "default privileges",
  "privileges",
  "owner",
  "comment",
  "database",
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** What a dialect's engine is called in messages. */
export const ENGINE_TITLES = {
  postgres: "Postgres",
  mysql: "MySQL/MariaDB",
  sqlite: "SQLite",
} satisfies Record<SchemaEngine, string>;
