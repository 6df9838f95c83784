import { DittoError } from "../../kit/errors.ts";
import type { Session } from "../index.ts";
import { quoteIdentifier, quoteLiteral } from "./quote.ts";
import { scramVerifier } from "./server.ts";

/** Lets a role log in with this password. Throws `ROLE_MISSING` naming the roles that there are. */
export async function openRole(session: Session, role: string, password: string): Promise<void> {
  const rows = await session.query<{ name: string; ordinary: boolean }>(
    "SELECT rolname::text AS name, NOT rolsuper AS ordinary FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
  );
  const found = rows.find(({ name }) => name === role);
  if (!found) {
    const names = rows.filter(({ ordinary }) => ordinary).map(({ name }) => name);
    throw new DittoError(`Cannot log in as "${role}": the copy has no such role`, {
      code: "ROLE_MISSING",
      hint:
        names.length > 0
          ? `It has ${names.join(", ")}`
          : "Set dump.roles: keep and reseed: bases hold the source's roles then",
    });
  }
  await session.query(
    `ALTER ROLE ${quoteIdentifier(role)} LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD ${quoteLiteral(scramVerifier(password))}`,
  );
}

/** What makes the server write each login into its log. */
export const loginLog = { log_connections: "on" };

/** Logins of others than ditto. */
export function clientsInLog(log: string): number {
  return [...log.matchAll(/connection authorized: (.*)$/gm)].filter(
    ([, who]) => !/application_name=ditto\b/.test(who ?? ""),
  ).length;
}
