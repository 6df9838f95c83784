import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectDump } from "../bases/files.ts";
import { dumpSchema } from "../bases/schema-dump.ts";
import { withThrowaway } from "../bases/throwaway.ts";
import { servers } from "../engine/engines.ts";
import type { EngineName, ServerVersion } from "../engine/index.ts";
import { quoteIdentifier } from "../engine/postgres/quote.ts";
import { openSqlite } from "../engine/sqlite/open.ts";
import { withCleanup } from "../kit/cleanup.ts";
import type { Conversation } from "../kit/cli.ts";
import { loadConfig } from "../kit/config.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import { guardPath } from "../kit/guard.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import { openRuntime } from "../runtime/open.ts";
import type { DiffOptions, Plan } from "../schema/change.ts";
import type { CatalogSession } from "../schema/dialect.ts";
import type { FullSchema } from "../schema/model-objects.ts";
import { partsOf } from "../schema/render-sql.ts";
import type { Comparison, Pair } from "./compare.ts";
import { imageFor, withDatabases } from "./open.ts";

/**
 * Tries a plan: makes A anew on a throwaway server from what the engine's own dump tool says of it, runs every statement,
 * and compares the result with B. Throws `VERIFY_FAILED` with what failed or still differs.
 */
export async function verifyPlan(
  pair: Pair,
  comparison: Comparison,
  options: DiffOptions,
  call: Conversation,
): Promise<void> {
  const check = async (session: CatalogSession) => {
    const left = await tryOn(session, comparison, options);
    if (left.changes.length > 0) throw unequal(left);
  };
  await withDatabases([pair.a], { call, engine: pair.engine ?? engineOf(comparison) }, async ([database]) => {
    if (!database) throw new Error("There is one database");
    if (database.engine === "sqlite") return rebuildFile(database.session, check);
    if (database.url === undefined) throw new Error("A server's database has a URL");
    return rebuild(database.url, comparison, call, check);
  });
}

/** A file of A's is loaded once more, into a server like the one that it was read from. */
function engineOf({ a }: Comparison): string {
  const { flavour, version } = a.server;
  return flavour === "sqlite" ? flavour : `${flavour}:${version.split(" ")[0]}`;
}

/** SQLite keeps the statements that made everything; tables of a virtual one's own come with it. */
const DEFINITIONS = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
  ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'view' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, rowid`;

async function rebuildFile(session: CatalogSession, action: (session: CatalogSession) => Promise<void>): Promise<void> {
  const definitions = await session.query<{ sql: string }>(DEFINITIONS);
  const twin = await openSqlite(":memory:");
  await withCleanup(
    async () => {
      for (const { sql } of definitions) await twin.run(sql);
      await action(twin);
    },
    () => twin.close(),
  );
}

async function rebuild(
  url: DatabaseUrl,
  { a }: Comparison,
  call: Conversation,
  action: (session: CatalogSession) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(call);
  const { runtime } = await openRuntime(call.runtimeName ?? config.runtime, call.say);
  const server = a.server as ServerVersion;
  const image = imageFor(server, config.copy.image);
  const text = await dumpSchema(url, server, { runtime, image });
  const folder = await mkdtemp(join(tmpdir(), "ditto-verify-"));
  const guard = guardPath(folder);
  await withCleanup(
    async () => {
      const path = join(folder, "schema.sql");
      await writeFile(path, text, { mode: 0o600 });
      const file = await detectDump(path);
      const request = { runtime, server, image, settings: {}, database: url.database || "app", file };
      await withThrowaway(request, async (target) => {
        const session = await servers[target.engine as EngineName].connect(target);
        await withCleanup(
          async () => {
            await takeOver(session, a);
            await action(session);
          },
          () => session.close().catch(() => {}),
        );
      });
    },
    async () => {
      await guard.release();
      await rm(folder, { recursive: true, force: true });
    },
  );
}

/** The database, and what comes to be in it, belong to whom they do at A, of which pg_dump says nothing. */
async function takeOver(session: CatalogSession, { schemas, postgres }: FullSchema): Promise<void> {
  if (postgres === undefined) return;
  const { user, databaseOwner } = postgres;
  const open = schemas.find(({ name }) => name === "public");
  const known = await session.query<{ name: string }>("SELECT rolname::text AS name FROM pg_roles");
  const roles = new Set([databaseOwner, user, open?.owner ?? ""]);
  for (const role of roles)
    if (role !== "" && !known.some(({ name }) => name === role))
      await session.query(`CREATE ROLE ${quoteIdentifier(role)}`);
  const owner = quoteIdentifier(databaseOwner);
  await session.query(`ALTER DATABASE ${quoteIdentifier(session.database)} OWNER TO ${owner}`);
  if (open) await session.query(`ALTER SCHEMA public OWNER TO ${quoteIdentifier(open.owner || databaseOwner)}`);
  // A superuser here, whatever it may at A.
  await session.query(`ALTER ROLE ${quoteIdentifier(user)} SUPERUSER`);
  await session.query(`SET ROLE ${quoteIdentifier(user)}`);
}

async function tryOn(session: CatalogSession, { b, dialect, plan }: Comparison, options: DiffOptions): Promise<Plan> {
  const run = async (sql: string) => {
    try {
      await session.query(sql);
    } catch (error) {
      throw new DittoError(`Cannot verify the SQL: ${messageOf(error)}`, {
        code: "VERIFY_FAILED",
        hint: `The statement was: ${sql.split("\n").slice(0, 3).join(" ")}`,
        cause: error,
      });
    }
  };
  for (const sql of dialect.script.before) await run(sql);
  for (const part of partsOf(plan.statements)) {
    if (part.transaction) await run(dialect.script.begin);
    for (const { sql } of part.statements) await run(sql);
    if (part.transaction) await run(dialect.script.commit);
  }
  return dialect.diff(await dialect.read(session), b, { ...options, renames: [] });
}

function unequal({ changes }: Plan): DittoError {
  const shown = changes
    .slice(0, 5)
    .map(({ kind, name, words }) => `${kind} ${name}${words.length > 0 ? ` (${words[0]})` : ""}`);
  return new DittoError(`Cannot verify the SQL: ${changes.length} differences are left: ${shown.join("; ")}`, {
    code: "VERIFY_FAILED",
    hint: "Please report it with the definitions of both sides",
  });
}
