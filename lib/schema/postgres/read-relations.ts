import type { Column, Sequence, SequenceOptions, Table, TableKind } from "../model.ts";
import { type Catalog, grantsOf, idOf, known, optionsOf, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";

/** Relations by oid, for what hangs on them. */
export type Relations = Map<string, Table>;

const KINDS: Record<string, TableKind> = {
  r: "table",
  p: "partitioned",
  v: "view",
  m: "materialized view",
  f: "foreign table",
};

interface RelationRow {
  id: string;
  schema: string;
  name: string;
  kind: string;
  partition: boolean;
  persistence: string;
  owner: string;
  acl: string[];
  comment: string | null;
  options: string[] | null;
  toast_options: string[] | null;
  access_method: string | null;
  partition_by: string | null;
  bound: string | null;
  of_type: string | null;
  row_security: boolean;
  force: boolean;
  identity: string;
  identity_index: string | null;
  clustered: string | null;
  tablespace: string | null;
  parents: string[];
  definition: string | null;
  populated: boolean;
  server: string | null;
  server_options: string[] | null;
  rows: number;
}

/** Tables, views, materialized views and foreign tables, without what hangs on them. */
export async function readRelations(catalog: Catalog): Promise<Relations> {
  const rows = await catalog.query<RelationRow>(`
    SELECT c.oid::text AS id, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relispartition AS partition,
      c.relpersistence::text AS persistence, pg_get_userbyid(c.relowner)::text AS owner, coalesce(c.relacl, acldefault('r', c.relowner))::text[] AS acl,
      obj_description(c.oid, 'pg_class') AS comment, c.reloptions AS options, t.reloptions AS toast_options,
      CASE WHEN am.amname <> 'heap' THEN am.amname END::text AS access_method,
      CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_by,
      CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS bound,
      CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
      c.relrowsecurity AS row_security, c.relforcerowsecurity AS force, c.relreplident::text AS identity,
      (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident)::text AS identity_index,
      (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisclustered)::text AS clustered,
      s.spcname::text AS tablespace,
      ARRAY(SELECT i.inhparent::text FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
      CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition, c.relispopulated AS populated,
      fs.srvname::text AS server, CASE WHEN f.ftrelid IS NOT NULL THEN ARRAY(SELECT quote_ident(option_name) || ' ' || quote_literal(option_value)
        FROM pg_options_to_table(f.ftoptions) ORDER BY 1) END AS server_options, c.reltuples::float8 AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
      LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
      LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server fs ON fs.oid = f.ftserver
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER} ORDER BY n.nspname, c.relname`);
  const relations: Relations = new Map();
  for (const row of rows) {
    if (known(catalog, "pg_class", row, keyOf.relation(row.schema, row.name)))
      relations.set(row.id, tableOf(catalog, row));
  }
  for (const row of rows) {
    const table = relations.get(row.id);
    if (table === undefined) continue;
    table.parents = row.parents.map((id) => catalog.keys.get(idOf("pg_class", id)) ?? "").filter((key) => key !== "");
    catalog.schema.tables.push(table);
  }
  return relations;
}

function tableOf(catalog: Catalog, row: RelationRow): Table {
  const options = { ...optionsOf(row.options) };
  for (const [name, value] of Object.entries(optionsOf(row.toast_options))) options[`toast.${name}`] = value;
  return {
    schema: row.schema,
    name: row.name,
    kind: row.kind === "r" && row.partition ? "partition" : (KINDS[row.kind] ?? "table"),
    columns: [],
    keys: [],
    indexes: [],
    checks: [],
    partitionKey: [],
    parents: [],
    storage: "",
    estimatedRows: row.rows,
    bytes: 0,
    extension: "",
    owner: ownerName(catalog, row.owner),
    comment: row.comment ?? "",
    privileges: grantsOf(row.acl, row.owner),
    options,
    ...(row.definition === null ? {} : { definition: row.definition.trim().replace(/;$/, "") }),
    postgres: {
      unlogged: row.persistence === "u",
      accessMethod: row.access_method ?? "",
      partitionBy: row.partition_by ?? "",
      partitionBound: row.bound ?? "",
      ofType: row.of_type ?? "",
      rowSecurity: row.row_security,
      forceRowSecurity: row.force,
      replicaIdentity: replicaIdentity(row),
      clusteredOn: row.clustered ?? "",
      tablespace: row.tablespace ?? "",
      ...(row.server === null ? {} : { server: row.server, serverOptions: row.server_options ?? [] }),
      populated: row.populated,
    },
  };
}

function replicaIdentity(row: RelationRow): string {
  // What can't be published has NOTHING, and can't be given anything else.
  if (row.kind !== "r" && row.kind !== "p") return "default";
  if (row.identity === "i") return `index ${row.identity_index ?? ""}`;
  return row.identity === "n" ? "nothing" : row.identity === "f" ? "full" : "default";
}

interface ColumnRow {
  relation: string;
  name: string;
  type: string;
  not_null: boolean;
  expression: string | null;
  default_id: string | null;
  generated: string;
  identity: string;
  position: number;
  collate: string | null;
  comment: string | null;
  acl: string[] | null;
  owner: string;
  local: boolean;
  inherited: boolean;
  storage: string | null;
  usual_storage: string;
  compression: string | null;
  statistics: number | null;
  options: string[] | null;
  foreign_options: string[] | null;
}

/** How a type's values are stored, as SQL says it. */
const STORAGES: Record<string, string> = { p: "PLAIN", e: "EXTERNAL", x: "EXTENDED", m: "MAIN" };
const COMPRESSIONS: Record<string, string> = { p: "pglz", l: "lz4" };

export async function readColumns(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<ColumnRow>(`
    SELECT a.attrelid::text AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
      pg_get_expr(d.adbin, d.adrelid) AS expression, d.oid::text AS default_id, a.attgenerated::text AS generated, a.attidentity::text AS identity, a.attnum::int AS position,
      CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(o.collname) END AS collate,
      col_description(a.attrelid, a.attnum) AS comment, a.attacl::text[] AS acl, pg_get_userbyid(c.relowner)::text AS owner, a.attislocal AS local, a.attinhcount > 0 AS inherited,
      CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END::text AS storage, t.typstorage::text AS usual_storage, ${catalog.version >= 14 ? "a.attcompression::text" : "NULL"} AS compression,
      nullif(a.attstattarget, -1)::int AS statistics, a.attoptions AS options,
      CASE WHEN a.attfdwoptions IS NOT NULL THEN ARRAY(SELECT quote_ident(option_name) || ' ' || quote_literal(option_value)
        FROM pg_options_to_table(a.attfdwoptions) ORDER BY 1) END AS foreign_options
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_collation o ON o.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = o.collnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER} ORDER BY a.attrelid, a.attnum`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    table.columns.push(columnOf(row));
    if (row.default_id !== null)
      catalog.keys.set(
        idOf("pg_attrdef", row.default_id),
        // A generated column and its expression are one.
        (row.generated === "" ? keyOf.default : keyOf.column)(table.schema, table.name, row.name),
      );
  }
}

function columnOf(row: ColumnRow): Column {
  const generated = row.generated !== "";
  return {
    name: row.name,
    type: row.type,
    nullable: !row.not_null,
    default: generated ? undefined : (row.expression ?? undefined),
    ...(generated ? { expression: row.expression ?? "" } : {}),
    generated: row.generated === "s" ? "stored" : row.generated === "v" ? "virtual" : "no",
    baseType: "",
    labels: [],
    collation: row.collate ?? "",
    ignores: "nothing",
    comment: row.comment ?? "",
    identity: row.identity === "a" ? "always" : row.identity === "d" ? "by default" : "no",
    position: row.position,
    privileges: grantsOf(row.acl, row.owner),
    postgres: {
      local: row.local,
      inherited: row.inherited,
      collate: row.collate ?? "",
      storage: STORAGES[row.storage ?? ""] ?? "",
      usualStorage: STORAGES[row.usual_storage] ?? "",
      compression: COMPRESSIONS[row.compression ?? ""] ?? "",
      statistics: row.statistics ?? -1,
      options: row.options ?? [],
      foreignOptions: row.foreign_options ?? [],
    },
  };
}

interface SequenceRow {
  id: string;
  schema: string;
  name: string;
  owner: string;
  acl: string[];
  comment: string | null;
  persistence: string;
  type: string;
  start: string;
  increment: string;
  minimum: string;
  maximum: string;
  cache: string;
  cycle: boolean;
  last: string | null;
  owner_table: string | null;
  owner_column: string | null;
  internal: boolean | null;
}

/** Sequences, those of identities with their columns too. */
export async function readSequences(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<SequenceRow>(`
    SELECT c.oid::text AS id, n.nspname::text AS schema, c.relname::text AS name, pg_get_userbyid(c.relowner)::text AS owner,
      coalesce(c.relacl, acldefault('s', c.relowner))::text[] AS acl, obj_description(c.oid, 'pg_class') AS comment, c.relpersistence::text AS persistence,
      format_type(s.seqtypid, NULL) AS type, s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS minimum,
      s.seqmax::text AS maximum, s.seqcache::text AS cache, s.seqcycle AS cycle,
      CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE') AND NOT pg_is_in_recovery() THEN pg_sequence_last_value(c.oid) END::text AS last,
      d.refobjid::text AS owner_table, a.attname::text AS owner_column, d.deptype = 'i' AS internal
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE ${USER} ORDER BY n.nspname, c.relname`);
  for (const row of rows) {
    if (!known(catalog, "pg_class", row, keyOf.sequence(row.schema, row.name))) continue;
    const table = relations.get(row.owner_table ?? "");
    const column = table?.columns.find(({ name }) => name === row.owner_column);
    if (row.internal && column?.postgres !== undefined)
      column.postgres.sequence = { schema: row.schema, name: row.name, ...optionsIn(row) };
    catalog.schema.sequences.push(sequenceOf(catalog, row, table, column));
  }
}

function optionsIn(row: SequenceRow): SequenceOptions {
  const { type, start, increment, minimum, maximum, cache, cycle } = row;
  return { type, start, increment, minimum, maximum, cache, cycle, unlogged: row.persistence === "u" };
}

function sequenceOf(
  catalog: Catalog,
  row: SequenceRow,
  table: Table | undefined,
  column: Column | undefined,
): Sequence {
  const owned = table !== undefined && column !== undefined;
  return {
    schema: row.schema,
    name: row.name,
    type: row.type,
    next: row.last ?? "",
    options: optionsIn(row),
    unlogged: row.persistence === "u",
    owner: ownerName(catalog, row.owner),
    comment: row.comment ?? "",
    privileges: grantsOf(row.acl, row.owner),
    ...(owned ? { ownedBy: { schema: table.schema, table: table.name, column: column.name } } : {}),
    ...(owned && row.internal ? { ofIdentity: true } : {}),
  };
}
