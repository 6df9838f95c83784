import type { Session } from "../engine/index.ts";
import { quoteLiteral, quoteQualified } from "../engine/postgres/quote.ts";
import type { Check, Column, Index, Key, Schema, Sequence, Table, TableKind } from "./model.ts";

/** Schemas of the server's own; everything else is the user's. */
const USER_SCHEMAS = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'`;

/** Reads the catalog of the session's database: one query per kind of object. */
export async function readPostgresSchema(session: Session): Promise<Schema> {
  const tables = await readTables(session);
  const byId = new Map(tables.map(({ id, table }) => [id, table]));
  await readColumns(session, byId);
  await readKeys(session, byId);
  await readIndexes(session, byId);
  await readChecks(session, byId);
  const sequences = await readSequences(session);
  return { engine: "postgres", database: session.database, tables: tables.map(({ table }) => table), sequences };
}

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
  rows: number;
  bytes: string;
  parents: string[];
  needs: string[];
  partition_key: string[];
  extension: string;
}

async function readTables(session: Session): Promise<{ id: string; table: Table }[]> {
  const rows = await session.query<RelationRow>(`
    SELECT c.oid::text AS id, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relispartition AS partition,
      c.reltuples::float8 AS rows, CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE 0 END::text AS bytes,
      ARRAY(SELECT pn.nspname || '.' || p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
        JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno)::text[] AS parents,
      ARRAY(SELECT DISTINCT rn.nspname || '.' || r.relname FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid AND r.oid <> c.oid JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE w.ev_class = c.oid AND c.relkind IN ('v', 'm'))::text[] AS needs,
      ARRAY(SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::int2[]) WHERE p.partrelid = c.oid
        UNION SELECT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
        WHERE c.relkind = 'p' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.refobjid = c.oid
        AND d.refobjsubid > 0)::text[] AS partition_key,
      coalesce((SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'), '')::text AS extension
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER_SCHEMAS}
    ORDER BY n.nspname, c.relname`);
  return rows.map((row) => ({ id: row.id, table: tableOf(row) }));
}

function tableOf(row: RelationRow): Table {
  return {
    schema: row.schema,
    name: row.name,
    kind: row.kind === "r" && row.partition ? "partition" : (KINDS[row.kind] ?? "table"),
    columns: [],
    keys: [],
    indexes: [],
    checks: [],
    partitionKey: row.partition_key,
    parents: row.parents,
    needs: row.needs,
    storage: "",
    estimatedRows: row.rows,
    bytes: Number(row.bytes),
    extension: row.extension,
  };
}

interface ColumnRow {
  relation: string;
  name: string;
  type: string;
  nullable: boolean;
  expression: string | null;
  generated: string;
  identity: string;
  position: number;
  base: string | null;
  labels: string[];
  collation: string | null;
  deterministic: boolean | null;
  locale: string | null;
  comment: string | null;
}

/** The type below domains and arrays, for every column's type. */
const BELOW = `(WITH RECURSIVE below (id, modifier, depth) AS (
        SELECT a.atttypid, a.atttypmod, 0
        UNION ALL SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
          CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE -1 END, depth + 1
        FROM below b JOIN pg_type t ON t.oid = b.id WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typcategory = 'A'))`;

async function readColumns(session: Session, tables: Map<string, Table>): Promise<void> {
  const rows = await session.query<ColumnRow>(`
    SELECT a.attrelid::text AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
      NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated::text AS generated,
      a.attidentity::text AS identity, a.attnum::int AS position,
      CASE WHEN y.typtype = 'd' THEN ${BELOW} SELECT format_type(b.id, b.modifier) FROM below b JOIN pg_type t ON t.oid = b.id
        WHERE t.typtype <> 'd' ORDER BY depth LIMIT 1) END AS base,
      CASE WHEN y.typtype IN ('d', 'e') OR y.typcategory = 'A' THEN ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid =
        ${BELOW} SELECT id FROM below ORDER BY depth DESC LIMIT 1) ORDER BY e.enumsortorder) ELSE '{}' END::text[] AS labels,
      o.collname::text AS collation, to_jsonb(o)->>'collisdeterministic' IS DISTINCT FROM 'false' AS deterministic,
      coalesce(to_jsonb(o)->>'colllocale', to_jsonb(o)->>'colliculocale', o.collcollate) AS locale, col_description(c.oid, a.attnum) AS comment
    FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER_SCHEMAS}
    ORDER BY a.attrelid, a.attnum`);
  for (const row of rows) tables.get(row.relation)?.columns.push(columnOf(row));
}

