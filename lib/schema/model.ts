import type { Described, Grant, ObjectKey } from "./model-objects.ts";

/** Every engine that has schemas to read and compare; SQLite runs no server. */
export type SchemaEngine = "postgres" | "mysql" | "sqlite";

/** A database's schema as its catalog says it; names are raw, never quoted. */
export interface Schema {
  engine: SchemaEngine;
  database: string;
  /** Ordered by schema, then name. */
  tables: Table[];
}

/** What a relation is; only `table`, `partition` and `materialized view` hold rows of their own. */
export type TableKind = "table" | "partitioned" | "partition" | "view" | "materialized view" | "foreign table";

/** Tables and what is like them: views, materialized views, foreign tables, SQLite's virtual ones. What is absent was not asked for or is not there. */
export interface Table extends Described {
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
  /** Bytes of the rows, out-of-line values included, indexes not; 0 where they were not asked for. */
  bytes: number;
  /** Made and owned by this extension (Postgres). */
  extension: string;
  /** The extension says that its rows are the user's and are dumped: those that meet this condition. */
  configuration?: string;
  /** A view's query; SQLite's own CREATE text of a table or view. */
  definition?: string;
  /** Storage parameters and view options by name; MySQL's table options that are not the engine's default. */
  options?: Record<string, string>;
  postgres?: PostgresTable;
  mysql?: MysqlTable;
  sqlite?: SqliteTable;
}

export interface PostgresTable {
  /** Its parents' keys, of those that are compared. */
  parents: ObjectKey[];
  unlogged: boolean;
  /** Access method where it is not the default: `heap` gives "". */
  accessMethod: string;
  /** `RANGE (day)`, or "". */
  partitionBy: string;
  /** A partition's bound: `FOR VALUES FROM (1) TO (9)`, `DEFAULT`, or "". */
  partitionBound: string;
  /** The composite type of a typed table, or "". */
  ofType: string;
  rowSecurity: boolean;
  forceRowSecurity: boolean;
  /** `default`, `nothing`, `full`, or `index NAME`. */
  replicaIdentity: string;
  /** The index that CLUSTER remembers, or "". */
  clusteredOn: string;
  /** The tablespace, where it is not the database's. */
  tablespace: string;
  /** A foreign table's server and options. */
  server?: string;
  serverOptions?: string[];
  /** False for a materialized view that was never filled. */
  populated: boolean;
}

export interface MysqlTable {
  charset: string;
  collation: string;
  rowFormat: string;
  autoIncrement?: string;
  /** `PARTITION BY …` as SHOW CREATE writes it, without the versioned comment. */
  partitioning?: string;
  /** A view's. */
  view?: {
    algorithm: string;
    definer: string;
    security: string;
    checkOption: string;
    charset: string;
    collation: string;
  };
  systemVersioned?: boolean;
  /** SHOW CREATE TABLE's or VIEW's own text, where the catalog alone does not tell. */
  create?: string;
}

export interface SqliteTable {
  withoutRowid: boolean;
  strict: boolean;
  autoincrement: boolean;
  /** The module of a virtual table, or "". */
  virtual: string;
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
  /** A generated column's expression. */
  expression?: string;
  privileges?: Grant[];
  postgres?: PostgresColumn;
  mysql?: MysqlColumn;
}

export interface PostgresColumn {
  /** False when it is only inherited. */
  local: boolean;
  inherited: boolean;
  /** The schema of `collation` with it, quoted, where it is not the type's own; else "". */
  collate: string;
  /** Where it is not the type's own, else "". */
  storage: string;
  /** The type's own. */
  usualStorage: string;
  compression: string;
  /** -1: the default. */
  statistics: number;
  options: string[];
  /** A foreign table's column's. */
  foreignOptions: string[];
  /** The identity's sequence. */
  sequence?: SequenceOptions;
  /** The name of the NOT NULL constraint (18 and later), and whether it is inherited only. */
  notNull?: { name: string; local: boolean; noInherit: boolean; validated: boolean; comment: string };
}

