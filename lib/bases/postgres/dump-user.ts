import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import type { DumpUser } from "../dump-user.ts";

export const postgresDumpUser: DumpUser = {
  async couldChange(session) {
    const [row] = await session.query<{ superuser: boolean; creates: boolean; writes: number }>(`
      SELECT rolsuper AS superuser, has_database_privilege(current_database(), 'CREATE') AS creates,
        (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
            AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writes
      FROM pg_roles WHERE rolname = current_user`);
    if (row?.superuser) return "everything: it is a superuser";
    if (row && row.writes > 0) return `the rows of ${row.writes === 1 ? "1 table" : `${row.writes} tables`}`;
    return row?.creates ? "the database, by making things in it" : "";
  },

  async statements(session, { name, password }) {
    const role = quoteIdentifier(name);
    const secured = await hasRowSecurity(session);
    return [
      `CREATE ROLE ${role} LOGIN PASSWORD ${quoteLiteral(password).trim()}${secured ? " BYPASSRLS" : ""}`,
      `GRANT CONNECT ON DATABASE ${quoteIdentifier(session.database)} TO ${role}`,
      ...(await reading(session, role)),
    ];
  },
};

async function hasRowSecurity(session: Session): Promise<boolean> {
  const [row] = await session.query<{ secured: boolean }>(
    "SELECT EXISTS (SELECT FROM pg_class WHERE relrowsecurity) AS secured",
  );
  return row?.secured ?? false;
}

/** The role that reads everything came with 14. */
async function reading(session: Session, role: string): Promise<string[]> {
  if (Number.parseInt(session.server.version, 10) >= 14) return [`GRANT pg_read_all_data TO ${role}`];
  const rows = await session.query<{ name: string }>(
    "SELECT nspname::text AS name FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)' ORDER BY 1",
  );
  const schemas = rows.map(({ name }) => quoteIdentifier(name)).join(", ");
  return [
    `GRANT USAGE ON SCHEMA ${schemas} TO ${role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schemas} TO ${role}`,
    `GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schemas} TO ${role}`,
  ];
}