function columnOf(row: ColumnRow): Column {
  return {
    name: row.name,
    type: row.type,
    nullable: row.nullable,
    default: row.generated === "" ? (row.expression ?? undefined) : undefined,
    generated: row.generated === "s" ? "stored" : row.generated === "v" ? "virtual" : "no",
    identity: row.identity === "a" ? "always" : row.identity === "d" ? "by default" : "no",
    position: row.position,
    baseType: row.base ?? "",
    labels: row.labels,
    collation: row.collation === null || row.collation === "default" ? "" : row.collation,
    ignores: ignoredBy(row),
    comment: row.comment ?? "",
  };
}

/** citext folds case; a nondeterministic collation compares by the strength that its locale names (`ks`, BCP 47). */
function ignoredBy(row: ColumnRow): Column["ignores"] {
  if (/^([\w"]+\.)?citext\b/.test(row.base ?? row.type)) return "case";
  if (row.deterministic !== false) return "nothing";
  if (/-ks-level1\b/.test(row.locale ?? "")) return "case and accents";
  return /-ks-level2\b/.test(row.locale ?? "") ? "case and width" : "nothing";
}

interface IndexRow {
  relation: string;
  name: string;
  unique: boolean;
  columns: string[];
}

async function readIndexes(session: Session, tables: Map<string, Table>): Promise<void> {
  const rows = await session.query<IndexRow>(`
    SELECT i.indrelid::text AS relation, c.relname::text AS name, i.indisunique AS unique, ARRAY(
        SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        UNION SELECT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
        WHERE i.indexprs IS NOT NULL AND d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
          AND d.refobjsubid > 0 AND d.refobjsubid <> ALL (i.indkey))::text[] AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMAS} ORDER BY i.indrelid, c.relname`);
  for (const { relation, ...index } of rows) tables.get(relation)?.indexes.push(index satisfies Index);
}

interface KeyRow {
  relation: string;
  name: string;
  kind: string;
  columns: string[];
  schema: string | null;
  table: string | null;
  referenced: string[];
  validated: boolean;
}

async function readKeys(session: Session, tables: Map<string, Table>): Promise<void> {
  const columns = (ids: string, relation: string) =>
    `ARRAY(SELECT a.attname FROM unnest(${ids}) WITH ORDINALITY u(n, i) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.n ORDER BY u.i)::text[]`;
  const rows = await session.query<KeyRow>(`
    SELECT k.conrelid::text AS relation, k.conname::text AS name, k.contype::text AS kind, ${columns("k.conkey", "k.conrelid")} AS columns,
      fn.nspname::text AS schema, f.relname::text AS table, ${columns("k.confkey", "k.confrelid")} AS referenced, k.convalidated AS validated
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.contype IN ('p', 'u', 'f') AND NOT (k.contype = 'f' AND k.conparentid <> 0) AND ${USER_SCHEMAS}
    ORDER BY k.conrelid, k.conname`);
  for (const row of rows) tables.get(row.relation)?.keys.push(keyOf(row));
}

function keyOf(row: KeyRow): Key {
  return {
    name: row.name,
    kind: row.kind === "p" ? "primary key" : row.kind === "u" ? "unique" : "foreign key",
    columns: row.columns,
    references:
      row.schema === null || row.table === null
        ? undefined
        : { schema: row.schema, table: row.table, columns: row.referenced },
    validated: row.validated,
  };
}

interface CheckRow extends Check {
  relation: string;
}

async function readChecks(session: Session, tables: Map<string, Table>): Promise<void> {
  const rows = await session.query<CheckRow>(`
    SELECT k.conrelid::text AS relation, k.conname::text AS name, pg_get_expr(k.conbin, k.conrelid) AS expression,
      ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))::text[] AS columns
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'c' AND ${USER_SCHEMAS} ORDER BY k.conrelid, k.conname`);
  for (const { relation, ...check } of rows) tables.get(relation)?.checks.push(check);
}

async function readSequences(session: Session): Promise<Sequence[]> {
  const rows = await session.query<{
    schema: string;
    name: string;
    type: string;
    increment: string;
    readable: boolean;
  }>(`
    SELECT n.nspname::text AS schema, c.relname::text AS name, format_type(s.seqtypid, NULL) AS type, s.seqincrement::text AS increment,
      has_sequence_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
        AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) AS readable
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMAS} ORDER BY 1, 2`);
  const readable = rows.filter((row) => row.readable);
  const next = new Map<string, string>();
  if (readable.length > 0) {
    const reads = readable.map(
      (row) =>
        `SELECT ${quoteLiteral(`${row.schema}.${row.name}`)} AS key, (CASE WHEN is_called THEN last_value::numeric + ${row.increment} ELSE last_value END)::text AS next FROM ${quoteQualified(row)}`,
    );
    for (const { key, next: value } of await session.query<{ key: string; next: string }>(reads.join(" UNION ALL "))) {
      next.set(key, value);
    }
  }
  return rows.map(({ schema, name, type }) => ({ schema, name, type, next: next.get(`${schema}.${name}`) ?? "" }));
}
