import { type Column, qualifiedName, type Table, type TableKind } from "../model.ts";
import { type Catalog, grantsOf, idOf, ifWhole, known, optionsOf, ownerName, USER } from "./catalog.ts";
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
  needs: string[];
  partition_key: string[];
  definition: string | null;
  populated: boolean;
  server: string | null;
  server_options: string[] | null;
  rows: number;
  bytes: string | null;
  extension: string | null;
  configuration: string | null;
}

/** Tables, views, materialized views and foreign tables, without what hangs on them. A size takes a lock on its table. */
export async function readRelations(catalog: Catalog, { sizes }: { sizes: boolean }): Promise<Relations> {
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
      ARRAY(SELECT DISTINCT rn.nspname || '.' || r.relname FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid AND r.oid <> c.oid JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE w.ev_class = c.oid AND c.relkind IN ('v', 'm'))::text[] AS needs,
      ARRAY(SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[]) WHERE p.partrelid = c.oid
        UNION SELECT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
        WHERE c.relkind = 'p' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid > 0 AND d.deptype = 'i'
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = 0)::text[] AS partition_key,
      CASE WHEN c.relkind IN ('v', 'm') THEN ${ifWhole(catalog, "pg_get_viewdef(c.oid)")} END AS definition, c.relispopulated AS populated,
      fs.srvname::text AS server, CASE WHEN f.ftrelid IS NOT NULL THEN ARRAY(SELECT quote_ident(option_name) || ' ' || quote_literal(option_value)
        FROM pg_options_to_table(f.ftoptions) ORDER BY 1) END AS server_options, c.reltuples::float8 AS rows,
      CASE WHEN c.relkind IN ('r', 'm') THEN ${sizes ? "pg_table_size(c.oid)" : "NULL"} END::text AS bytes,
      e.extname::text AS extension, (SELECT x.condition FROM unnest(e.extconfig, e.extcondition) AS x (id, condition) WHERE x.id = c.oid) AS configuration
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
      LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
      LEFT JOIN pg_depend m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid AND m.objsubid = 0 AND m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
      LEFT JOIN pg_extension e ON e.oid = m.refobjid
      LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server fs ON fs.oid = f.ftserver
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER} ORDER BY n.nspname, c.relname`);
  const relations: Relations = new Map();
  for (const row of rows) {
    if (known(catalog, "pg_class", row, keyOf.relation(row.schema, row.name)))
      relations.set(row.id, tableOf(catalog, row));
  }
  const names = new Map(rows.map((row) => [row.id, qualifiedName(row)]));
  for (const row of rows) {
    const table = relations.get(row.id);
    if (table?.postgres === undefined) continue;
    table.parents = row.parents.flatMap((id) => names.get(id) ?? []);
    table.postgres.parents = row.parents.flatMap((id) => catalog.keys.get(idOf("pg_class", id)) ?? []);
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
    partitionKey: row.partition_key,
    parents: [],
    needs: row.needs,
    storage: "",
    estimatedRows: row.rows,
    bytes: Number(row.bytes ?? 0),
    extension: row.extension ?? "",
    ...(row.configuration === null
      ? {}
      : { configuration: row.configuration.replace(/^\s*WHERE\b/i, "").trim() || "true" }),
    comment: row.comment ?? "",
    ...(catalog.depth === "whole"
      ? { owner: ownerName(catalog, row.owner), privileges: grantsOf(row.acl, row.owner) }
      : {}),
    options,
    ...(row.definition === null ? {} : { definition: row.definition.trim().replace(/;$/, "") }),
    postgres: {
      parents: [],
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
  base: string | null;
  labels: string[];
  collation: string | null;
  deterministic: boolean;
  locale: string | null;
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

/** The types below domains and arrays, for every column's type. */
const BELOW = `(WITH RECURSIVE below (id, modifier, depth) AS (
        SELECT a.atttypid, a.atttypmod, 0
        UNION ALL SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
          CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE -1 END, depth + 1
        FROM below b JOIN pg_type t ON t.oid = b.id WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typcategory = 'A'))`;

/** A collation's ICU locale: 15 gave it a column of its own, which 17 named anew. */
function localeColumn(version: number): string {
  if (version < 15) return "o.collcollate";
  return `coalesce(${version < 17 ? "o.colliculocale" : "o.colllocale"}, o.collcollate)`;
}

/** How a type's values are stored, as SQL says it. */
const STORAGES: Record<string, string> = { p: "PLAIN", e: "EXTERNAL", x: "EXTENDED", m: "MAIN" };
const COMPRESSIONS: Record<string, string> = { p: "pglz", l: "lz4" };

export async function readColumns(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<ColumnRow>(`
    SELECT a.attrelid::text AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
      pg_get_expr(d.adbin, d.adrelid) AS expression, d.oid::text AS default_id, a.attgenerated::text AS generated, a.attidentity::text AS identity, a.attnum::int AS position,
      CASE WHEN t.typtype = 'd' THEN ${BELOW} SELECT format_type(b.id, b.modifier) FROM below b JOIN pg_type t ON t.oid = b.id
        WHERE t.typtype <> 'd' ORDER BY depth LIMIT 1) END AS base,
      CASE WHEN t.typtype IN ('d', 'e') OR t.typcategory = 'A' THEN ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid =
        ${BELOW} SELECT id FROM below ORDER BY depth DESC LIMIT 1) ORDER BY e.enumsortorder) ELSE '{}' END::text[] AS labels,
      o.collname::text AS collation, coalesce(o.collisdeterministic, true) AS deterministic, ${localeColumn(catalog.version)} AS locale,
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
    baseType: row.base ?? "",
    labels: row.labels,
    collation: row.collation === null || row.collation === "default" ? "" : row.collation,
    ignores: ignoredBy(row),
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

/** citext folds case; a nondeterministic collation compares by the strength that its locale names (`ks`, BCP 47). */
function ignoredBy(row: ColumnRow): Column["ignores"] {
  if (/^([\w"]+\.)?citext\b/.test(row.base ?? row.type)) return "case";
  if (row.deterministic) return "nothing";
  if (/-ks-level1\b/.test(row.locale ?? "")) return "case and accents";
  return /-ks-level2\b/.test(row.locale ?? "") ? "case and width" : "nothing";
}
