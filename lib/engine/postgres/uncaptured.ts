import type { FreezeLook, Session, Uncaptured } from "../index.ts";
import { quoteIdentifier } from "./quote.ts";

/** UNLOGGED tables that have rows are emptied by the recovery of a frozen state; tablespaces lie elsewhere. */
export async function uncaptured({ session, connect, stopped, samePlace }: FreezeLook): Promise<Uncaptured> {
  const elsewhere = await tablespaces(session, samePlace);
  if (stopped) return { lost: [], elsewhere };
  const databases = await session.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE datallowconn AND datname <> 'template0' ORDER BY datname",
  );
  const lost: string[] = [];
  for (const { name } of databases) {
    const own = name === session.database;
    const other = own ? session : await connect(name);
    try {
      lost.push(...(await unloggedTables(other)).map((table) => `UNLOGGED table ${own ? "" : `${name}.`}${table}`));
    } finally {
      if (!own) await other.close();
    }
  }
  return { lost, elsewhere };
}

async function unloggedTables(session: Session): Promise<string[]> {
  const found = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relpersistence = 'u' AND c.relkind IN ('r', 'm') AND pg_relation_size(c.oid) > 0 ORDER BY 1, 2`,
  );
  const filled: string[] = [];
  for (const { schema, name } of found) {
    const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
    const [row] = await session.query<{ some: boolean }>(`SELECT EXISTS (SELECT FROM ${table}) AS some`);
    if (row?.some) filled.push(`${schema}.${name}`);
  }
  return filled;
}

async function tablespaces(session: Session, samePlace: boolean): Promise<string[]> {
  const found = await session.query<{ name: string; path: string; home: string }>(
    `SELECT spcname AS name, pg_tablespace_location(oid) AS path, current_setting('data_directory') AS home
     FROM pg_tablespace ORDER BY 1`,
  );
  const outside = ({ path, home }: { path: string; home: string }) =>
    // Its own folder is where a clone has it too, as the server sees it.
    path.startsWith("/") && !(samePlace && path.startsWith(home.replace(/[^/]*$/, "")));
  return found.filter(outside).map(({ name, path }) => `tablespace ${name} in ${path}`);
}
