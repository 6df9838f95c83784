import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";
import { type MissingPrivilege, shorten } from "../privileges.ts";

interface RelationRow {
  schema: string;
  name: string;
  kind: "table" | "sequence";
  /** The table that a sequence belongs to, as `schema.name`. */
  owner: string | null;
  secured: boolean;
  /** USAGE of its schema. */
  reachable: boolean;
  readable: boolean;
}

/** What the dump user may not read of everything that is dumped: tools fail late, or skip silently. */
export async function unreadable(
  session: Session,
  {
    left,
    excludedExtensions,
    largeObjects,
  }: { left: Table[]; excludedExtensions: string[]; largeObjects: "drop" | "keep" },
): Promise<MissingPrivilege[]> {
  const [{ user } = { user: "" }] = await session.query<{ user: string }>("SELECT current_user::text AS user");
  const role = quoteIdentifier(user);
  const absent = new Set(left.map(qualifiedName));
  const needed = (await relations(session, excludedExtensions)).filter(
    (row) => !absent.has(qualifiedName(row)) && !absent.has(row.owner ?? ""),
  );
  const hidden = needed.filter((row) => !row.reachable || !row.readable);
  const secured = needed.filter((row) => row.secured);
  const objects = largeObjects === "keep" ? await session.query<{ oid: string }>(LARGE_OBJECTS) : [];
  const missing: MissingPrivilege[] = [];
  if (hidden.length > 0) {
    missing.push({
      code: "NO_PRIVILEGE",
      state: `the user "${user}" may not read ${named(hidden)}`,
      statements: grants(needed, new Set(left.map(({ schema }) => schema)), role),
    });
  }
  if (secured.length > 0) {
    missing.push({
      code: "ROW_SECURITY",
      state: `row-level security would hide rows of ${named(secured)} from the user "${user}"`,
      statements: [`ALTER ROLE ${role} BYPASSRLS`],
    });
  }
  if (objects.length > 0) {
    const numbers = objects.map(({ oid }) => oid);
    missing.push({
      code: "NO_PRIVILEGE",
      state: `the user "${user}" may not read the large objects ${shorten(numbers, 10)}`,
      statements: [numbers.length > 50 ? grantEveryObject(role) : grant(`LARGE OBJECT ${numbers.join(", ")}`, role)],
    });
  }
  return missing;
}

function named(rows: RelationRow[]): string {
  return shorten(rows.map(qualifiedName), 10);
}

function grant(objects: string, role: string, privilege = "SELECT"): string {
  return `GRANT ${privilege} ON ${objects} TO ${role}`;
}

/** A schema at a time where all of it is needed and none of it may be read, else relation by relation. */
function grants(needed: RelationRow[], pickedSchemas: Set<string>, role: string): string[] {
  const schemas = [...new Set(needed.map(({ schema }) => schema))];
  const closed = schemas.filter((schema) => needed.some((row) => row.schema === schema && !row.reachable));
  const statements =
    closed.length > 0 ? [grant(`SCHEMA ${closed.map(quoteIdentifier).join(", ")}`, role, "USAGE")] : [];
  for (const schema of schemas) {
    for (const kind of ["table", "sequence"] as const) {
      const all = needed.filter((row) => row.schema === schema && row.kind === kind);
      const hidden = all.filter((row) => !row.readable);
      const word = kind.toUpperCase();
      if (hidden.length === 0) continue;
      if (hidden.length === all.length && !pickedSchemas.has(schema))
        statements.push(grant(`ALL ${word}S IN SCHEMA ${quoteIdentifier(schema)}`, role));
      else for (const part of chunks(hidden)) statements.push(grant(`${word} ${part}`, role));
    }
  }
  return statements;
}

function chunks(rows: RelationRow[]): string[] {
  const names = rows.map(quoteQualified);
  return Array.from({ length: Math.ceil(names.length / 50) }, (_, at) => names.slice(at * 50, at * 50 + 50).join(", "));
}

function grantEveryObject(role: string): string {
  const command = quoteLiteral(`GRANT SELECT ON LARGE OBJECT %s TO ${role.replaceAll("%", "%%")}`);
  return `DO $ditto$ DECLARE number oid; BEGIN FOR number IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format(${command}, number); END LOOP; END $ditto$`;
}

/** Of an extension's tables and sequences only those are dumped that it names as configuration. */
function relations(session: Session, excludedExtensions: string[]): Promise<RelationRow[]> {
  return session.query<RelationRow>(
    `
    SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('r', 'p') AND row_security_active(c.oid) AS secured,
      CASE WHEN c.relkind = 'S' THEN 'sequence' ELSE 'table' END AS kind, has_schema_privilege(n.oid, 'USAGE') AS reachable,
      CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END AS readable,
      (SELECT tn.nspname || '.' || t.relname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
          AND d.deptype IN ('a', 'i') LIMIT 1) AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND NOT (c.oid = ANY (coalesce(e.extconfig, '{}')) AND e.extname <> ALL ($1::text[])))
    ORDER BY 1, 2`,
    [excludedExtensions],
  );
}

/** As has_largeobject_privilege, which came with 18. */
const LARGE_OBJECTS = `
  SELECT oid::text AS oid FROM pg_largeobject_metadata
  WHERE NOT pg_has_role(lomowner, 'USAGE') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND NOT EXISTS (SELECT FROM aclexplode(lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
  ORDER BY lomowner, oid`;
