import type { Session } from "../../engine/index.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import {
  type Column,
  type Key,
  type MysqlTable,
  qualifiedName,
  type Schema,
  type Sequence,
  type Table,
  type TableKind,
} from "../model.ts";
import { type CatalogQuery, catalog } from "./catalog.ts";

/** MariaDB lists its sequences among the tables. */
export interface MysqlTables extends Schema {
  sequences: Sequence[];
}

/** Reads the tables of the session's database from its catalog, with their sizes, a query for each kind of object. */
export async function readMysqlTables(session: Session): Promise<MysqlTables> {
  const relations = await catalog<Relation>(session, RELATIONS);
  const tables = new Map<string, Table>();
  for (const relation of relations) {
    if (relation.kind !== "SEQUENCE") tables.set(relation.name, tableOf(relation, session.database));
  }
  for (const row of await catalog<ColumnRow>(session, COLUMNS)) tables.get(row.table)?.columns.push(columnOf(row));
  for (const row of await catalog<KeyRow>(session, KEYS)) addKeyColumn(tables.get(row.table), row);
  await readIndexes(session, tables);
  for (const row of await readChecks(session)) addCheck(tables.get(row.table), row);
  for (const row of await catalog<PartitionRow>(session, PARTITIONS)) addPartitionKey(tables.get(row.table), row);
  for (const row of await catalog<ViewRow>(session, VIEWS)) addNeeds(tables, row);
  const sequences = relations.flatMap(({ kind, name }) => (kind === "SEQUENCE" ? [sequenceOf(session, name)] : []));
  return {
    engine: "mysql",
    database: session.database,
    tables: [...tables.values()].sort((a, b) => compare(a.name, b.name)),
    sequences: sequences.sort((a, b) => compare(a.name, b.name)),
  };
}

interface Relation {
  name: string;
  kind: string;
  storage: string | null;
  rows: number | null;
  bytes: number;
  collation: string | null;
  comment: string;
}

const RELATIONS: CatalogQuery = {
  fields: {
    name: "TABLE_NAME",
    kind: "TABLE_TYPE",
    storage: "ENGINE",
    rows: "TABLE_ROWS",
    bytes: "COALESCE(DATA_LENGTH, 0)",
    collation: "TABLE_COLLATION",
    comment: "TABLE_COMMENT",
  },
  from: "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
};

/** Engines whose rows are somewhere else; mysqldump doesn't take them along either. */
const FOREIGN = /^(FEDERATED|MRG_MYISAM|CONNECT|SPIDER|NDBINFO|S3)$/i;

function tableOf(relation: Relation, database: string): Table {
  return {
    schema: database,
    name: relation.name,
    kind: kindOf(relation),
    columns: [],
    keys: [],
    indexes: [],
    checks: [],
    partitionKey: [],
    parents: [],
    storage: relation.storage ?? "",
    estimatedRows: relation.rows ?? -1,
    bytes: Number(relation.bytes),
    extension: "",
    // Of a view it says that it is one, or what is wrong with it.
    ...(relation.kind === "VIEW" ? {} : { comment: relation.comment, mysql: mysqlTable(relation) }),
  };
}

function mysqlTable({ collation }: Relation): MysqlTable {
  return { charset: collation?.split("_")[0] ?? "", collation: collation ?? "", rowFormat: "" };
}

function kindOf(relation: Relation): TableKind {
  if (relation.kind === "VIEW") return "view";
  return FOREIGN.test(relation.storage ?? "") ? "foreign table" : "table";
}

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  nullable: string;
  default: string | null;
  extra: string;
  position: number;
  collation: string | null;
  comment: string;
}

const COLUMNS: CatalogQuery = {
  fields: {
    table: "TABLE_NAME",
    name: "COLUMN_NAME",
    type: "COLUMN_TYPE",
    nullable: "IS_NULLABLE",
    default: "COLUMN_DEFAULT",
    extra: "EXTRA",
    position: "ORDINAL_POSITION",
    collation: "COLLATION_NAME",
    comment: "COLUMN_COMMENT",
  },
  from: "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION",
};

