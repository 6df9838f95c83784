import type { Session } from "../../engine/index.ts";
import { quoteIdentifier } from "../../engine/postgres/quote.ts";
import { DittoError } from "../../kit/errors.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";

interface RelationRow {
  schema: string;
  name: string;
  /** The table that a sequence belongs to, as `schema.name`. */
  owner: string | null;
  secured: boolean;
  usable: boolean;
}

/** Proves that the dump user may read everything that is dumped: tools fail late, or skip silently. Names what it may not. */
export async function proveReadable(session: Session, left: Table[]): Promise<void> {
  const [{ user } = { user: "" }] = await session.query<{ user: string }>("SELECT current_user::text AS user");
  const role = quoteIdentifier(user);
  const absent = new Set(left.map(qualifiedName));
  const needed = (await relations(session)).filter(
    (row) => !absent.has(qualifiedName(row)) && !absent.has(row.owner ?? ""),
  );
  refuse(needed.filter((row) => !row.usable).map(qualifiedName), {
    code: "NO_PRIVILEGE",
    state: (names) => `the user "${user}" may not read ${names}`,
    hint: `GRANT USAGE ON SCHEMA … and GRANT SELECT ON … TO ${role} (or GRANT pg_read_all_data TO ${role}), or leave them out (dump.exclude_tables)`,
  });
  refuse(needed.filter((row) => row.secured).map(qualifiedName), {
    code: "ROW_SECURITY",
    state: (names) => `row-level security would hide rows of ${names} from the user "${user}"`,
    hint: `ALTER ROLE ${role} BYPASSRLS, or leave them out (dump.exclude_tables)`,
  });
  const objects = await session.query<{ oid: string }>(LARGE_OBJECTS);
  refuse(
    objects.map(({ oid }) => oid),
    {
      code: "NO_PRIVILEGE",
      state: (numbers) => `the user "${user}" may not read the large objects ${numbers}`,
      hint: `GRANT SELECT ON LARGE OBJECT … TO ${role} for each, or dump as their owner`,
    },
  );
}

/** Of an extension's tables and sequences only those are dumped that it names as configuration. */
function relations(session: Session): Promise<RelationRow[]> {
  return session.query<RelationRow>(`
    SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('r', 'p') AND row_security_active(c.oid) AS secured,
      has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
        ELSE has_table_privilege(c.oid, 'SELECT') END AS usable,
      (SELECT tn.nspname || '.' || t.relname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
          AND d.deptype IN ('a', 'i') LIMIT 1) AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND NOT c.oid = ANY (coalesce(e.extconfig, '{}')))
    ORDER BY 1, 2`);
}

/** As has_largeobject_privilege, which came with 18. */
const LARGE_OBJECTS = `
  SELECT oid::text AS oid FROM pg_largeobject_metadata
  WHERE NOT pg_has_role(lomowner, 'USAGE') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND NOT EXISTS (SELECT FROM aclexplode(lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
  ORDER BY lomowner, oid`;

function refuse(
  names: string[],
  { state, hint, code }: { state: (names: string) => string; hint: string; code: string },
): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
  throw new DittoError(`Cannot dump the source: ${state(shown)}`, { code, hint });
}
