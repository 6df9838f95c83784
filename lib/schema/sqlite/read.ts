import type { CatalogSession } from "../dialect.ts";
import type { Column, Key, Table } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import { parseTable } from "./definition.ts";

/** Reads everything that is in the database: a query for each kind of object. */
export async function readSqlite(session: CatalogSession): Promise<FullSchema> {
  const entries = await session.query<Entry>(
    "SELECT type, name, tbl_name AS 'table', sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  const shadows = new Set(
    (
      await session.query<{ name: string }>(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'",
      )
    ).map(({ name }) => name),
  );
  const relations = entries.filter(({ type, name }) => (type === "table" || type === "view") && !shadows.has(name));
  const tables = new Map(relations.map((entry) => [entry.name, tableOf(entry)]));
  await addColumns(session, tables);
  await addIndexes(session, tables, entries);
  await addForeignKeys(session, tables);
  const [encoding] = await session.query<{ encoding: string }>("PRAGMA encoding");
  return {
    engine: "sqlite",
    database: session.database,
    tables: [...tables.values()],
    sequences: [],
    server: { flavour: "sqlite", version: session.server.version },
    settings: { encoding: encoding?.encoding ?? "" },
    schemas: [],
    extensions: [],
    types: [],
    routines: [],
    triggers: entries
      .filter(({ type }) => type === "trigger")
      .map(({ name, table, sql }) => ({ schema: "", table, name, definition: sql ?? "", enabled: "" })),
    rules: [],
    policies: [],
    events: [],
    statistics: [],
    others: [],
    roles: [],
    dependencies: [],
    notCompared: [],
  };
}

interface Entry {
  type: "table" | "view" | "index" | "trigger";
  name: string;
  table: string;
  sql: string | null;
}

function tableOf({ type, name, sql }: Entry): Table {
  const definition = sql ?? "";
  const virtual = /^create\s+virtual\s+table\b[\s\S]*?\busing\s+(\w+)/i.exec(definition)?.[1] ?? "";
  const plain = type === "table" && virtual === "";
  const text = plain ? parseTable(definition) : undefined;
  return {
    schema: "",
    name,
    kind: type === "view" ? "view" : "table",
    columns: [],
    keys: [],
    indexes: [],
    checks: [],
    partitionKey: [],
    parents: [],
    storage: "",
    estimatedRows: -1,
    bytes: 0,
    extension: "",
    definition,
    sqlite: {
      withoutRowid: text?.withoutRowid ?? false,
      strict: text?.strict ?? false,
      autoincrement: text?.autoincrement ?? false,
      virtual,
    },
  };
}

interface ColumnRow {
  table: string;
  cid: number;
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
  hidden: number;
}

async function addColumns(session: CatalogSession, tables: Map<string, Table>): Promise<void> {
  const rows = await session.query<ColumnRow>(
    `SELECT m.name AS "table", x.* FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid`,
  );
  for (const row of rows) {
    const table = tables.get(row.table);
    if (table === undefined) continue;
    // 1 is a virtual table's own, not to be selected.
    if (row.hidden === 1) continue;
    table.columns.push(columnOf(row, table));
    if (row.pk > 0) addKeyColumn(table, row);
  }
  // A view whose tables are gone has no columns to be asked for: each by itself.
  for (const view of tables.values()) {
    if (view.kind !== "view") continue;
    const found = await session
      .query<ColumnRow>("SELECT '' AS \"table\", x.* FROM pragma_table_xinfo(?) x", [view.name])
      .catch(() => []);
    view.columns.push(...found.map((row) => columnOf(row, view)));
  }
}

function columnOf(row: ColumnRow, table: Table): Column {
  const counted = table.sqlite?.autoincrement === true && row.pk > 0;
  return {
    name: row.name,
    type: row.type,
    nullable: row.notnull === 0 && !(row.pk > 0 && table.sqlite?.withoutRowid),
    default: row.dflt_value ?? undefined,
    generated: row.hidden === 2 ? "virtual" : row.hidden === 3 ? "stored" : "no",
    baseType: "",
    labels: [],
    collation: "",
    ignores: "nothing",
    comment: "",
    identity: counted ? "by default" : "no",
    position: row.cid + 1,
  };
}

function addKeyColumn(table: Table, row: ColumnRow): void {
  let key = table.keys.find(({ kind }) => kind === "primary key");
  if (key === undefined) {
    key = { name: "", kind: "primary key", columns: [], references: undefined, validated: true };
    table.keys.push(key);
  }
  key.columns[row.pk - 1] = row.name;
}

interface IndexRow {
  table: string;
  name: string;
  unique: number;
  origin: string;
  column: string | null;
  desc: number;
  coll: string;
}

async function addIndexes(session: CatalogSession, tables: Map<string, Table>, entries: Entry[]): Promise<void> {
  const texts = new Map(entries.filter(({ type }) => type === "index").map(({ name, sql }) => [name, sql]));
  const rows = await session.query<IndexRow>(
    `SELECT m.name AS "table", l.name, l."unique", l.origin, x.name AS "column", x.desc, x.coll
     FROM sqlite_schema m JOIN pragma_index_list(m.name) l JOIN pragma_index_xinfo(l.name) x
     WHERE m.type = 'table' AND x.key = 1 ORDER BY m.name, l.name, x.seqno`,
  );
  for (const row of rows) {
    const table = tables.get(row.table);
    if (table === undefined || row.origin === "pk") continue;
    const own = row.origin === "u";
    if (own) addUnique(table, row);
    let index = table.indexes.find(({ name }) => name === row.name);
    if (index === undefined) {
      const definition = texts.get(row.name);
      index = {
        name: row.name,
        unique: row.unique === 1,
        columns: [],
        parts: [],
        ...(definition ? { definition } : {}),
      };
      table.indexes.push(index);
    }
    if (row.column !== null) index.columns.push(row.column);
    index.parts?.push({
      ...(row.column === null ? {} : { column: row.column }),
      descending: row.desc === 1,
      collation: row.coll,
    });
  }
}

function addUnique(table: Table, row: IndexRow): void {
  let key = table.keys.find(({ kind, name }) => kind === "unique" && name === row.name);
  if (key === undefined) {
    key = { name: row.name, kind: "unique", columns: [], references: undefined, validated: true };
    table.keys.push(key);
  }
  if (row.column !== null) key.columns.push(row.column);
}

interface ForeignRow {
  table: string;
  id: number;
  target: string;
  from: string;
  to: string | null;
  on_update: string;
  on_delete: string;
}

async function addForeignKeys(session: CatalogSession, tables: Map<string, Table>): Promise<void> {
  const rows = await session.query<ForeignRow>(
    `SELECT m.name AS "table", f.id, f."table" AS target, f."from", f."to", f.on_update, f.on_delete
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq`,
  );
  const keys = new Map<string, Key>();
  for (const row of rows) {
    const table = tables.get(row.table);
    if (table === undefined) continue;
    const id = `${row.table}\0${row.id}`;
    let key = keys.get(id);
    if (key === undefined) {
      const references = { schema: "", table: row.target, columns: [] };
      key = {
        name: "",
        kind: "foreign key",
        columns: [],
        references,
        validated: true,
        onDelete: row.on_delete,
        onUpdate: row.on_update,
      };
      keys.set(id, key);
      table.keys.push(key);
    }
    key.columns.push(row.from);
    // Nothing named: the other table's primary key.
    const target =
      row.to ??
      tables.get(row.target)?.keys.find(({ kind }) => kind === "primary key")?.columns[key.columns.length - 1];
    if (target !== undefined) key.references?.columns.push(target);
  }
}
