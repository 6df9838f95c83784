import type { ServerVersion } from "../../engine/index.ts";
import { quoteAccount, quoteLiteral } from "../../engine/mysql/quote.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import type { DumpUser } from "../dump-user.ts";
import { readGrants } from "./grants.ts";
import { pattern } from "./privileges.ts";

const WRITING = ["INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER"];

export const mysqlDumpUser: DumpUser = {
  async couldChange(session) {
    const grants = await readGrants(session);
    const own = WRITING.filter((privilege) => grants.has(privilege, session.database));
    if (own.length === 0) return "";
    return own.length === WRITING.length && WRITING.every((privilege) => grants.has(privilege))
      ? "every database: it may write anywhere"
      : `the database: it has ${own.join(", ")}`;
  },

  async statements(session, { name, password }) {
    const account = quoteAccount(name);
    const database = await pattern(session, session.database);
    return [
      `CREATE USER ${account} IDENTIFIED BY ${quoteLiteral(password)}`,
      `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON ${database}.* TO ${account}`,
      `GRANT ${routines(session.server)} TO ${account}`,
    ];
  },
};

/** What shows the bodies of routines whole: a privilege of its own since MySQL 8.0.20, elsewhere a table of the server's. */
function routines(server: ServerVersion): string {
  if (isMysql(server, "8.0.20")) return "SHOW_ROUTINE ON *.*";
  return isMysql(server, "8.0") ? "SELECT ON *.*" : "SELECT ON mysql.proc";
}