function columnOf(row: ColumnRow): Column {
  return {
    name: row.name,
    type: row.type,
    nullable: row.nullable === "YES",
    default: row.default ?? undefined,
    generated: generatedOf(row.extra),
    identity: /auto_increment/i.test(row.extra) ? "auto_increment" : "no",
    position: Number(row.position),
    baseType: "",
    labels: [],
    collation: row.collation ?? "",
    ignores: ignoredBy(row.collation ?? ""),
    comment: row.comment,
  };
}

/** By the suffixes of a collation's name; what says nothing of accents ignores them (MySQL's manual, "Collation Naming Conventions"). */
function ignoredBy(collation: string): Column["ignores"] {
  if (!collation.endsWith("_ci")) return "nothing";
  return collation.endsWith("_as_ci") ? "case and width" : "case and accents";
}

interface IndexRow {
  table: string;
  name: string;
  shared: number;
  column: string | null;
  prefix: number | null;
  expression?: string;
}

const INDEX_FIELDS = {
  table: "TABLE_NAME",
  name: "INDEX_NAME",
  shared: "NON_UNIQUE",
  column: "COLUMN_NAME",
  prefix: "SUB_PART",
};
const INDEXES =
  "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

async function readIndexes(session: Session, tables: Map<string, Table>): Promise<void> {
  let rows = await catalog<IndexRow>(session, { fields: INDEX_FIELDS, from: INDEXES });
  // Only where a part has no column, which is an expression, does the view have a column with its text.
  if (rows.some(({ column }) => column === null))
    rows = await catalog<IndexRow>(session, { fields: { ...INDEX_FIELDS, expression: "EXPRESSION" }, from: INDEXES });
  for (const row of rows) addIndexPart(tables.get(row.table), row);
}

function addIndexPart(table: Table | undefined, row: IndexRow): void {
  if (table === undefined) return;
  let index = table.indexes.find(({ name }) => name === row.name);
  if (index === undefined) {
    index = { name: row.name, unique: Number(row.shared) === 0, columns: [], parts: [] };
    table.indexes.push(index);
  }
  const { column, prefix, expression = "" } = row;
  index.parts?.push(
    column === null ? { expression } : { column, ...(prefix === null ? {} : { prefix: Number(prefix) }) },
  );
  const columns = column === null ? columnsIn(table, expression) : [column];
  index.columns = [...new Set([...index.columns, ...columns])];
}

/** The columns that an expression's text names. */
function columnsIn(table: Table, expression: string): string[] {
  const words = new Set(expression.split(/[^\p{L}\p{N}_$]+/u));
  return table.columns.flatMap(({ name }) => (words.has(name) || expression.includes(`\`${name}\``) ? [name] : []));
}

interface PartitionRow {
  table: string;
  expression: string;
}

const PARTITIONS: CatalogQuery = {
  fields: { table: "TABLE_NAME", expression: "CONCAT_WS(' ', PARTITION_EXPRESSION, SUBPARTITION_EXPRESSION)" },
  from: "FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_EXPRESSION IS NOT NULL AND PARTITION_ORDINAL_POSITION = 1",
};

function addPartitionKey(table: Table | undefined, row: PartitionRow): void {
  if (table !== undefined) table.partitionKey = columnsIn(table, row.expression);
}

function generatedOf(extra: string): Column["generated"] {
  // "DEFAULT_GENERATED" is a default that is an expression; PERSISTENT is what MariaDB once called STORED.
  if (/VIRTUAL( GENERATED)?\b/i.test(extra)) return "virtual";
  return /(STORED|PERSISTENT)( GENERATED)?\b/i.test(extra) ? "stored" : "no";
}

interface KeyRow {
  table: string;
  name: string;
  column: string | null;
  schema: string | null;
  target: string | null;
  targetColumn: string | null;
}

