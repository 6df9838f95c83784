import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import { ADMIN, majorOf } from "../../engine/postgres/server.ts";
import type { Build } from "../build.ts";
import { SECRET } from "./secret-names.ts";
import { settingClause } from "./settings.ts";
import { sql } from "./sql.ts";

/** Roles that a dump may name: the server makes its own, and ours is there. */
const OTHERS = `rolname !~ '^pg_' AND rolname <> '${ADMIN}'`;

/**
 * Makes the roles that the database's objects need: with `roles: keep` all of the source's, without passwords; with
 * `drop` only those that policies and user mappings name, unable to log in.
 */
export async function createRoles(build: Build, session: Session): Promise<void> {
  const statements =
    build.selection.roles === "keep"
      ? [
          ...(await keptRoles(session)),
          ...(await memberships(session, Number(majorOf(build.server)))),
          ...(await parameterGrants(session)),
        ]
      : await namedRoles(session);
  if (statements.length > 0) await sql(build, statements.join("\n"));
}

interface RoleRow {
  name: string;
  super: boolean;
  inherit: boolean;
  createrole: boolean;
  createdb: boolean;
  login: boolean;
  replication: boolean;
  bypassrls: boolean;
  connections: number;
  until: string | null;
  settings: string[] | null;
  comment: string | null;
}

async function keptRoles(session: Session): Promise<string[]> {
  const roles = await session.query<RoleRow>(`
    SELECT rolname::text AS name, rolsuper AS super, rolinherit AS inherit, rolcreaterole AS createrole, rolcreatedb AS createdb,
      rolcanlogin AS login, rolreplication AS replication, rolbypassrls AS bypassrls, rolconnlimit AS connections,
      rolvaliduntil::text AS until, rolconfig AS settings, shobj_description(oid, 'pg_authid') AS comment
    FROM pg_roles WHERE ${OTHERS} ORDER BY 1`);
  return roles.flatMap(roleStatements);
}

function roleStatements(role: RoleRow): string[] {
  const name = quoteIdentifier(role.name);
  const flag = (on: boolean, word: string) => (on ? word : `NO${word}`);
  const attributes = [
    flag(role.super, "SUPERUSER"),
    flag(role.inherit, "INHERIT"),
    flag(role.createrole, "CREATEROLE"),
    flag(role.createdb, "CREATEDB"),
    flag(role.login, "LOGIN"),
    flag(role.replication, "REPLICATION"),
    flag(role.bypassrls, "BYPASSRLS"),
    `CONNECTION LIMIT ${role.connections}`,
    ...(role.until === null ? [] : [`VALID UNTIL ${quoteLiteral(role.until)}`]),
  ];
  return [
    `CREATE ROLE ${name} ${attributes.join(" ")};`,
    ...(role.settings ?? []).map((setting) => `ALTER ROLE ${name} SET ${settingClause(setting)};`),
    ...(role.comment === null ? [] : [`COMMENT ON ROLE ${name} IS ${quoteLiteral(role.comment)};`]),
  ];
}

/** Who granted is lost: the base's administrator has. Whether a membership inherits is its own matter from 16 on. */
async function memberships(session: Session, major: number): Promise<string[]> {
  const rows = await session.query<{
    role: string;
    member: string;
    admin: boolean;
    inherit: boolean | null;
    set: boolean | null;
  }>(`
    SELECT r.rolname::text AS role, m.rolname::text AS member, bool_or(a.admin_option) AS admin,
      bool_or((to_jsonb(a)->>'inherit_option')::boolean) AS inherit, bool_or((to_jsonb(a)->>'set_option')::boolean) AS set
    FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
    WHERE m.rolname !~ '^pg_' AND '${ADMIN}' NOT IN (r.rolname, m.rolname) GROUP BY 1, 2 ORDER BY 1, 2`);
  return rows.map(({ role, member, admin, inherit, set }) => {
    const grant = `GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(member)}`;
    if (major < 16 || inherit === null) return `${grant}${admin ? " WITH ADMIN OPTION" : ""};`;
    return `${grant} WITH ADMIN ${admin}, INHERIT ${inherit}, SET ${set};`;
  });
}

