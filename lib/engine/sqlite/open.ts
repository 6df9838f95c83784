import { existsSync } from "node:fs";
import { DittoError, messageOf } from "../../kit/errors.ts";

/** A database in a file, through the SQLite that is in Bun. */
export interface SqliteSession {
  readonly server: { flavour: "sqlite"; version: string };
  /** The file. */
  readonly database: string;
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Runs a script of any number of statements. */
  run(script: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a database that exists, or with `create` a new one; `:memory:` is one of its own. Throws `SQLITE_UNREADABLE`. */
export async function openSqlite(
  path: string,
  { write = false, create = false }: { write?: boolean; create?: boolean } = {},
): Promise<SqliteSession> {
  if (path !== ":memory:" && !create && !existsSync(path)) throw unreadable(path, "there is no such file");
  const { Database } = await import("bun:sqlite");
  try {
    const memory = path === ":memory:";
    const database = new Database(
      path,
      write || create || memory ? { readwrite: true, create: create || memory } : { readonly: true },
    );
    const [row] = database.query("SELECT sqlite_version() AS v, count(*) FROM sqlite_schema").all() as { v: string }[];
    return {
      server: { flavour: "sqlite", version: row?.v ?? "" },
      database: path,
      query: async <Row>(sql: string, parameters: unknown[] = []) =>
        database.prepare(sql).all(...(parameters as string[])) as Row[],
      run: async (script) => {
        database.run(script);
      },
      close: async () => database.close(),
    };
  } catch (error) {
    throw unreadable(path, messageOf(error), error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): DittoError {
  return new DittoError(`Cannot open "${path}" as a SQLite database: ${why}`, {
    code: "SQLITE_UNREADABLE",
    hint: "Name the database file, as in sqlite:path/to/app.db",
    ...(cause === undefined ? {} : { cause }),
  });
}
