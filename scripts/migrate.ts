#!/usr/bin/env bun
/**
 * Tries a migration on a copy, which holds what production holds: takes a snapshot, runs your tool against the copy, and
 * reports what it changed, how long it took and which locks it held. When it fails the copy is put back by itself.
 *
 * Usage:
 *   bun scripts/migrate.ts COPY                    with the tool whose files are here
 *   bun scripts/migrate.ts COPY --tool T           with this tool
 *   bun scripts/migrate.ts COPY --folder F         with the tool whose files are in F, or the .sql files in it
 *   bun scripts/migrate.ts COPY -- CMD             with a command of your own
 *
 * A copy is named by its id, a unique beginning of the id, its name, or @branch; "bun scripts/copy.ts create" makes one.
 * It keeps its URL. After a success the snapshot stays, to go back to.
 *
 * Options:
 *   --tool TOOL     auto (default), sql, liquibase, flyway, alembic, prisma, drizzle, knex, node-pg-migrate, dbmate, goose,
 *                   django or rails. Each is started as its own users start it, e.g. npx prisma migrate deploy, by the
 *                   package manager whose lock file is there, with the copy in the variables that it reads
 *   --folder F      where its files are (default: here). sql: every .sql file in it by its name, 2 before 10, by the
 *                   engine's own client, each statement in a transaction of its own unless the file says otherwise;
 *                   .down.sql files are left out
 *   --report FILE   also write Markdown for a pull request
 *   --keep          a failure is not rolled back: look at what it left, then "bun scripts/snapshot.ts rollback"
 *
 * CMD gets the variables that source.env names (default: DATABASE_URL), PGHOST and its like or MYSQL_HOST and its like,
 * and DITTO_COPY_ID. When nothing but ditto connects to the copy meanwhile, that is an error: something else was migrated.
 *
 * Locks are seen by event triggers, in Postgres, which go with the command; what these don't see, and MySQL's and MariaDB's
 * metadata locks, are named by the kind of statement.
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 migrated · 1 failed (and rolled back, unless --keep) · 2 bad usage or configuration · 130/143 interrupted
 * (and rolled back)
 */
import { swept } from "../lib/copies/afterwards.ts";
import { type Call, flags, script } from "../lib/kit/cli.ts";

const TOOLS = [
  ...(["auto", "sql", "liquibase", "flyway", "alembic", "prisma", "drizzle", "knex", "node-pg-migrate"] as const),
  ...(["dbmate", "goose", "django", "rails"] as const),
] as const;

const migrateFlags = flags({
  tool: { type: "string", choices: TOOLS },
  folder: { type: "string" },
  report: { type: "string" },
  keep: { type: "boolean" },
});

await script(import.meta, {
  positionals: [1, 1],
  argument: "COPY",
  flags: migrateFlags,
  rest: true,
  run: swept(migrate),
});

async function migrate(call: Call<typeof migrateFlags>): Promise<number> {
  const [lib, { loadConfig }] = await Promise.all([import("../lib/migrate/index.ts"), import("../lib/kit/config.ts")]);
  const { tool, folder, report, keep } = call.flags;
  const config = await loadConfig(call);
  const choice = await lib.chooseTool({ tool, folder, command: call.rest });
  await lib.requireReportPlace(report);
  const scope = { project: config.project, source: config.sourceName };
  const copy = await lib.awake(await lib.findCopy(call.positionals[0] ?? "", scope), call.say);
  if (choice.kind !== "command") call.say(`Tool: ${choice.kind === "tool" ? choice.tool : "sql"} (${choice.why})`);
  const outcome = await lib.migrateCopy(copy, { choice, config, call, keep });
  if (report !== undefined) await lib.writeReport(report, outcome);
  call.answer(lib.outcomeView(outcome), () => lib.renderOutcome(outcome));
  return outcome.state === "migrated" ? 0 : 1;
}
