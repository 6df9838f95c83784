import type { Session, ToolCommand } from "../../engine/index.ts";
import { quoteIdentifier, quotePattern, quoteQualified } from "../../engine/postgres/quote.ts";
import { majorOf } from "../../engine/postgres/server.ts";
import { DittoError, messageOf } from "../../kit/errors.ts";
import type { DatabaseUrl } from "../../kit/url.ts";
import type { Schema, Table } from "../../schema/model.ts";
import { qualifiedName } from "../../schema/model.ts";
import { readPostgresSchema } from "../../schema/read-postgres.ts";
import type { SourceBuild, TableRows, Transferred } from "../build.ts";
import { toolAddress } from "../reach.ts";
import { type Chosen, choose } from "../selection.ts";
import { sendTlsFiles } from "../tls-files.ts";
import { directoryRows, directoryToc } from "./archive.ts";
import { CopyCounter } from "./copy-counter.ts";
import { entriesOfRoutines, listWithout, routinesOf } from "./dependents.ts";
import { dumpFailure, recoveryConflict, restoreFailure } from "./errors.ts";
import { entriesOf, tablesOf } from "./extensions.ts";
import { copiesOf, watchCopies } from "./progress.ts";
import { createDatabase, restoreSections } from "./restore.ts";
import { createRoles, databaseProperties } from "./roles.ts";
import { rowsEnvironment, sourceEnvironment } from "./session.ts";
import { carryServerSettings } from "./settings.ts";
import { sql } from "./sql.ts";
import type { Toc } from "./toc.ts";

/** Dumps the source under one snapshot and restores it: unmasked tables by pg_dump, filtered ones by COPY through ditto. */
export async function fromSource(request: SourceBuild): Promise<Transferred> {
  const { session } = request;
  const tls = await sendTlsFiles(request.source, request.toolbox);
  const build = { ...request, source: { ...request.source, params: { ...request.source.params, ...tls.paths } } };
  const schema = await openSnapshot(build);
  try {
    const chosen = choose(schema, build.selection);
    const [{ snapshot } = { snapshot: "" }] = await session.query<{ snapshot: string }>(
      "SELECT pg_export_snapshot() AS snapshot",
    );
    const path = `${build.workshop.work}/dump`;
    await pgDump(build, chosen, snapshot, path);
    const toc = await directoryToc(build.toolbox, path);
    await refuseForeignData(build, chosen, { path, toc });
    const archive = { path, bytes: build.look.bytes, ...(await withoutDependents(build, chosen, toc)) };
    const properties = await databaseProperties(session, build.selection.roles);
    await carryServerSettings(build, build.look.traits);
    await createDatabase(build, build.look.traits);
    await createRoles(build, session);
    // Before the rest, as pg_restore --create does: materialized views are computed with them.
    if (properties.length > 0) await sql(build, properties.join("\n"));
    const filtered = build.selection.schemaOnly ? [] : chosen.filtered;
    const streamed: TableRows[] = [];
    if (filtered.length > 0) await restoreSections(build, ["pre-data"], archive);
    for (const { table, condition } of filtered) streamed.push(await copyRows(build, table, condition, snapshot));
    await session.query("COMMIT");
    await build.guest.release();
    await tls.forget();
    // In one run pg_restore fills the tables that it has just made, and Postgres then writes no WAL for their rows.
    const rest = filtered.length > 0 ? (["data", "post-data"] as const) : (["pre-data", "data", "post-data"] as const);
    const [read] = await Promise.all([directoryRows(build.toolbox, path), restoreSections(build, rest, archive)]);
    return { rows: [...read, ...streamed, ...withoutPosition(build)], schema };
  } catch (error) {
    // A standby may end the session that holds the snapshot first, and then the tools fail for want of it.
    const session = await build.session.query("SELECT").then(() => "", messageOf);
    throw recoveryConflict(`${messageOf(error)} ${session}`) ?? error;
  } finally {
    await session.query("ROLLBACK").catch(() => {});
  }
}

/** On a replica the sequences of unlogged tables have no position, which on the base they have. */
function withoutPosition({ look }: SourceBuild): TableRows[] {
  return look.role === "replica" && look.traits.unlogged
    ? [{ schema: "pg_catalog", name: "sequences", rows: -1, hash: "" }]
    : [];
}

/**
 * A transaction that sees one moment. Locks come before its snapshot and the catalog is read after, so that neither
 * TRUNCATE nor ADD COLUMN comes between; a table made in the meantime starts it again.
 */