/** GRANT … ON PARAMETER came with 15. */
async function parameterGrants(session: Session): Promise<string[]> {
  if (Number(majorOf(session.server)) < 15) return [];
  const rows = await session.query<GrantRow & { name: string }>(`
    SELECT parname AS name, ${GRANT_COLUMNS} FROM pg_parameter_acl p, aclexplode(p.paracl) a WHERE ${GRANTEE_IS_KEPT} ORDER BY 1, 2, 3`);
  return rows.map((row) => grantStatement(row, `PARAMETER ${quoteIdentifier(row.name)}`));
}

async function namedRoles(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(`
    SELECT rolname::text AS name FROM pg_roles WHERE ${OTHERS}
      AND oid IN (SELECT unnest(polroles) FROM pg_policy UNION SELECT umuser FROM pg_user_mappings) ORDER BY 1`);
  return rows.map(({ name }) => `CREATE ROLE ${quoteIdentifier(name)} NOLOGIN;`);
}

interface GrantRow {
  privilege: string;
  /** Null stands for PUBLIC. */
  grantee: string | null;
  grantable: boolean;
}

const GRANT_COLUMNS = `a.privilege_type AS privilege, (SELECT rolname::text FROM pg_roles WHERE oid = a.grantee) AS grantee, a.is_grantable AS grantable`;
const GRANTEE_IS_KEPT = `(a.grantee = 0 OR a.grantee IN (SELECT oid FROM pg_roles WHERE rolname <> '${ADMIN}'))`;

function grantStatement({ privilege, grantee, grantable }: GrantRow, object: string): string {
  const to = grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
  return `GRANT ${privilege} ON ${object} TO ${to}${grantable ? " WITH GRANT OPTION" : ""};`;
}

/**
 * What stands in no dump of a database's content: its `ALTER DATABASE … SET` and comment, and with `roles: keep` its
 * owner, its grants and `ALTER ROLE … IN DATABASE … SET`.
 */
export async function databaseProperties(
  session: Session,
  { roles, disarms, warn }: { roles: "drop" | "keep"; disarms: boolean; warn(message: string): void },
): Promise<string[]> {
  const name = quoteIdentifier(session.database);
  const statements: string[] = [];
  if (roles === "keep") statements.push(...(await databaseGrants(session, name)));
  const settings = await session.query<{ setting: string; role: string | null; everywhere: boolean }>(`
    SELECT unnest(s.setconfig) AS setting, r.rolname::text AS role, s.setdatabase = 0 AS everywhere
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND (s.setrole = 0 ${roles === "keep" ? `OR s.setdatabase <> 0 AND ${OTHERS}` : ""}) ORDER BY everywhere DESC`);
  for (const { setting, role, everywhere } of settings) {
    const own = nameOfSetting(setting);
    if (disarms && isSecretSetting(own)) {
      warn(`Left out: the setting ${own}, which looks like a secret (copy.side_effects: disarm)`);
      continue;
    }
    const whose =
      role === null
        ? everywhere
          ? "ROLE ALL"
          : `DATABASE ${name}`
        : `ROLE ${quoteIdentifier(role)} IN DATABASE ${name}`;
    statements.push(`ALTER ${whose} SET ${settingClause(setting)};`);
  }
  const [described] = await session.query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()",
  );
  if (described?.comment) statements.push(`COMMENT ON DATABASE ${name} IS ${quoteLiteral(described.comment)};`);
  return statements;
}

function nameOfSetting(setting: string): string {
  return setting.slice(0, setting.indexOf("="));
}

/** Applications keep keys in settings of their own, whose names have a dot; the server's hold none. */
function isSecretSetting(name: string): boolean {
  return name.includes(".") && new RegExp(SECRET, "i").test(name);
}

async function databaseGrants(session: Session, name: string): Promise<string[]> {
  const [owned] = await session.query<{ owner: string; granted: boolean }>(`
    SELECT r.rolname::text AS owner, d.datacl IS NOT NULL AS granted FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database()`);
  const statements =
    owned && owned.owner !== ADMIN ? [`ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(owned.owner)};`] : [];
  if (!owned?.granted) return statements;
  const rows = await session.query<GrantRow>(`
    SELECT ${GRANT_COLUMNS} FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() AND ${GRANTEE_IS_KEPT} ORDER BY 1, 2`);
  return [
    ...statements,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC${owned.owner === ADMIN ? "" : `, ${quoteIdentifier(owned.owner)}`};`,
    ...rows.map((row) => grantStatement(row, `DATABASE ${name}`)),
  ];
}
