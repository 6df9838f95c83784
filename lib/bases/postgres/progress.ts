import type { Session } from "../../engine/index.ts";

/** How often a running dump or restore is looked at, in milliseconds. */
const EVERY_MS = 1000;

/** The COPYs of ditto's that run now, by table. Postgres 14 and later tell. */
const COPIES = `SELECT p.relid::text AS id, p.bytes_processed::text AS bytes FROM pg_stat_progress_copy p
  JOIN pg_stat_activity a ON a.pid = p.pid WHERE a.application_name IN ('ditto', 'pg_restore')`;

/** Adds up what COPY has moved so far, table by table, until it is stopped; `read` asks the server. */
export function watchCopies(
  read: () => Promise<{ id: string; bytes: string }[]>,
  tell: (bytes: number) => void,
): { stop(): Promise<void> } {
  const moved = new Map<string, number>();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<true>();
  const look = async () => {
    while (!(await Promise.race([stopped, Bun.sleep(EVERY_MS)]))) {
      for (const { id, bytes } of await read()) moved.set(id, Math.max(moved.get(id) ?? 0, Number(bytes)));
      tell([...moved.values()].reduce((sum, bytes) => sum + bytes, 0));
    }
  };
  // Progress is a courtesy: a server that doesn't tell must not fail the work.
  const done = look().catch(() => {});
  return {
    stop() {
      stop(true);
      return done;
    },
  };
}

/** Asks the dump's own session, which stands in a transaction: without clearing it would see its first answer for ever. */
export function copiesOf(session: Session): () => Promise<{ id: string; bytes: string }[]> {
  return async () => {
    await session.query("SELECT pg_stat_clear_snapshot()");
    return session.query<{ id: string; bytes: string }>(COPIES);
  };
}

/** The same question for psql, whose rows are `id|bytes`. */
export async function copiesByPsql(ask: (sql: string) => Promise<string>): Promise<{ id: string; bytes: string }[]> {
  const lines = (await ask(COPIES)).split("\n").filter((line) => line !== "");
  return lines.map((line) => ({ id: line.split("|")[0] ?? "", bytes: line.split("|")[1] ?? "0" }));
}
