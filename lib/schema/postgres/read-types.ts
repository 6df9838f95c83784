import type { CompositeType, DomainType, UserType } from "../model-objects.ts";
import { type Catalog, grantsOf, idOf, known, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";

interface NamedRow {
  id: string;
  schema: string;
  name: string;
  owner: string;
  acl: string[];
  comment: string | null;
}

const NAMED = `t.oid::text AS id, n.nspname::text AS schema, t.typname::text AS name, pg_get_userbyid(t.typowner)::text AS owner,
      coalesce(t.typacl, acldefault('T', t.typowner))::text[] AS acl, obj_description(t.oid, 'pg_type') AS comment`;

/** Enums, domains, composite and range types; arrays and row types are noted under what they belong to. */
export async function readTypes(catalog: Catalog): Promise<void> {
  await readEnums(catalog);
  await readDomains(catalog);
  await readComposites(catalog);
  await readRanges(catalog);
  await readBaseTypes(catalog);
  await noteDerived(catalog);
}

function add(catalog: Catalog, row: NamedRow, type: (described: Described) => UserType): void {
  if (!known(catalog, "pg_type", row, keyOf.type(row.schema, row.name))) return;
  catalog.schema.types.push(
    type({
      schema: row.schema,
      name: row.name,
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
      privileges: grantsOf(row.acl, row.owner),
    }),
  );
}

type Described = Pick<UserType, "schema" | "name" | "owner" | "comment" | "privileges">;

async function readEnums(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<NamedRow & { labels: string[] }>(`
    SELECT ${NAMED}, ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text[] AS labels
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ${USER} ORDER BY 2, 3`);
  for (const row of rows) add(catalog, row, (described) => ({ kind: "enum", ...described, labels: row.labels }));
}

interface DomainRow extends NamedRow {
  base: string;
  collate: string | null;
  not_null: boolean;
  not_null_name: string | null;
  default: string | null;
  checks: { id: string; name: string; definition: string; validated: boolean; comment: string | null }[];
}

async function readDomains(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<DomainRow>(`
    SELECT ${NAMED}, format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull AS not_null, pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::regclass) AS default,
      CASE WHEN t.typcollation <> b.typcollation AND t.typcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(o.collname) END AS collate,
      (SELECT k.conname FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'n')::text AS not_null_name,
      coalesce((SELECT json_agg(json_build_object('id', k.oid::text, 'name', k.conname, 'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
        'comment', obj_description(k.oid, 'pg_constraint')) ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '[]') AS checks
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
      LEFT JOIN pg_collation o ON o.oid = t.typcollation LEFT JOIN pg_namespace cn ON cn.oid = o.collnamespace
    WHERE t.typtype = 'd' AND ${USER} ORDER BY 2, 3`);
  for (const row of rows) {
    add(catalog, row, (described) => domainOf(row, described));
    for (const check of row.checks)
      known(catalog, "pg_constraint", check, keyOf.domainConstraint(row.schema, row.name, check.name));
  }
}

function domainOf(row: DomainRow, described: Described): DomainType {
  return {
    kind: "domain",
    ...described,
    type: row.base,
    collate: row.collate ?? "",
    notNull: row.not_null,
    ...(row.not_null_name === null ? {} : { notNullName: row.not_null_name }),
    default: row.default ?? undefined,
    checks: row.checks.map(({ name, definition, validated, comment }) => ({
      name,
      definition,
      validated,
      comment: comment ?? "",
    })),
  };
}

interface CompositeRow extends NamedRow {
  relation: string;
  attributes: { name: string; type: string; collate: string | null; comment: string | null }[];
}

async function readComposites(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<CompositeRow>(`
    SELECT ${NAMED}, c.oid::text AS relation, coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'collate', CASE WHEN a.attcollation <> at.typcollation AND a.attcollation <> 0 THEN quote_ident(cn.nspname) || '.' || quote_ident(o.collname) END,
        'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
      FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = o.collnamespace
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS attributes
    FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'c' AND c.relkind = 'c' AND ${USER} ORDER BY 2, 3`);
  for (const row of rows) {
    add(catalog, row, (described) => ({ kind: "composite", ...described, attributes: attributesOf(row) }));
    known(catalog, "pg_class", { id: row.relation }, keyOf.type(row.schema, row.name));
  }
}

function attributesOf(row: CompositeRow): CompositeType["attributes"] {
  return row.attributes.map(({ name, type, collate, comment }) => ({
    name,
    type,
    collate: collate ?? "",
    comment: comment ?? "",
  }));
}

interface RangeRow extends NamedRow {
  subtype: string;
  operator_class: string | null;
  collate: string | null;
  canonical: string | null;
  difference: string | null;
  multirange: string | null;
}

async function readRanges(catalog: Catalog): Promise<void> {
  const routine = (id: string) =>
    `(SELECT quote_ident(pn.nspname) || '.' || quote_ident(p.proname) FROM pg_proc p JOIN pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = ${id})`;
  const rows = await catalog.query<RangeRow>(`
    SELECT ${NAMED}, format_type(r.rngsubtype, NULL) AS subtype,
      (SELECT quote_ident(xn.nspname) || '.' || quote_ident(x.opcname) FROM pg_opclass x JOIN pg_namespace xn ON xn.oid = x.opcnamespace WHERE x.oid = r.rngsubopc AND NOT x.opcdefault) AS operator_class,
      CASE WHEN r.rngcollation <> s.typcollation THEN (SELECT quote_ident(cn.nspname) || '.' || quote_ident(o.collname) FROM pg_collation o JOIN pg_namespace cn ON cn.oid = o.collnamespace WHERE o.oid = r.rngcollation) END AS collate,
      ${routine("r.rngcanonical")} AS canonical, ${routine("r.rngsubdiff")} AS difference,
      ${catalog.version >= 14 ? "(SELECT quote_ident(mn.nspname) || '.' || quote_ident(m.typname) FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid)" : "NULL"} AS multirange
    FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type s ON s.oid = r.rngsubtype
    WHERE ${USER} ORDER BY 2, 3`);
  for (const row of rows) {
    const options: Record<string, string> = { subtype: row.subtype };
    if (row.operator_class !== null) options.subtype_opclass = row.operator_class;
    if (row.collate !== null) options.collation = row.collate;
    if (row.canonical !== null) options.canonical = row.canonical;
    if (row.difference !== null) options.subtype_diff = row.difference;
    add(catalog, row, (described) => ({ kind: "range", ...described, options, multirange: row.multirange ?? "" }));
  }
}

async function readBaseTypes(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<NamedRow & { shell: boolean }>(`
    SELECT ${NAMED}, NOT t.typisdefined AS shell FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE (t.typtype = 'p' OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)) AND ${USER} ORDER BY 2, 3`);
  for (const row of rows) {
    if (row.shell) {
      add(catalog, row, (described) => ({ kind: "base", ...described, options: undefined }));
    } else if (known(catalog, "pg_type", row, keyOf.type(row.schema, row.name))) {
      const what = `type ${row.schema}.${row.name}`;
      catalog.schema.notCompared.push({
        what,
        why: "base types are made of functions in C, which a schema doesn't hold",
      });
    }
  }
}

/** Arrays, multiranges and the row types of tables stand and fall with what they are of. */
async function noteDerived(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{ id: string; of: string; class: string }>(`
    SELECT t.oid::text AS id, e.oid::text AS of, 'pg_type' AS class FROM pg_type e JOIN pg_type t ON t.oid = e.typarray JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER} AND e.typrelid = 0
    UNION ALL SELECT t.oid::text, t.typrelid::text, 'pg_class' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typrelid <> 0 AND ${USER}
    UNION ALL SELECT a.oid::text, t.typrelid::text, 'pg_class' FROM pg_type t JOIN pg_type a ON a.oid = t.typarray JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typrelid <> 0 AND ${USER}
    ${catalog.version >= 14 ? `UNION ALL SELECT r.rngmultitypid::text, r.rngtypid::text, 'pg_type' FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER}` : ""}`);
  for (const { id, of, class: table } of rows) {
    const key = catalog.keys.get(idOf(table, of));
    if (key !== undefined) catalog.keys.set(idOf("pg_type", id), key);
  }
}
