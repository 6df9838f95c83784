import { quoteLiteral } from "../../engine/mysql/quote.ts";
import type { CatalogSession } from "../dialect.ts";
import type { NotCompared } from "../model-objects.ts";

/** What the catalog hides from those who lack a privilege: without a word, so that it has to be said here. */
const HIDDEN: { what: string; privilege: string; global: string[] }[] = [
  { what: "triggers", privilege: "TRIGGER", global: [] },
  { what: "events", privilege: "EVENT", global: [] },
];
/** MariaDB has its own since 11.3. */
const ROUTINES = {
  mysql: { what: "functions and procedures of others", privilege: "", global: ["SHOW_ROUTINE", "SELECT"] },
  mariadb: { what: "functions and procedures of others", privilege: "SHOW CREATE ROUTINE", global: ["SELECT"] },
};

/** Kinds of objects that the session may not see, if there are any in its database. */
export async function readHidden(session: CatalogSession): Promise<NotCompared[]> {
  // MySQL 5.7 has no roles.
  const [me] = await session
    .query<{ u: string; r: string | null }>("SELECT CURRENT_USER() u, CURRENT_ROLE() r")
    .catch(() => session.query<{ u: string; r: string | null }>("SELECT CURRENT_USER() u, NULL r"));
  // A role's privileges stand under other names in each flavour: whoever has one active is taken to see all.
  if (me === undefined || (me.r !== null && me.r !== "NONE")) return [];
  const at = me.u.lastIndexOf("@");
  const grantee = quoteLiteral(`'${me.u.slice(0, at)}'@'${me.u.slice(at + 1)}'`);
  const rows = await session.query<{ p: string; g: number | string }>(
    `SELECT PRIVILEGE_TYPE p, 1 g FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ${grantee}
     UNION ALL SELECT PRIVILEGE_TYPE, 0 FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ${grantee} AND DATABASE() LIKE TABLE_SCHEMA`,
  );
  const has = (name: string, global: boolean) => rows.some(({ p, g }) => p === name && (!global || Number(g) === 1));
  const hidden = [...HIDDEN, ROUTINES[session.server.flavour === "mariadb" ? "mariadb" : "mysql"]];
  return hidden
    .filter(({ privilege, global }) => !has(privilege, false) && !global.some((name) => has(name, true)))
    .map(({ what, privilege, global }) => ({
      what,
      why: `${me.u} may not see them: grant ${[privilege, ...global.map((name) => `${name} on *.*`)].filter(Boolean).join(" or ")}`,
    }));
}
