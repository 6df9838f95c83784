import type { Session } from "../../engine/index.ts";
import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import type { Table } from "../../schema/model.ts";
import { catalog } from "../../schema/mysql/catalog.ts";
import { type MissingPrivilege, shorten } from "../privileges.ts";
import { type Grants, readGrants } from "./grants.ts";

/** Who may do one of these with a whole database is shown every table of it; EVENT is not among them. */
const SHOW_TABLES = [
  "SELECT",
  "SHOW VIEW",
  "TRIGGER",
  "INSERT",
  "UPDATE",
  "DELETE",
  "CREATE",
  "DROP",
  "ALTER",
  "INDEX",
];

/** What a dump reads, by the privilege that it takes. */
interface Needs {
  SELECT: string[];
  "SHOW VIEW": string[];
  TRIGGER: string[];
}

/** True when the user sees every table that there is: of the others the server says nothing. */
export async function seesEveryTable(session: Session): Promise<boolean> {
  const grants = await readGrants(session);
  return SHOW_TABLES.some((privilege) => grants.has(privilege, session.database));
}

/** What a user that doesn't see every table lacks to dump the database, or one that may not even enter it. */
export async function missingOnDatabase(session: Session, database: string): Promise<MissingPrivilege[]> {
  const grants = await readGrants(session);
  const lacking = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"].filter((privilege) => !grants.has(privilege, database));
  const statements = [`GRANT ${lacking.join(", ")} ON ${await pattern(session, database)}.* TO ${grants.user}`];
  return withOthers(session, grants, { database, lacks: [`${lacking.join(", ")} on ${database}`], statements });
}

/** What the user lacks to dump `taken` whole, where it sees every table; `left` are tables that stay out. */
export async function missingOnTables(
  session: Session,
  taken: (Pick<Table, "name"> & { kind: Table["kind"] | "sequence" })[],
  left: Table[],
): Promise<MissingPrivilege[]> {
  const grants = await readGrants(session);
  const { database } = session;
  const names = (kinds: string[]) => taken.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  const needs: Needs = {
    SELECT: taken.map(({ name }) => name),
    "SHOW VIEW": names(["view"]),
    TRIGGER: names(["table", "partitioned"]),
  };
  const whole: string[] = [];
  const single = new Map<string, string[]>();
  const lacks: string[] = [];
  for (const [privilege, needed] of Object.entries(needs)) {
    const lacking = needed.filter((name: string) => !grants.has(privilege, database, name));
    if (lacking.length === 0) continue;
    lacks.push(`${privilege} on ${shorten(lacking, 5)}`);
    if (lacking.length === needed.length && left.length === 0) whole.push(privilege);
    else for (const name of lacking) single.set(name, [...(single.get(name) ?? []), privilege]);
  }
  if (!grants.has("EVENT", database)) {
    whole.push("EVENT");
    lacks.push("EVENT");
  }
  const statements = [...single].map(
    ([name, privileges]) =>
      `GRANT ${privileges.join(", ")} ON ${quoteIdentifier(database)}.${quoteIdentifier(name)} TO ${grants.user}`,
  );
  if (whole.length > 0)
    statements.unshift(`GRANT ${whole.join(", ")} ON ${await pattern(session, database)}.* TO ${grants.user}`);
  return withOthers(session, grants, { database, lacks, statements });
}

/** With what is not of tables: the right to see routines, and the one that names who waits for a dump. */
async function withOthers(
  session: Session,
  grants: Grants,
  found: { database: string; lacks: string[]; statements: string[] },
): Promise<MissingPrivilege[]> {
  const { database } = found;
  const [lacks, statements] = [[...found.lacks], [...found.statements]];
  const routines = routinePrivilege(session, grants, database);
  if (routines !== undefined) {
    const hidden = await hiddenRoutines(session, database);
    lacks.push(`${routines} (for routines${hidden.length > 0 ? ` such as ${shorten(hidden, 5)}` : ""})`);
    statements.push(`GRANT ${routines} TO ${grants.user}`);
  }
  const missing: MissingPrivilege[] = [];
  if (lacks.length > 0)
    missing.push({ code: "NO_PRIVILEGE", state: `user ${grants.user} lacks ${lacks.join("; ")}`, statements });
  if (!grants.has("PROCESS")) {
    const state = "without PROCESS a session that waits for the dump can't be named";
    missing.push({
      code: "NO_PRIVILEGE",
      state,
      statements: [`GRANT PROCESS ON *.* TO ${grants.user}`],
      optional: true,
    });
  }
  return missing;
}

/** What is needed to see routines whole, when it is missing. */
function routinePrivilege({ server }: Session, grants: Grants, database: string): string | undefined {
  if (grants.has("SELECT")) return undefined;
  if (isMysql(server, "8.0.20")) return grants.has("SHOW_ROUTINE") ? undefined : "SHOW_ROUTINE ON *.*";
  if (isMysql(server, "8.0")) return "SELECT ON *.*";
  const sees = grants.has("SHOW CREATE ROUTINE", database) || grants.has("SELECT", "mysql", "proc");
  return sees ? undefined : "SELECT ON mysql.proc";
}

/** Routines whose body the server keeps to itself, and which a dump tool leaves out: `routine "total"`. */
export async function hiddenRoutines(session: Session, database: string): Promise<string[]> {
  if (session.database !== database) return [];
  const hidden = await catalog<{ name: string }>(session, {
    fields: { name: "ROUTINE_NAME" },
    from: "FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_DEFINITION IS NULL AND ROUTINE_BODY = 'SQL'",
  });
  return hidden.map(({ name }) => `routine "${name}"`);
}

/** A database in a GRANT on all its tables is a pattern, unless partial revokes are on (MySQL from 8.0.16). */
export async function pattern(session: Session, database: string): Promise<string> {
  const [row] = await session.query<{ Value: string }>("SHOW GLOBAL VARIABLES LIKE 'partial\\_revokes'");
  return quoteIdentifier(row?.Value === "ON" ? database : database.replace(/[_%\\]/g, "\\$&"));
}