export interface MysqlColumn {
  charset: string;
  onUpdate: string;
  invisible: boolean;
  srid?: number;
  /** The default is an expression, to be written in parentheses. */
  defaultIsExpression: boolean;
  compressed?: boolean;
  withoutSystemVersioning?: boolean;
  /** A CHECK that stands in the column (MariaDB). */
  check?: string;
}

/** A key or constraint. `columns` in the key's order. */
export interface Key {
  name: string;
  kind: "primary key" | "unique" | "foreign key" | "exclusion";
  columns: string[];
  references: { schema: string; table: string; columns: string[] } | undefined;
  /** False for NOT VALID, NOT ENFORCED. */
  validated: boolean;
  /** As it stands behind `CONSTRAINT name`. */
  definition?: string;
  onDelete?: string;
  onUpdate?: string;
  deferrable?: boolean;
  initiallyDeferred?: boolean;
  enforced?: boolean;
  comment?: string;
  /** False when it came from a parent or a partitioned table. */
  local?: boolean;
  /** The index that enforces it, with what only an index has. */
  index?: Index;
}

/** `columns` are those whose values it compares, also inside expressions, in the index's order. */
export interface Index {
  name: string;
  unique: boolean;
  columns: string[];
  /** The statement or clause that makes it, as the engine writes it. */
  definition?: string;
  /** `btree`, `gin`, `FULLTEXT`, `SPATIAL`, … */
  method?: string;
  parts?: IndexPart[];
  /** Columns that it holds and doesn't compare (Postgres). */
  include?: string[];
  predicate?: string;
  visible?: boolean;
  comment?: string;
  /** A full text index's parser. */
  parser?: string;
  options?: Record<string, string>;
  postgres?: PostgresIndex;
}

export interface PostgresIndex {
  valid: boolean;
  /** Belongs to this constraint, or "". */
  constraint: string;
  /** The partitioned index it is attached to, as `schema.name`, or "". */
  attachedTo: string;
  /** Made for a partitioned table's own index. */
  tablespace: string;
  /** By number of the part: statistics target. */
  statistics: Record<string, number>;
}

export interface IndexPart {
  /** Either a column or an expression. */
  column?: string;
  expression?: string;
  descending?: boolean;
  /** Characters or bytes that are indexed (MySQL). */
  prefix?: number;
  collation?: string;
  operatorClass?: string;
}

/** A CHECK constraint; `expression` as the engine writes it, `columns` are those that it reads. */
export interface Check {
  name: string;
  expression: string;
  columns: string[];
  /** As it stands behind `CONSTRAINT name`. */
  definition?: string;
  validated?: boolean;
  enforced?: boolean;
  local?: boolean;
  comment?: string;
}

export interface Sequence extends Described {
  schema: string;
  name: string;
  type: string;
  /** The value that the last call gave, as text: it may be beyond 2^53. "" where there was none, or it may not be read. */
  last: string;
  options?: SequenceOptions;
  unlogged?: boolean;
  /** Made and altered through its column only. */
  ofIdentity?: boolean;
  /** The column whose end is its own. */
  ownedBy?: { schema: string; table: string; column: string };
}

/** As text: bounds may be beyond 2^53. */
export interface SequenceOptions {
  /** An identity's sequence has a name of its own. */
  schema?: string;
  name?: string;
  type: string;
  start: string;
  increment: string;
  minimum: string;
  maximum: string;
  cache: string;
  cycle: boolean;
  unlogged?: boolean;
}

/** `schema.name`, for messages and as a key of maps. */
export function qualifiedName(thing: { schema: string; name: string }): string {
  return `${thing.schema}.${thing.name}`;
}

/** True for what is the user's: no extension made it, or one that says so of its rows. */
export function isOfUser({ extension, configuration }: Table): boolean {
  return extension === "" || configuration !== undefined;
}

/** True for what holds rows of its own that a dump has to carry (materialized views are computed anew). */
export function holdsRows(table: Table): boolean {
  return table.kind === "table" || table.kind === "partition";
}
