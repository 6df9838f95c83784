/** A database's schema as its catalog says it; names are raw, never quoted. */
export interface Schema {
  engine: "postgres" | "mysql";
  database: string;
  /** Ordered by schema, then name. */
  tables: Table[];
  sequences: Sequence[];
}

/** What a relation is; only `table`, `partition` and `materialized view` hold rows of their own. */
export type TableKind = "table" | "partitioned" | "partition" | "view" | "materialized view" | "foreign table";

export interface Table {
  /** MySQL has no schemas below the database: it is then the database's name. */
  schema: string;
  name: string;
  kind: TableKind;
  columns: Column[];
  keys: Key[];
  indexes: Index[];
  checks: Check[];
  /** The columns by which rows are spread over partitions, expressions' columns too. */
  partitionKey: string[];
  /** The partitioned or inherited parents, as `schema.name`. */
  parents: string[];
  /** What a view reads, as `schema.name`. */
  needs?: string[];
  /** MySQL's storage engine, e.g. `InnoDB`; for Postgres "". */
  storage: string;
  /** The planner's guess; -1 when it has none. */
  estimatedRows: number;
  /** Bytes of the rows, out-of-line values included, indexes not. */
  bytes: number;
  /** Made and owned by this extension (Postgres). */
  extension: string;
}

export interface Column {
  name: string;
  /** The full type as the engine writes it: `character varying(100)`, `enum('a','b')`. */
  type: string;
  nullable: boolean;
  /** The default's expression as the engine writes it. */
  default: string | undefined;
  generated: "no" | "stored" | "virtual";
  /** What a domain stands for in the end; "" for other types (Postgres). */
  baseType: string;
  /** The values of an enum in their order, also of one below a domain or an array; MySQL's and sets' stand in the type. */
  labels: string[];
  /** The name of the collation that its texts compare by; "" where there is none of its own (Postgres) or at all. */
  collation: string;
  /** What texts may differ in and still be equal. */
  ignores: "nothing" | "case" | "case and width" | "case and accents";
  comment: string;
  identity: "no" | "always" | "by default" | "auto_increment";
  position: number;
}

/** A key or constraint. `columns` in the key's order. */
export interface Key {
  name: string;
  kind: "primary key" | "unique" | "foreign key";
  columns: string[];
  references: { schema: string; table: string; columns: string[] } | undefined;
  /** False for NOT VALID, NOT ENFORCED. */
  validated: boolean;
}

/** `columns` are those whose values it compares, also inside expressions, in the index's order. */
export interface Index {
  name: string;
  unique: boolean;
  columns: string[];
}

/** A CHECK constraint; `expression` as the engine writes it, `columns` are those that it reads. */
export interface Check {
  name: string;
  expression: string;
  columns: string[];
}

export interface Sequence {
  schema: string;
  name: string;
  type: string;
  /** The value that the next call gives, as text: it may be beyond 2^53. "" where it may not be read. */
  next: string;
}

/** `schema.name`, for messages and as a key of maps. */
export function qualifiedName(thing: { schema: string; name: string }): string {
  return `${thing.schema}.${thing.name}`;
}

/** True for what holds rows of its own that a dump has to carry (materialized views are computed anew). */
export function holdsRows(table: Table): boolean {
  return table.kind === "table" || table.kind === "partition";
}
