import type { Session } from "../../../lib/engine/index.ts";
import * as mysql from "../../../lib/engine/mysql/quote.ts";
import * as postgres from "../../../lib/engine/postgres/quote.ts";
import { parseDatabaseUrl } from "../../../lib/kit/url.ts";
import { holdsRows, type Schema, type Table } from "../../../lib/schema/model.ts";
import { readMysqlTables } from "../../../lib/schema/mysql/read-tables.ts";
import { readPostgresTables } from "../../../lib/schema/postgres/read.ts";

/** Rows of a table that are looked at. */
const SAMPLE = 100;

/** Every table that holds rows, with some of them; values as text. */
export async function sampleTables(url: string): Promise<{ table: Table; rows: (string | null)[][] }[]> {
  const session = await open(url);
  try {
    const schema = await readSchema(session);
    const sampled = [];
    for (const table of schema.tables.filter(holdsRows)) sampled.push({ table, rows: await sample(session, table) });
    return sampled;
  } finally {
    await session.close();
  }
}

async function open(url: string): Promise<Session> {
  const target = parseDatabaseUrl(url);
  const { connect } = await (target.engine === "postgres"
    ? import("../../../lib/engine/postgres/connect.ts")
    : import("../../../lib/engine/mysql/connect.ts"));
  return connect(target, { guest: true });
}

function readSchema(session: Session): Promise<Schema> {
  return session.server.flavour === "postgres" ? readPostgresTables(session) : readMysqlTables(session);
}

async function sample(session: Session, table: Table): Promise<(string | null)[][]> {
  const isPostgres = session.server.flavour === "postgres";
  const quote = isPostgres ? postgres : mysql;
  const values = table.columns.map(({ name, type }) => {
    const quoted = quote.quoteIdentifier(name);
    if (isPostgres) return `${quoted}::text`;
    return /geometry|blob|binary/.test(type) ? `HEX(${quoted})` : `CAST(${quoted} AS CHAR)`;
  });
  const named = values.map((value, at) => `${value} AS c${at}`).join(", ");
  const rows = await session.query<Record<string, string | null>>(
    `SELECT ${named} FROM ${quote.quoteQualified(table)} LIMIT ${SAMPLE}`,
  );
  return rows.map((row) => table.columns.map((_, at) => row[`c${at}`] ?? null));
}
