import { type Catalog, grantsOf, grantText, idOf } from "./catalog.ts";

const ON: Record<string, string> = {
  r: "TABLES",
  S: "SEQUENCES",
  f: "FUNCTIONS",
  T: "TYPES",
  n: "SCHEMAS",
  L: "LARGE OBJECTS",
};

export async function readDefaultPrivileges(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{ role: string; schema: string | null; on: string; acl: string[] }>(`
    SELECT pg_get_userbyid(d.defaclrole)::text AS role, n.nspname::text AS schema, d.defaclobjtype::text AS on, d.defaclacl::text[] AS acl
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace ORDER BY 1, 2, 3`);
  for (const { role, schema, on, acl } of rows)
    catalog.schema.postgres?.defaultPrivileges.push({
      role,
      schema: schema ?? "",
      on: ON[on] ?? on,
      privileges: grantsOf(acl, role),
    });
}

interface SystemRow {
  class: string;
  id: string;
  keyword: string;
  name: string;
  owner: string;
  acl: string[];
  initial: string[];
}

/** A catalog's objects with privileges other than those that initdb or CREATE EXTENSION left, each as GRANT names it. */
function systemQuery(
  table: string,
  { keyword, name, column, kind }: { keyword: string; name: string; column: string; kind: string },
): string {
  const [acl, owner] = [`o.${column}acl`, `o.${column}owner`];
  return `
    SELECT '${table}' AS class, o.oid::text AS id, ${keyword} AS keyword, ${name} AS name, pg_get_userbyid(${owner})::text AS owner,
      coalesce(${acl}, acldefault(${kind}, ${owner}))::text[] AS acl, coalesce(i.initprivs, acldefault(${kind}, ${owner}))::text[] AS initial
    FROM ${table} o LEFT JOIN pg_init_privs i ON i.classoid = '${table}'::regclass AND i.objoid = o.oid AND i.objsubid = 0
    WHERE ${acl} IS DISTINCT FROM i.initprivs`;
}

const inSchema = (schema: string, name: string, rest = "") =>
  `(SELECT quote_ident(n.nspname) || '.' || quote_ident(o.${name})${rest} FROM pg_namespace n WHERE n.oid = o.${schema})`;

const SYSTEM_QUERIES = [
  systemQuery("pg_proc", {
    keyword: "CASE o.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END",
    name: inSchema("pronamespace", "proname", " || '(' || pg_get_function_identity_arguments(o.oid) || ')'"),
    column: "pro",
    kind: "'f'",
  }),
  systemQuery("pg_class", {
    keyword: "CASE o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END",
    name: inSchema("relnamespace", "relname"),
    column: "rel",
    kind: "CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\"",
  }),
  systemQuery("pg_type", { keyword: "'TYPE'", name: inSchema("typnamespace", "typname"), column: "typ", kind: "'T'" }),
  systemQuery("pg_language", { keyword: "'LANGUAGE'", name: "quote_ident(o.lanname)", column: "lan", kind: "'l'" }),
  systemQuery("pg_namespace", { keyword: "'SCHEMA'", name: "quote_ident(o.nspname)", column: "nsp", kind: "'n'" }),
];

/** The first oid that a user's object may have. */
const FIRST_USER_OID = 16384;

/** What somebody granted or revoked on what the server or an extension brought. */
export async function readSystemPrivileges(catalog: Catalog): Promise<void> {
  for (const row of await catalog.query<SystemRow>(SYSTEM_QUERIES.join("\n    UNION ALL"))) {
    const extension = catalog.members.get(idOf(row.class, row.id)) ?? "";
    // The schema public is the server's too, and compared as a schema.
    if ((extension === "" && Number(row.id) >= FIRST_USER_OID) || row.name === "public") continue;
    const [privileges, initial] = [grantsOf(row.acl, row.owner), grantsOf(row.initial, row.owner)];
    if (privileges.map(grantText).join("\n") === initial.map(grantText).join("\n")) continue;
    const { keyword, name, owner } = row;
    catalog.schema.postgres?.systemPrivileges.push({ keyword, name, extension, owner, privileges, initial });
  }
}
