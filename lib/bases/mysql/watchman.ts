import type { Session } from "../../engine/index.ts";
import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Waiter, Watchman } from "../guest.ts";

/** ER_LOCK_WAIT_TIMEOUT: a pending ALTER lets nobody pass, not even who only reads. */
const TIMED_OUT = 1205;

/**
 * Finds out whether somebody waits for the table that is being read without any privilege for it: a statement that asks for
 * the same weak lock has to queue behind whoever waits for a strong one.
 */
export async function watchman(
  dump: Session,
  reading: () => { schema: string; name: string } | undefined,
): Promise<Watchman> {
  const [{ id } = { id: 0 }] = await dump.query<{ id: number }>("SELECT CONNECTION_ID() AS id");
  return {
    async waiters(watch) {
      const table = reading();
      if (!table) return [];
      const name = `${table.schema}.${table.name}`;
      const quoted = [table.schema, table.name].map(quoteIdentifier).join(".");
      await watch.query("SET SESSION lock_wait_timeout = 1");
      try {
        await watch.query(`SELECT 1 FROM ${quoted} LIMIT 0`);
        return [];
      } catch (error) {
        if ((error as { errno?: number }).errno !== TIMED_OUT) throw error;
        return [{ key: name, session: await whoWaits(watch, table.name), table: name }];
      }
    },
    async endDump(watch) {
      await watch.query(`KILL ${Number(id)}`);
    },
  };
}

interface ProcessRow {
  Id: number;
  User: string;
  Host: string;
  State: string | null;
  Info: string | null;
}

/** Others' sessions are shown to who has PROCESS; their statements may hold values and are not repeated. */
async function whoWaits(watch: Session, table: string): Promise<Waiter["session"]> {
  const rows = await watch.query<ProcessRow>("SHOW FULL PROCESSLIST");
  const waiting = rows.filter(({ State }) => /metadata lock/i.test(State ?? ""));
  const row = waiting.find(({ Info }) => Info?.includes(table)) ?? waiting[0];
  return row
    ? `session ${row.Id} of user "${row.User}" (${row.Host})`
    : "a session that this user may not see (GRANT PROCESS shows it)";
}