/** Only primary, unique and foreign keys stand in this view; which one follows from the row itself. */
const KEYS: CatalogQuery = {
  fields: {
    table: "TABLE_NAME",
    name: "CONSTRAINT_NAME",
    column: "COLUMN_NAME",
    schema: "REFERENCED_TABLE_SCHEMA",
    target: "REFERENCED_TABLE_NAME",
    targetColumn: "REFERENCED_COLUMN_NAME",
  },
  from: "FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
};

function addKeyColumn(table: Table | undefined, row: KeyRow): void {
  if (table === undefined) return;
  const kind = row.target !== null ? "foreign key" : row.name === "PRIMARY" ? "primary key" : "unique";
  let key = table.keys.find((known) => known.name === row.name && known.kind === kind);
  if (key === undefined) {
    key = newKey(row, kind);
    table.keys.push(key);
  }
  if (row.column !== null) key.columns.push(row.column);
  if (row.targetColumn !== null) key.references?.columns.push(row.targetColumn);
}

function newKey(row: KeyRow, kind: Key["kind"]): Key {
  const references = row.target === null ? undefined : { schema: row.schema ?? "", table: row.target, columns: [] };
  return { name: row.name, kind, columns: [], references, validated: true };
}

interface CheckRow {
  table: string;
  name: string;
  expression: string;
}

/** The view came with MySQL 8.0.16; only MariaDB's names the table. */
async function readChecks(session: Session): Promise<CheckRow[]> {
  if (session.server.flavour === "mysql" && !isMysql(session.server, "8.0.16")) return [];
  const own = "c.CONSTRAINT_SCHEMA = DATABASE()";
  const tables = `information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK'`;
  const from = session.server.flavour === "mysql" ? `JOIN ${tables} WHERE ${own}` : `WHERE ${own}`;
  const rows = await catalog<CheckRow>(session, {
    fields: { table: "TABLE_NAME", name: "c.CONSTRAINT_NAME", expression: "c.CHECK_CLAUSE" },
    from: `FROM information_schema.CHECK_CONSTRAINTS c ${from} ORDER BY TABLE_NAME, c.CONSTRAINT_NAME`,
  });
  if (session.server.flavour !== "mysql") return rows;
  return rows.map((row) => ({ ...row, expression: asWritten(row.expression) }));
}

/** MySQL's view (9.7 too) has clauses as its own files have them: quotes and backslashes escaped, UTF-8 a character per byte. */
function asWritten(clause: string): string {
  const plain = clause.replace(/\\(['\\])/g, "$1");
  return /[^\0-\xff]/.test(plain) ? plain : Buffer.from(plain, "latin1").toString("utf8");
}

function addCheck(table: Table | undefined, { name, expression }: CheckRow): void {
  table?.checks.push({ name, expression, columns: columnsIn(table, expression) });
}

interface ViewRow {
  view: string;
  definition: string | null;
}

/** Not VIEW_TABLE_USAGE, which only MySQL 8 has. */
const VIEWS: CatalogQuery = {
  fields: { view: "TABLE_NAME", definition: "VIEW_DEFINITION" },
  from: "FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
};

/** In a stored definition every relation is written with its database: `` `shop`.`orders` ``. */
function addNeeds(tables: Map<string, Table>, row: ViewRow): void {
  const view = tables.get(row.view);
  if (view === undefined || row.definition === null) return;
  const names = new Set<string>();
  for (const [, schema, name] of row.definition.matchAll(/`((?:[^`]|``)+)`\.`((?:[^`]|``)+)`/g)) {
    const plain = name?.replaceAll("``", "`") ?? "";
    if (schema?.replaceAll("``", "`") === view.schema && tables.has(plain))
      names.add(qualifiedName({ schema: view.schema, name: plain }));
  }
  view.needs = [...names];
}

function sequenceOf({ database }: Session, name: string): Sequence {
  return { schema: database, name, type: "bigint", last: "" };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
