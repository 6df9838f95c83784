import type { Publication } from "../model-objects.ts";
import { type Catalog, grantsOf, idOf, known, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import { ident, qualified } from "./quote.ts";

export async function readSchemas(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{ id: string; name: string; owner: string; acl: string[]; comment: string | null }>(`
    SELECT n.oid::text AS id, n.nspname::text AS name, pg_get_userbyid(n.nspowner)::text AS owner,
      coalesce(n.nspacl, acldefault('n', n.nspowner))::text[] AS acl, obj_description(n.oid, 'pg_namespace') AS comment
    FROM pg_namespace n WHERE ${USER} ORDER BY 2`);
  for (const row of rows) {
    if (!known(catalog, "pg_namespace", row, keyOf.schema(row.name))) continue;
    catalog.schema.schemas.push({
      name: row.name,
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
      privileges: grantsOf(row.acl, row.owner),
    });
  }
}

export async function readExtensions(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{
    id: string;
    name: string;
    schema: string;
    version: string;
    relocatable: boolean;
    comment: string | null;
    usual: string | null;
  }>(`
    SELECT e.oid::text AS id, e.extname::text AS name, n.nspname::text AS schema, e.extversion AS version, e.extrelocatable AS relocatable,
      obj_description(e.oid, 'pg_extension') AS comment, (SELECT a.comment FROM pg_available_extensions a WHERE a.name = e.extname) AS usual
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY 2`);
  for (const row of rows) {
    catalog.keys.set(idOf("pg_extension", row.id), keyOf.extension(row.name));
    const { name, schema, version, relocatable } = row;
    catalog.schema.extensions.push({
      name,
      schema,
      version,
      relocatable,
      comment: row.comment ?? "",
      usualComment: row.usual ?? "",
    });
  }
  // What an extension holds is needed through it.
  for (const [id, extension] of catalog.members) catalog.keys.set(id, keyOf.extension(extension));
}

interface PublicationRow {
  id: string;
  name: string;
  owner: string;
  comment: string | null;
  all_tables: boolean;
  publish: string;
  via_root: boolean | null;
  generated: string | null;
}

export async function readPublications(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<PublicationRow>(`
    SELECT p.oid::text AS id, p.pubname::text AS name, pg_get_userbyid(p.pubowner)::text AS owner, obj_description(p.oid, 'pg_publication') AS comment,
      p.puballtables AS all_tables, concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
        CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
      (to_jsonb(p)->>'pubviaroot')::boolean AS via_root, to_jsonb(p)->>'pubgencols' AS generated
    FROM pg_publication p ORDER BY 2`);
  const found = new Map<string, Publication>();
  for (const row of rows) {
    if (!known(catalog, "pg_publication", row, keyOf.publication(row.name))) continue;
    const options: Record<string, string> = { publish: `'${row.publish}'` };
    if (row.via_root) options.publish_via_partition_root = "true";
    if (row.generated === "s") options.publish_generated_columns = "stored";
    const publication: Publication = {
      name: row.name,
      allTables: row.all_tables,
      options,
      members: [],
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
    };
    found.set(row.id, publication);
    catalog.schema.postgres?.publications.push(publication);
  }
  if (found.size > 0) await readPublished(catalog, found);
}

async function readPublished(catalog: Catalog, found: Map<string, Publication>): Promise<void> {
  const later = catalog.version >= 15;
  const tables = await catalog.query<{
    id: string;
    of: string;
    relation: string;
    schema: string;
    name: string;
    columns: string | null;
    where: string | null;
  }>(`
    SELECT r.oid::text AS id, r.prpubid::text AS of, r.prrelid::text AS relation, n.nspname::text AS schema, c.relname::text AS name,
      ${later ? "(SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.i) FROM unnest(r.prattrs::int2[]) WITH ORDINALITY u(n, i) JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = u.n)" : "NULL"} AS columns,
      ${later ? "pg_get_expr(r.prqual, r.prrelid)" : "NULL"} AS where
    FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY n.nspname, c.relname`);
  for (const row of tables) {
    const publication = found.get(row.of);
    const name = qualified(row.schema, row.name);
    if (
      publication === undefined ||
      !known(catalog, "pg_publication_rel", row, keyOf.publicationMember(publication.name, name))
    )
      continue;
    const filter = row.where === null ? "" : ` WHERE ${row.where.startsWith("(") ? row.where : `(${row.where})`}`;
    const sql = `TABLE ONLY ${name}${row.columns === null ? "" : ` (${row.columns})`}${filter}`;
    publication.members.push({ name, sql, needs: keyOf.relation(row.schema, row.name) });
  }
  if (!later) return;
  const schemas = await catalog.query<{ id: string; of: string; schema: string }>(
    "SELECT s.oid::text AS id, s.pnpubid::text AS of, n.nspname::text AS schema FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid ORDER BY 3",
  );
  for (const row of schemas) {
    const publication = found.get(row.of);
    const name = `schema ${ident(row.schema)}`;
    if (
      publication === undefined ||
      !known(catalog, "pg_publication_namespace", row, keyOf.publicationMember(publication.name, name))
    )
      continue;
    publication.members.push({ name, sql: `TABLES IN SCHEMA ${ident(row.schema)}`, needs: keyOf.schema(row.schema) });
  }
}

/** What exists and is of a kind that nobody reads. */
export async function noteUnread(catalog: Catalog): Promise<void> {
  const counts = await catalog.query<{ what: string; count: number; why: string }>(`
    SELECT 'subscriptions' AS what, count(*)::int AS count, 'they hold the connection to another server' AS why
      FROM pg_stat_subscription s JOIN pg_database d ON d.datname = current_database() WHERE s.subid IS NOT NULL
    UNION ALL SELECT 'security labels', count(*)::int, 'they belong to the provider that checks them' FROM pg_seclabel
    UNION ALL SELECT 'large objects', count(*)::int, 'they are data' FROM pg_largeobject_metadata`);
  for (const { what, count, why } of counts)
    if (count > 0) catalog.schema.notCompared.push({ what: `${count} ${what}`, why });
}
