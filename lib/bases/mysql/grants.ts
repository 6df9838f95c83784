import type { Session } from "../../engine/index.ts";
import { quoteAccount } from "../../engine/mysql/quote.ts";

/** One line of SHOW GRANTS. */
interface Grant {
  revoked: boolean;
  privileges: Set<string>;
  /** "*" or a pattern with `%` and `_`. */
  schema: string;
  /** "*" or a table's name. */
  table: string;
}

/** What the session's user may do, by grants to itself and to its active roles. */
export interface Grants {
  /** The user as the server knows it: `'dump'@'%'`. */
  user: string;
  /** True when the privilege holds everywhere, in the whole schema, or for the table. */
  has(privilege: string, schema?: string, table?: string): boolean;
}

/** Asks the server for the session's grants. */
export async function readGrants(session: Session): Promise<Grants> {
  const [who] = await session.query<{ u: string }>("SELECT CURRENT_USER() u");
  const rows = await session.query<Record<string, string>>(`SHOW GRANTS${await usingRoles(session)}`);
  const grants = rows.map((row) => parseGrant(Object.values(row)[0] ?? "")).filter((grant) => grant !== undefined);
  const [name = "", host = ""] = splitAccount(who?.u ?? "");
  return { user: quoteAccount(name, host), has: (privilege, schema, table) => holds(grants, privilege, schema, table) };
}

/** MySQL lists what a role gives only when it is asked to; MariaDB does by itself. */
async function usingRoles(session: Session): Promise<string> {
  if (session.server.flavour !== "mysql" || session.server.version.startsWith("5.")) return "";
  const [row] = await session.query<{ r: string }>("SELECT CURRENT_ROLE() r");
  return row === undefined || row.r === "NONE" ? "" : ` FOR CURRENT_USER() USING ${row.r}`;
}

function splitAccount(account: string): [string, string] {
  const at = account.lastIndexOf("@");
  return [account.slice(0, at), account.slice(at + 1)];
}

const NAME = "(\\*|`(?:[^`]|``)*`)";
const GRANT = new RegExp(`^(GRANT|REVOKE) (.+?) ON (?:TABLE )?${NAME}\\.${NAME} (?:TO|FROM) `);

/** Reads a line such as ``GRANT SELECT, SHOW VIEW ON `shop`.* TO `dump`@`%` ``; undefined for roles, proxies and routines. */
export function parseGrant(line: string): Grant | undefined {
  const match = GRANT.exec(line);
  if (match === null) return undefined;
  const [, verb, list = "", schema = "", table = ""] = match;
  // A privilege on some columns only is none on the table.
  const privileges = list.split(/,\s*(?![^(]*\))/).filter((privilege) => !privilege.includes("("));
  return {
    revoked: verb === "REVOKE",
    privileges: new Set(privileges.map((privilege) => privilege.trim().toUpperCase())),
    schema: unquote(schema),
    table: unquote(table),
  };
}

function unquote(name: string): string {
  return name.startsWith("`") ? name.slice(1, -1).replaceAll("``", "`") : name;
}

function holds(grants: Grant[], privilege: string, schema = "*", table = "*"): boolean {
  const covers = (grant: Grant) =>
    (grant.privileges.has(privilege) || grant.privileges.has("ALL PRIVILEGES") || grant.privileges.has("ALL")) &&
    (grant.schema === "*" || (schema !== "*" && matches(grant.schema, schema))) &&
    (grant.table === "*" || grant.table === table);
  if (grants.some((grant) => grant.revoked && covers(grant))) {
    return grants.some((grant) => !grant.revoked && grant.schema !== "*" && covers(grant));
  }
  return grants.some((grant) => !grant.revoked && covers(grant));
}

/** A schema in a grant is a LIKE pattern, in which a backslash makes the next character plain. */
function matches(pattern: string, schema: string): boolean {
  if (pattern === schema) return true;
  const expression = pattern.replace(/\\(.)|%|_|[\s\S]/g, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return RegExp.escape(escaped);
    if (part === "%") return "[\\s\\S]*";
    return part === "_" ? "[\\s\\S]" : RegExp.escape(part);
  });
  return new RegExp(`^${expression}$`).test(schema);
}
