import type { Session } from "../../engine/index.ts";
import type { Watchman } from "../guest.ts";

/** Ours are the dump's first session, and pg_dump's and psql's, which carry ditto's name and come from the same address. */
const OURS = `o.usename = current_user AND o.pid <> pg_backend_pid()
  AND (o.pid = $1 OR (o.application_name = 'ditto' AND o.client_addr IS NOT DISTINCT FROM (SELECT m.client_addr FROM pg_stat_activity m WHERE m.pid = pg_backend_pid())))`;

const WAITERS = `
  SELECT w.pid::text AS pid, a.usename::text AS usename, a.application_name AS application,
    coalesce(w.relation::regclass::text, 'a lock') AS relation
  FROM pg_locks w JOIN pg_stat_activity a ON a.pid = w.pid
  WHERE NOT w.granted AND w.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND NOT (a.usename = current_user AND a.application_name = 'ditto')
    AND EXISTS (SELECT FROM pg_stat_activity o WHERE o.pid = ANY (pg_blocking_pids(w.pid)) AND ${OURS})`;

const BLOCKERS = `
  SELECT b.pid::text AS pid, b.usename::text AS usename, b.application_name AS application,
    coalesce(w.relation::regclass::text, 'a lock') AS relation
  FROM pg_locks w JOIN pg_stat_activity o ON o.pid = w.pid AND ${OURS}
    JOIN pg_stat_activity b ON b.pid = ANY (pg_blocking_pids(w.pid))
  WHERE NOT w.granted`;

interface Row {
  pid: string;
  usename: string;
  application: string;
  relation: string;
}

function sessionOf(row: Row): string {
  return `session ${row.pid} of user "${row.usename}"${row.application ? ` (${row.application})` : ""}`;
}

/** Sees every session of the database that waits for one of the dump's, which Postgres tells any user. */
export async function watchman(dump: Session): Promise<Watchman> {
  const [{ pid } = { pid: 0 }] = await dump.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return {
    async waiters(watch) {
      const rows = await watch.query<Row>(WAITERS, [pid]);
      return rows.map((row) => ({ key: `${row.pid} ${row.relation}`, session: sessionOf(row), table: row.relation }));
    },
    async blockers(watch) {
      const rows = await watch.query<Row>(BLOCKERS, [pid]);
      return rows.map((row) => ({ session: sessionOf(row), table: row.relation }));
    },
    async endDump(watch) {
      await watch.query(`SELECT pg_terminate_backend(o.pid) FROM pg_stat_activity o WHERE ${OURS}`, [pid]);
    },
  };
}
