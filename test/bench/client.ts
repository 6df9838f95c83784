import type { Engine } from "./plan.ts";

/** One answer of a database. */
export interface Counted {
  rows: number;
  /** From before connecting to the answer. */
  ms: number;
}

/** A connection through the engine's driver. */
export interface Client {
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** `SELECT count(*)` of a table through the engine's driver. */
export async function countRows(engine: Engine, url: string, table: string): Promise<Counted> {
  const begun = performance.now();
  const client = await connect(engine, url);
  try {
    const [row] = await client.query(`SELECT count(*) AS n FROM ${table}`);
    return { rows: Number(row?.n), ms: performance.now() - begun };
  } finally {
    await client.close();
  }
}

const TABLES = {
  postgres: "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  mysql: "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()",
};

/** Reads every row of every table once. Postgres marks rows as it first reads them; what that changed is on disk afterwards. */
export async function readEverything(engine: Engine, url: string): Promise<void> {
  const client = await connect(engine, url);
  const family = engine === "postgres" ? "postgres" : "mysql";
  // InnoDB would count the entries of the smallest index and leave the rows alone.
  const rows = family === "mysql" ? "USE INDEX ()" : "";
  try {
    for (const { name } of await client.query(TABLES[family])) {
      await client.query(`SELECT count(*) AS n FROM ${name} ${rows}`);
    }
    if (family === "postgres") await client.query("CHECKPOINT");
  } finally {
    await client.close();
  }
}

/** Opens a connection. */
export async function connect(engine: Engine, url: string): Promise<Client> {
  return engine === "postgres" ? connectPostgres(url) : connectMysql(url);
}

async function connectPostgres(url: string): Promise<Client> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return { query: async (sql) => (await client.query(sql)).rows, close: () => client.end() };
}

async function connectMysql(url: string): Promise<Client> {
  const { createConnection } = await import("mysql2/promise");
  const { hostname, port, username, password, pathname } = new URL(url);
  const connection = await createConnection({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  });
  return {
    query: async (sql) => (await connection.query(sql))[0] as Record<string, unknown>[],
    close: () => connection.end(),
  };
}
