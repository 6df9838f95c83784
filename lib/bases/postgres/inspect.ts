import type { Session } from "../../engine/index.ts";
import { majorOf } from "../../engine/postgres/server.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Schema } from "../../schema/model.ts";
import { readPostgresSchema } from "../../schema/read-postgres.ts";
import type { Build } from "../build.ts";
import { encodingOf, sql } from "./sql.ts";

/** The base's schema; throws when an index is invalid. */
export async function inspect(build: Build): Promise<Schema> {
  const session = socketSession(build, await encodingOf(build));
  const broken = await session.query<{ name: string }>(
    "SELECT i.indexrelid::regclass::text AS name FROM pg_index i WHERE NOT i.indisvalid OR NOT i.indisready",
  );
  if (broken.length > 0) {
    throw new DittoError(`Cannot use the base: indexes are invalid: ${broken.map(({ name }) => name).join(", ")}`, {
      code: "VERIFY_FAILED",
      hint: "They are invalid on the source as well, or the restore was cut short: REINDEX them there and reseed",
    });
  }
  return readPostgresSchema(session);
}

/**
 * VACUUM, ANALYZE and CHECKPOINT: the first query of every copy finds statistics, and neither it nor autovacuum has
 * hint bits or a visibility map to write, for which a copy would take its own blocks of every table.
 */
export async function settle(build: Build): Promise<void> {
  // Parallel workers would only take memory from /dev/shm, which a container has little of; Postgres 12 has none.
  const serial = Number(majorOf(build.server)) >= 13 ? ", PARALLEL 0" : "";
  await sql(build, `VACUUM (ANALYZE${serial})`, build.database);
  await sql(build, "CHECKPOINT", build.database);
}

/** Queries without parameters over the workshop's socket: a container's server has no address that a driver could reach. */
export function socketSession(build: Build, encoding: string): Session {
  // Names in a database without an encoding may be no UTF-8.
  const prefix = encoding === "SQL_ASCII" ? "SET client_encoding = 'SQL_ASCII'; " : "";
  return {
    server: build.server,
    database: build.database,
    async query<Row>(text: string) {
      const json = await sql(
        build,
        `${prefix}SELECT coalesce(jsonb_agg(to_jsonb(q)), '[]') FROM (${text}) q`,
        build.database,
      );
      return JSON.parse(json) as Row[];
    },
    close: async () => {},
  };
}
