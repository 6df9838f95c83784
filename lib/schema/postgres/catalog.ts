import type { CatalogSession } from "../dialect.ts";
import type { FullSchema, Grant, ObjectKey } from "../model-objects.ts";

/** Schemas of the user's own. */
export const USER = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/** A catalog's row: `class/16385`. */
type Id = string;

/**
 * How much is read: `tables` is what they are and hold, and costs little where there are thousands; `whole` is all that
 * it takes to make the database anew.
 */
type Depth = "tables" | "whole";

/** The catalog while it is read: what has been found so far, and under which key. */
export interface Catalog {
  query<Row>(sql: string): Promise<Row[]>;
  depth: Depth;
  /** The server's major version. */
  version: number;
  databaseOwner: string;
  /** The row's object; made with {@link Catalog.known}. */
  keys: Map<Id, ObjectKey>;
  /** Rows that belong to an extension. */
  members: Map<Id, string>;
  schema: FullSchema;
}

/** Asks nothing yet: of tables alone no server's facts are needed, and what extensions own is not left out. */
export function newCatalog(session: CatalogSession, depth: Depth): Catalog {
  return {
    query: <Row>(sql: string) => session.query<Row>(sql),
    depth,
    version: Number.parseInt(session.server.version, 10),
    databaseOwner: "",
    keys: new Map(),
    members: new Map(),
    schema: emptySchema(session),
  };
}

/** An expression that only a whole reading asks for. */
export function ifWhole({ depth }: Catalog, expression: string): string {
  return depth === "whole" ? expression : "NULL";
}

export async function openCatalog(session: CatalogSession): Promise<Catalog> {
  const catalog = newCatalog(session, "whole");
  const { schema } = catalog;
  const [facts] = await catalog.query<{ user: string; owner: string; roles: string[] }>(
    `SELECT current_user::text AS user, pg_get_userbyid(datdba)::text AS owner,
       ARRAY(SELECT rolname FROM pg_roles ORDER BY 1)::text[] AS roles FROM pg_database WHERE datname = current_database()`,
  );
  catalog.databaseOwner = facts?.owner ?? "";
  schema.roles = facts?.roles ?? [];
  schema.postgres = {
    defaultPrivileges: [],
    publications: [],
    systemPrivileges: [],
    user: facts?.user ?? "",
    databaseOwner: catalog.databaseOwner,
    casts: await readCasts(catalog),
    extensionVersions: await readExtensionVersions(catalog),
  };
  await readMembers(catalog);
  return catalog;
}

function emptySchema(session: CatalogSession): FullSchema {
  return {
    engine: "postgres",
    server: { flavour: "postgres", version: session.server.version },
    database: session.database,
    settings: {},
    tables: [],
    sequences: [],
    schemas: [],
    extensions: [],
    types: [],
    routines: [],
    triggers: [],
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

async function readMembers(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{ class: string; id: string; extension: string }>(
    `SELECT d.classid::regclass::text AS class, d.objid::text AS id, e.extname::text AS extension
     FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass`,
  );
  for (const row of rows) catalog.members.set(idOf(row.class, row.id), row.extension);
}

const CONTEXTS = { i: "implicit", a: "assignment", e: "explicit" } as const;

async function readCasts(catalog: Catalog): Promise<NonNullable<FullSchema["postgres"]>["casts"]> {
  const rows = await catalog.query<{ source: string; target: string; context: keyof typeof CONTEXTS }>(
    "SELECT format_type(castsource, NULL) AS source, format_type(casttarget, NULL) AS target, castcontext::text AS context FROM pg_cast",
  );
  return Object.fromEntries(rows.map(({ source, target, context }) => [`${source} → ${target}`, CONTEXTS[context]]));
}

async function readExtensionVersions(catalog: Catalog): Promise<Record<string, string>> {
  const rows = await catalog.query<{ name: string; version: string }>(
    "SELECT name::text, default_version AS version FROM pg_available_extensions WHERE default_version IS NOT NULL",
  );
  return Object.fromEntries(rows.map(({ name, version }) => [name, version]));
}

/** `pg_catalog.pg_class` and `pg_class` are the same. */
export function idOf(catalogName: string, oid: string): Id {
  return `${catalogName.replace(/^pg_catalog\./, "").replace(/^pg_/, "")}/${oid}`;
}

/** Notes the row's object; false for what an extension owns, which is left out. */
export function known(catalog: Catalog, table: string, row: { id: string }, key: ObjectKey): boolean {
  if (catalog.members.has(idOf(table, row.id))) return false;
  catalog.keys.set(idOf(table, row.id), key);
  return true;
}

/** "" for the database's owner, who has another name on another server. */
export function ownerName(catalog: Catalog, owner: string): string {
  return owner === catalog.databaseOwner ? "" : owner;
}

/** Lists of `name=value`, such as storage parameters, as an object in the order in which they were set. */
export function optionsOf(list: string[] | null): Record<string, string> {
  const pairs = (list ?? []).map((text): [string, string] => {
    const at = text.indexOf("=");
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

const PRIVILEGES: Record<string, string> = {
  r: "SELECT",
  a: "INSERT",
  w: "UPDATE",
  d: "DELETE",
  D: "TRUNCATE",
  x: "REFERENCES",
  t: "TRIGGER",
  m: "MAINTAIN",
  X: "EXECUTE",
  U: "USAGE",
  C: "CREATE",
};

/** An ACL's entries: `"a role"=arw*d/grantor`. */
export function grantsOf(acl: string[] | null, owner: string): Grant[] {
  const grants: Grant[] = [];
  for (const item of acl ?? []) {
    const [, grantedTo = "", letters = "", grantedBy = ""] = /^("(?:[^"]|"")*"|[^=]*)=([^/]*)\/(.*)$/.exec(item) ?? [];
    const [grantee, grantor] = [bareRole(grantedTo), bareRole(grantedBy)];
    const to = grantee === "" ? "public" : grantee === owner ? "owner" : "role";
    for (const [, letter = "", option] of letters.matchAll(/([a-zA-Z])(\*?)/g)) {
      // Owners can grant what they own without being told so.
      const grantable = option === "*" && to !== "owner";
      grants.push({
        to,
        grantee: to === "role" ? grantee : "",
        privilege: PRIVILEGES[letter] ?? letter,
        grantable,
        ...(grantor === owner ? {} : { by: grantor }),
      });
    }
  }
  return grants.sort((a, b) => compareText(grantText(a), grantText(b)));
}

function bareRole(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

export function grantText(grant: Grant): string {
  const { to, grantee, privilege, grantable, by = "" } = grant;
  return `${to} ${grantee} ${privilege}${grantable ? " *" : ""}${by === "" ? "" : ` by ${by}`}`;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
