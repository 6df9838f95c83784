import type { FreezeLook, Session, Uncaptured } from "../index.ts";
import { quoteIdentifier } from "./quote.ts";

/** Only InnoDB's tables are whole in a frozen state; what is in memory goes with each stop. */
export async function uncaptured({ session, stopped }: FreezeLook): Promise<Uncaptured> {
  const tables = await session.query<{ s: string; t: string; e: string }>(
    `SELECT table_schema AS s, table_name AS t, engine AS e FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND engine IS NOT NULL AND engine NOT IN ('InnoDB', 'BLACKHOLE', 'PERFORMANCE_SCHEMA')
     AND table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2`,
  );
  const lost: string[] = [];
  for (const { s, t, e } of tables) {
    if (stopped && e !== "MEMORY") continue;
    const rows = await session.query(`SELECT 1 FROM ${quoteIdentifier(s)}.${quoteIdentifier(t)} LIMIT 1`);
    if (rows.length > 0) lost.push(`${e} table ${s}.${t}`);
  }
  return { lost, elsewhere: await filesElsewhere(session) };
}

/** Files of tablespaces by an absolute path, or one that leads up. */
async function filesElsewhere(session: Session): Promise<string[]> {
  const [view] = await session.query<{ t: string; c: string }>(
    `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'information_schema'
     AND (table_name = 'INNODB_DATAFILES' AND column_name = 'PATH' OR table_name = 'INNODB_SYS_TABLESPACES' AND column_name = 'FILENAME'
       OR table_name = 'INNODB_SYS_DATAFILES' AND column_name = 'PATH') ORDER BY table_name DESC LIMIT 1`,
  );
  if (!view) return [];
  const column = quoteIdentifier(view.c);
  const files = await session.query<{ path: string }>(
    `SELECT DISTINCT ${column} AS path FROM information_schema.${view.t} WHERE ${column} LIKE '/%' OR ${column} LIKE '../%'`,
  );
  return files.map(({ path }) => `data file ${path}`);
}
