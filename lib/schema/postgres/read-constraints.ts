import type { Index, IndexPart, Key, Table } from "../model.ts";
import { type Catalog, grantsOf, idOf, ifWhole, known, optionsOf, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import type { Relations } from "./read-relations.ts";

interface ConstraintRow {
  id: string;
  relation: string;
  name: string;
  kind: string;
  definition: string | null;
  expression: string | null;
  columns: string[];
  schema: string | null;
  target: string | null;
  target_columns: string[];
  validated: boolean;
  enforced: boolean;
  local: boolean;
  no_inherit: boolean;
  on_delete: string;
  on_update: string;
  deferrable: boolean;
  deferred: boolean;
  comment: string | null;
}

const ACTIONS: Record<string, string> = {
  a: "NO ACTION",
  r: "RESTRICT",
  c: "CASCADE",
  n: "SET NULL",
  d: "SET DEFAULT",
};

const KEY_KINDS: Record<string, Key["kind"]> = { p: "primary key", u: "unique", f: "foreign key", x: "exclusion" };

/** What rows must meet, without NOT NULL, which columns tell, and the server's own copies of foreign keys at partitions. */
const OF_ROWS = "(k.contype IN ('p', 'u', 'x', 'c') OR k.contype = 'f' AND k.conparentid = 0)";

/** Constraint triggers are triggers; and of a foreign key to a partitioned table the server has one for each partition, on the same table. */
const OF_TABLES = `k.contype <> 't' AND NOT (k.contype = 'f' AND EXISTS (SELECT FROM pg_constraint u WHERE u.oid = k.conparentid AND u.conrelid = k.conrelid))`;

/** Constraints of tables. */
export async function readConstraints(catalog: Catalog, relations: Relations): Promise<void> {
  const columns = (numbers: string, relation: string) =>
    `ARRAY(SELECT a.attname FROM unnest(${numbers}) WITH ORDINALITY u(n, i) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.n ORDER BY u.i)::text[]`;
  const rows = await catalog.query<ConstraintRow>(`
    SELECT k.oid::text AS id, k.conrelid::text AS relation, k.conname::text AS name, k.contype::text AS kind, ${ifWhole(catalog, "pg_get_constraintdef(k.oid)")} AS definition,
      CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END AS expression, ${columns("k.conkey", "k.conrelid")} AS columns,
      fn.nspname::text AS schema, f.relname::text AS target, ${columns("k.confkey", "k.confrelid")} AS target_columns, k.convalidated AS validated,
      ${catalog.version >= 18 ? "k.conenforced" : "true"} AS enforced, k.conislocal AND k.conparentid = 0 AS local, k.connoinherit AS no_inherit,
      k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.condeferrable AS deferrable, k.condeferred AS deferred,
      ${ifWhole(catalog, "obj_description(k.oid, 'pg_constraint')")} AS comment
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE ${catalog.depth === "whole" ? OF_TABLES : OF_ROWS} AND ${USER} ORDER BY k.conrelid, k.conname`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    const key = keyOf.constraint(table.schema, table.name, row.name);
    // A NOT NULL is its column's; what needs it needs the column.
    if (row.kind === "n") addNotNull(table, row);
    else if (known(catalog, "pg_constraint", row, key)) addConstraint(catalog, table, row);
  }
}

function addNotNull(table: Table, row: ConstraintRow): void {
  const column = table.columns.find(({ name }) => name === row.columns[0]);
  if (column?.postgres === undefined) return;
  const { name, local, validated } = row;
  column.postgres.notNull = { name, local, noInherit: row.no_inherit, validated, comment: row.comment ?? "" };
}

function addConstraint(catalog: Catalog, table: Table, row: ConstraintRow): void {
  const { name, columns, validated, enforced, local } = row;
  const words = catalog.depth === "whole" ? { definition: row.definition ?? "", comment: row.comment ?? "" } : {};
  if (row.kind === "c") {
    table.checks.push({
      name,
      expression: row.expression ?? "",
      columns,
      validated,
      enforced,
      local,
      ...words,
    });
    return;
  }
  const kind = KEY_KINDS[row.kind];
  if (kind === undefined) return;
  const { schema, target } = row;
  table.keys.push({
    name,
    kind,
    columns,
    references: schema === null || target === null ? undefined : { schema, table: target, columns: row.target_columns },
    validated,
    enforced,
    ...(kind === "foreign key"
      ? { onDelete: ACTIONS[row.on_delete] ?? "", onUpdate: ACTIONS[row.on_update] ?? "" }
      : {}),
    deferrable: row.deferrable,
    initiallyDeferred: row.deferred,
    local,
    ...words,
  });
}

interface IndexRow {
  id: string;
  relation: string;
  name: string;
  unique: boolean;
  valid: boolean;
  definition: string | null;
  method: string;
  parts: IndexPart[];
  key_count: number;
  expression_columns: string[];
  predicate: string | null;
  constraint: string | null;
  constraint_id: string | null;
  parent: string | null;
  tablespace: string | null;
  statistics: Record<string, number> | null;
  options: string[] | null;
  comment: string | null;
}

export async function readIndexes(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<IndexRow>(`
    SELECT c.oid::text AS id, i.indrelid::text AS relation, c.relname::text AS name, i.indisunique AS unique, i.indisvalid AS valid, ${ifWhole(catalog, "pg_get_indexdef(c.oid)")} AS definition,
      am.amname::text AS method, (SELECT json_agg(CASE WHEN u.n = 0 THEN json_build_object('expression', pg_get_indexdef(c.oid, u.at::int, true))
        ELSE json_build_object('column', a.attname) END ORDER BY u.at) FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (n, at)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n) AS parts, i.indnkeyatts::int AS key_count,
      ARRAY(SELECT DISTINCT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
        WHERE i.indexprs IS NOT NULL AND d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
          AND d.refobjsubid > 0 AND d.refobjsubid <> ALL (i.indkey))::text[] AS expression_columns,
      pg_get_expr(i.indpred, i.indrelid) AS predicate, k.conname::text AS constraint, k.oid::text AS constraint_id,
      ${ifWhole(catalog, "(SELECT h.inhparent::text FROM pg_inherits h WHERE h.inhrelid = c.oid)")} AS parent, s.spcname::text AS tablespace,
      ${ifWhole(catalog, "(SELECT jsonb_object_agg(a.attnum, a.attstattarget) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0)")} AS statistics,
      c.reloptions AS options, ${ifWhole(catalog, "obj_description(c.oid, 'pg_class')")} AS comment
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = c.relam
      LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
      LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    WHERE ${USER} ORDER BY i.indrelid, c.relname`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    const owned = row.constraint !== null && table.keys.some(({ name }) => name === row.constraint);
    const key = owned
      ? keyOf.constraint(table.schema, table.name, row.constraint ?? "")
      : keyOf.index(table.schema, row.name);
    known(catalog, "pg_class", row, key);
  }
  for (const row of rows) addIndex(catalog, relations.get(row.relation), row);
}

function addIndex(catalog: Catalog, table: Table | undefined, row: IndexRow): void {
  if (table === undefined || catalog.members.has(idOf("pg_class", row.id))) return;
  const columnsOf = (parts: IndexPart[]) => parts.flatMap(({ column }) => column ?? []);
  const parts = row.parts.slice(0, row.key_count);
  const index: Index = {
    name: row.name,
    unique: row.unique,
    columns: [...columnsOf(parts), ...row.expression_columns],
    method: row.method,
    parts,
    include: columnsOf(row.parts.slice(row.key_count)),
    ...(row.predicate === null ? {} : { predicate: row.predicate }),
    ...(catalog.depth === "whole" ? madeAs(catalog, row) : {}),
  };
  const key = table.keys.find(({ name }) => name === row.constraint);
  if (key !== undefined) key.index = index;
  table.indexes.push(index);
}

function madeAs(catalog: Catalog, row: IndexRow): Pick<Index, "definition" | "comment" | "options" | "postgres"> {
  return {
    definition: row.definition ?? "",
    comment: row.comment ?? "",
    options: optionsOf(row.options),
    postgres: {
      valid: row.valid,
      constraint: row.constraint ?? "",
      attachedTo: row.parent === null ? "" : (catalog.keys.get(idOf("pg_class", row.parent)) ?? ""),
      tablespace: row.tablespace ?? "",
      statistics: row.statistics ?? {},
    },
  };
}

interface StatisticsRow {
  id: string;
  schema: string;
  name: string;
  relation: string;
  definition: string;
  target: number | null;
  owner: string;
  comment: string | null;
}

export async function readStatistics(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<StatisticsRow>(`
    SELECT x.oid::text AS id, n.nspname::text AS schema, x.stxname::text AS name, x.stxrelid::text AS relation, pg_get_statisticsobjdef(x.oid) AS definition,
      (to_jsonb(x)->>'stxstattarget')::int AS target, pg_get_userbyid(x.stxowner)::text AS owner, obj_description(x.oid, 'pg_statistic_ext') AS comment
    FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE ${USER} ORDER BY 2, 3`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined || !known(catalog, "pg_statistic_ext", row, keyOf.statistics(row.schema, row.name)))
      continue;
    catalog.schema.statistics.push({
      schema: row.schema,
      name: row.name,
      table: keyOf.relation(table.schema, table.name),
      definition: row.definition,
      target: row.target ?? -1,
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
      privileges: grantsOf(null, ""),
    });
  }
}
