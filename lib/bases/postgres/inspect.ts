import type { Session } from "../../engine/index.ts";
import { postgres } from "../../engine/postgres/index.ts";
import { majorOf } from "../../engine/postgres/server.ts";
import { parseAnswer } from "../../kit/answer.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Schema } from "../../schema/model.ts";
import { readPostgresTables } from "../../schema/postgres/read.ts";
import type { Build } from "../build.ts";
import { type Conversation, converse } from "../conversation.ts";
import { restoreFailure } from "./errors.ts";
import { statementEnvironment } from "./session.ts";
import { sql, withoutTools } from "./sql.ts";

/** The base's schema; throws when an index is invalid. */
export function inspect(build: Build): Promise<Schema> {
  return withSocketSession(build, inspectThrough);
}

async function inspectThrough(session: Session): Promise<Schema> {
  const broken = await session.query<{ name: string }>(
    "SELECT i.indexrelid::regclass::text AS name FROM pg_index i WHERE NOT i.indisvalid OR NOT i.indisready",
  );
  if (broken.length > 0) {
    throw new DittoError(`Cannot use the base: indexes are invalid: ${broken.map(({ name }) => name).join(", ")}`, {
      code: "VERIFY_FAILED",
      hint: "They are invalid on the source as well, or the restore was cut short: REINDEX them there and reseed",
    });
  }
  return readPostgresTables(session);
}

/**
 * VACUUM, ANALYZE and CHECKPOINT: the first query of every copy finds statistics, and neither it nor autovacuum has
 * hint bits or a visibility map to write, for which a copy would take its own blocks of every table.
 */
export async function settle(build: Build): Promise<void> {
  // Parallel workers would only take memory from /dev/shm, which a container has little of; Postgres 12 has none.
  const serial = Number(majorOf(build.server)) >= 13 ? ", PARALLEL 0" : "";
  const { ask, close } = questionsTo(build);
  try {
    await ask(`VACUUM (ANALYZE${serial})`);
    await ask("CHECKPOINT");
  } finally {
    await close();
  }
}

/** Hands over a session with the workshop's server over its socket, which knows queries without parameters. */
export async function withSocketSession<T>(build: Build, look: (session: Session) => Promise<T>): Promise<T> {
  const { ask, close } = questionsTo(build);
  try {
    // Names in a database without an encoding may be no UTF-8.
    const encoding = await ask("SELECT pg_catalog.getdatabaseencoding()");
    const prefix = encoding === "SQL_ASCII" ? "SET client_encoding = 'SQL_ASCII'; " : "";
    return await look({
      server: build.server,
      database: build.database,
      query: async <Row>(text: string) =>
        parseAnswer(await ask(`${prefix}SELECT coalesce(jsonb_agg(to_jsonb(q)), '[]') FROM (${text}) q`)) as Row[],
      close,
    });
  } finally {
    await close();
  }
}

/** Through psql, because a container's server has no address that a driver could reach. */
function questionsTo(build: Build): Conversation {
  if (withoutTools(build)) return { ask: (text) => sql(build, text, build.database), close: async () => {} };
  const client = postgres.adminClient(build.workshop.place, build.database, build.server);
  const failure = (errors: string) => restoreFailure("look at the base", errors, build.serverErrors());
  return converse(build.workshop, { ...client, env: statementEnvironment() }, failure);
}