async function openSnapshot(build: SourceBuild): Promise<Schema> {
  const { session } = build;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const before = await readPostgresSchema(session);
    const locked = lockable(before, choose(before, build.selection));
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await lock(session, locked, build.lockWaitMs);
    const schema = await readPostgresSchema(session);
    const names = new Set(locked.map(qualifiedName));
    if (lockable(schema, choose(schema, build.selection)).every((table) => names.has(qualifiedName(table))))
      return schema;
    await session.query("ROLLBACK");
  }
  throw new DittoError("Cannot dump the source: tables are made faster than they can be locked", {
    code: "SOURCE_UNSTABLE",
    hint: "Try again when the migration on the source is over",
  });
}

function lockable(schema: Schema, chosen: Chosen): Table[] {
  const left = new Set(chosen.left);
  return schema.tables.filter(
    (table) => ["table", "partition", "partitioned"].includes(table.kind) && !left.has(table) && table.extension === "",
  );
}

async function lock(session: Session, tables: Table[], waitMs: number): Promise<void> {
  await session.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(waitMs))}`);
  for (let at = 0; at < tables.length; at += 500) {
    const names = tables.slice(at, at + 500).map((table) => `ONLY ${quoteQualified(table)}`);
    try {
      await session.query(`LOCK TABLE ${names.join(", ")} IN ACCESS SHARE MODE`);
    } catch (error) {
      if ((error as { code?: string }).code === "55P03") throw dumpFailure("lock timeout");
      throw dumpFailure((error as Error).message);
    }
  }
}

async function pgDump(build: SourceBuild, chosen: Chosen, snapshot: string, archive: string): Promise<void> {
  const client = await clientMajor(build);
  if (client > Number(majorOf(build.server))) throw clientTooNew(build, client);
  const step = build.step("Dump", build.look.bytes);
  const names = (tables: { schema: string; name: string }[], flag: string) =>
    tables.map((table) => `${flag}=${quotePattern(table)}`);
  const streamed = chosen.filtered.map(({ table }) => table);
  const { excludedExtensions } = build.look;
  // Before 17 pg_dump can't leave an extension out: its tables' rows go here, its own entry before the restore.
  const ofExtensions =
    client < 17 && excludedExtensions.length > 0 ? await tablesOf(build.session, excludedExtensions) : [];
  const args = [
    ...[
      "--format=directory",
      `--file=${archive}`,
      `--jobs=${build.jobs}`,
      `--snapshot=${snapshot}`,
      "--no-sync",
      "--no-password",
    ],
    ...[
      "--no-subscriptions",
      "--no-security-labels",
      "--no-tablespaces",
      `--lock-wait-timeout=${Math.round(build.lockWaitMs)}`,
    ],
    // zstd is in pg_dump from 16 on; statistics hold most-common values, which are rows.
    client >= 16 ? "--compress=zstd:1" : "--compress=1",
    ...(client >= 18 ? ["--no-statistics"] : []),
    ...names(chosen.left, "--exclude-table"),
    ...names([...chosen.emptied, ...streamed, ...ofExtensions], "--exclude-table-data"),
    ...(client >= 17 ? excludedExtensions.map((name) => `--exclude-extension=${quoteIdentifier(name)}`) : []),
    ...(build.selection.schemaOnly ? ["--schema-only"] : []),
  ];
  const child = await build.toolbox.start(sourceTool(build, "pg_dump", args));
  const watch = watchCopies(copiesOf(build.session), (bytes) => step.update({ bytes }));
  const { status, stderr } = await child.done;
  await watch.stop();
  if (status !== 0) throw dumpFailure(stderr);
}

/** A tool of Postgres's against the source; the password goes through the environment. */
export function sourceTool(build: SourceBuild, tool: "pg_dump" | "psql", args: string[]): ToolCommand {
  const { source, toolbox } = build;
  const { host, port, hostAddress } = toolAddress(source, toolbox);
  const env = sourceEnvironment(source, build.look.traits.encoding ?? "UTF8", tool);
  const login = ["-h", source.socket ?? host, "-p", String(port), "-U", source.user, "-d", connectionString(source)];
  const address: Record<string, string> = hostAddress === undefined ? {} : { PGHOSTADDR: hostAddress };
  return { tool, args: [...args, ...login], env: { ...env, ...address } };
}

/** The database, and what libpq takes from nowhere else: how soon a connection that a firewall dropped is noticed, in seconds. */
function connectionString(source: DatabaseUrl): string {
  const database = source.database.replace(/['\\]/g, "\\$&");
  return `dbname='${database}' keepalives_idle=30 keepalives_interval=10 keepalives_count=6`;
}

async function clientMajor(build: SourceBuild): Promise<number> {
  const { status, stdout, stderr } = await build.toolbox.run({ tool: "pg_dump", args: ["--version"] });
  if (status !== 0) throw dumpFailure(stderr);
  const major = Number(/ (\d+)/.exec(stdout)?.[1]);
  if (major < Number(majorOf(build.look.server))) throw dumpFailure("server version mismatch");
  return major;
}

function clientTooNew(build: SourceBuild, client: number): DittoError {
  return new DittoError(
    `Cannot dump the source: pg_dump ${client} writes what the copies' Postgres ${build.server.version} can't read`,
    {
      code: "CLIENT_TOO_NEW",
      hint: `Name an image of Postgres ${majorOf(build.server)} in dump.client_image, or one of ${client} in copy.image`,
    },
  );
}

/** The archive must hold no data of a table that leaves another way or not at all: patterns of pg_dump have failed silently. */
async function refuseForeignData(
  build: SourceBuild,
  chosen: Chosen,
  archive: { path: string; toc: Toc },
): Promise<void> {
  const forbidden = new Set(
    [...chosen.left, ...chosen.emptied, ...chosen.filtered.map(({ table }) => table)].map(quoteQualified),
  );
  for (const entry of archive.toc.entries) {
    if (entry.kind !== "TABLE DATA" || !forbidden.has(quoteQualified(entry))) continue;
    await build.toolbox.run({ tool: "rm", args: ["-rf", archive.path] });
    throw new DittoError(
      `Cannot go on: pg_dump took the rows of "${qualifiedName(entry)}" although they were excluded`,
      {
        code: "EXCLUSION_FAILED",
        hint: "The dump was deleted. Please report this with the table's definition",
      },
    );
  }
}

/** What can't be made without the tables that are left out goes with them, as do excluded extensions, and is said. */
async function withoutDependents(build: SourceBuild, chosen: Chosen, toc: Toc): Promise<{ list?: string }> {
  const { session, look } = build;
  const routines = await routinesOf(session, chosen.left);
  const names = [...chosen.dragged.map((view) => `${view.kind} ${qualifiedName(view)}`), ...routines.values()];
  if (names.length > 0) build.warn(`Left out as well, because they need tables that are left out: ${names.join(", ")}`);
  if (look.excludedExtensions.length > 0)
    build.warn(
      `Extensions that the base does without (dump.exclude_extensions): ${look.excludedExtensions.join(", ")}`,
    );
  const gone = entriesOfRoutines(toc, routines).union(await entriesOf(session, look.excludedExtensions, toc));
  if (gone.size === 0) return {};
  const list = `${build.workshop.work}/dump.list`;
  const written = await build.toolbox.run(
    { tool: "sh", args: ["-c", 'cat > "$1"', "sh", list] },
    { input: listWithout(toc, gone) },
  );
  if (written.status !== 0) throw restoreFailure("prepare the restore", written.stderr, "");
  return { list };
}

/** Rows of one table through ditto, as masks will take them: explicit columns, under the dump's snapshot. */
async function copyRows(build: SourceBuild, table: Table, condition: string, snapshot: string): Promise<TableRows> {
  const step = build.step(`Copy rows of ${qualifiedName(table)}`);
  const columns = table.columns
    .filter((column) => column.generated === "no")
    .map((column) => quoteIdentifier(column.name))
    .join(", ");
  const statement = `COPY (SELECT ${columns} FROM ONLY ${quoteQualified(table)} WHERE (${condition}\n)) TO STDOUT`;
  const reader = await build.toolbox.start(readerCommand(build, statement, snapshot));
  const { postgres } = await import("../../engine/postgres/index.ts");
  const client = postgres.adminClient(build.workshop.place, build.database, build.server);
  const env = rowsEnvironment(build.look.traits.encoding ?? "UTF8");
  const writer = await build.workshop.start({ ...client, env }, { input: "data" });
  await writer.stdin.write(`COPY ${quoteQualified(table)} (${columns}) FROM STDIN;\n`);
  const counter = new CopyCounter();
  let bytes = 0;
  for await (const chunk of reader.stdout) {
    counter.push(chunk);
    bytes += chunk.length;
    step.update({ bytes });
    await writer.stdin.write(chunk);
  }
  const read = await reader.done;
  // Only a complete stream is ended as one: a reader that died must not leave a table that looks whole.
  if (read.status !== 0) writer.kill("SIGKILL");
  else await writer.stdin.write("\\.\n");
  await writer.stdin.end();
  const written = await writer.done;
  if (read.status !== 0) throw dumpFailure(read.stderr);
  if (written.status !== 0)
    throw restoreFailure(`copy the rows of ${qualifiedName(table)}`, written.stderr, build.serverErrors());
  return { schema: table.schema, name: table.name, ...counter.result() };
}

function readerCommand(build: SourceBuild, statement: string, snapshot: string): ToolCommand {
  return sourceTool(build, "psql", [
    ...["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate"],
    ...[
      "-c",
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      "-c",
      `SET TRANSACTION SNAPSHOT '${snapshot}'`,
      "-c",
      statement,
    ],
  ]);
}
