import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quotePattern, quoteQualified } from "../../engine/postgres/quote.ts";
import { majorOf } from "../../engine/postgres/server.ts";
import { DittoError, messageOf } from "../../kit/errors.ts";
import { qualifiedName, type Schema, type Table } from "../../schema/model.ts";
import { readPostgresRelations, readPostgresTables } from "../../schema/postgres/read.ts";
import type { SourceBuild, TableRows, Transferred } from "../build.ts";
import { countAgain, tablesToCount } from "../recount.ts";
import type { RowMasks } from "../row-masks.ts";
import { type Chosen, choose } from "../selection.ts";
import { sendTlsFiles } from "../tls-files.ts";
import { directoryRows, directoryToc } from "./archive.ts";
import { copyRows, type StreamedTable } from "./copy-rows.ts";
import { entriesOfRoutines, listWithout, routinesOf } from "./dependents.ts";
import { dumpFailure, recoveryConflict, restoreFailure } from "./errors.ts";
import { entriesOf, tablesOf } from "./extensions.ts";
import { copiesOf, watchCopies } from "./progress.ts";
import { createDatabase, restoreSections } from "./restore.ts";
import { createRoles, databaseProperties } from "./roles.ts";
import { MOVED_SEQUENCES, raiseSequences } from "./sequences.ts";
import { carryServerSettings } from "./settings.ts";
import { sourceTool } from "./source-tool.ts";
import { sql } from "./sql.ts";
import { rebuildVectors } from "./text-vectors.ts";
import type { Toc } from "./toc.ts";

/** Dumps the source under one snapshot and restores it: unmasked tables by pg_dump, filtered ones by COPY through ditto. */
export async function fromSource(request: SourceBuild): Promise<Transferred> {
  const { session } = request;
  const tls = await sendTlsFiles(request.source, request.toolbox);
  const build = { ...request, source: { ...request.source, params: { ...request.source.params, ...tls.paths } } };
  const schema = await openSnapshot(build);
  try {
    const chosen = choose(schema, build.selection);
    const masks = await build.review({ schema, chosen });
    const streamed = streamedTables(chosen, masks);
    const [{ snapshot } = { snapshot: "" }] = await session.query<{ snapshot: string }>(
      "SELECT pg_export_snapshot() AS snapshot",
    );
    const path = `${build.workshop.work}/dump`;
    await pgDump(build, { chosen, streamed }, { snapshot, path });
    const toc = await directoryToc(build.toolbox, path);
    await refuseForeignData(build, [...chosen.left, ...chosen.emptied, ...streamed.map(({ table }) => table)], {
      path,
      toc,
    });
    const archive = { path, bytes: build.look.bytes, ...(await withoutDependents(build, chosen, toc)) };
    const properties = await databaseProperties(session, { ...build, roles: build.selection.roles });
    await carryServerSettings(build, build.look.traits);
    await createDatabase(build, build.look.traits);
    await createRoles(build, session);
    // Before the rest, as pg_restore --create does: materialized views are computed with them.
    if (properties.length > 0) await sql(build, properties.join("\n"));
    const copied: TableRows[] = [];
    if (streamed.length > 0 && !build.selection.schemaOnly) {
      await restoreSections(build, ["pre-data"], archive);
      for (const rows of streamed) copied.push(await copyRows(build, rows, snapshot));
    }
    const counted = build.recount ? await countSource(build, chosen) : [];
    await session.query("COMMIT");
    await build.guest.release();
    await tls.forget();
    // In one run pg_restore fills the tables that it has just made, and Postgres then writes no WAL for their rows.
    const rest = copied.length > 0 ? (["data", "post-data"] as const) : (["pre-data", "data", "post-data"] as const);
    const [read] = await Promise.all([directoryRows(build.toolbox, path), restoreSections(build, rest, archive)]);
    const moved = await raiseSequences(build, masks);
    const rebuilt = new Set((await rebuildVectors(build, masks)).map(qualifiedName));
    const rows = [...read, ...copied].map((table) =>
      rebuilt.has(qualifiedName(table)) ? { ...table, hash: "" } : table,
    );
    return { rows: [...rows, ...(moved ? [MOVED_SEQUENCES] : withoutPosition(build))], schema, counted };
  } catch (error) {
    // A standby may end the session that holds the snapshot first, and then the tools fail for want of it.
    const session = await build.session.query("SELECT").then(() => "", messageOf);
    const { code = "" } = error as { code?: string };
    throw recoveryConflict(`${messageOf(error)} ERROR: ${code} ${session}`) ?? error;
  } finally {
    await session.query("ROLLBACK").catch(() => {});
  }
}

async function countSource(build: SourceBuild, chosen: Chosen): Promise<Transferred["counted"]> {
  if (build.selection.schemaOnly) return [];
  build.step("Count the source again");
  const counted: Transferred["counted"] = [];
  for (const rows of tablesToCount(chosen)) {
    counted.push(await countAgain(build.session, { ...rows, from: `ONLY ${quoteQualified(rows.table)}` }));
  }
  return counted;
}

/** On a replica the sequences of unlogged tables have no position, which on the base they have. */
function withoutPosition({ look }: SourceBuild): TableRows[] {
  return look.role === "replica" && look.traits.unlogged ? [MOVED_SEQUENCES] : [];
}

/**
 * A transaction that sees one moment. Locks come before its snapshot and the catalog is read after, so that neither
 * TRUNCATE nor ADD COLUMN comes between; a table made in the meantime starts it again.
 */
async function openSnapshot(build: SourceBuild): Promise<Schema> {
  const { session } = build;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const before = await readPostgresRelations(session);
    const locked = lockable(before, choose(before, build.selection));
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await lock(session, locked, build.lockWaitMs);
    const schema = await readPostgresTables(session);
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
  const { left, emptied, filtered, whole } = chosen;
  const held = new Set([...emptied, ...filtered.map(({ table }) => table), ...whole]);
  const isParent = (table: Table) => table.kind === "partitioned" && table.extension === "" && !left.includes(table);
  return schema.tables.filter((table) => held.has(table) || isParent(table));
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

/** Tables whose rows don't go through pg_dump: only some of them are taken, or rules change them. */
function streamedTables(chosen: Chosen, masks: RowMasks): StreamedTable[] {
  const whole = chosen.whole.map((table) => ({ table, condition: undefined }));
  return [...whole, ...chosen.filtered].flatMap(({ table, condition }) => {
    const mask = masks.get(qualifiedName(table));
    return condition === undefined && mask === undefined
      ? []
      : [{ table, condition: condition ?? table.configuration, mask }];
  });
}

async function pgDump(
  build: SourceBuild,
  { chosen, streamed }: { chosen: Chosen; streamed: StreamedTable[] },
  { snapshot, path }: { snapshot: string; path: string },
): Promise<void> {
  const client = await clientMajor(build);
  if (client > Number(majorOf(build.server))) throw clientTooNew(build, client);
  const step = build.step("Dump", build.look.bytes);
  const names = (tables: { schema: string; name: string }[], flag: string) =>
    tables.map((table) => `${flag}=${quotePattern(table)}`);
  const { excludedExtensions } = build.look;
  // Before 17 pg_dump can't leave an extension out: its tables' rows go here, its own entry before the restore.
  const ofExtensions =
    client < 17 && excludedExtensions.length > 0 ? await tablesOf(build.session, excludedExtensions) : [];
  const args = [
    ...[
      "--format=directory",
      `--file=${path}`,
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
    ...names([...chosen.emptied, ...streamed.map(({ table }) => table), ...ofExtensions], "--exclude-table-data"),
    ...(client >= 17 ? excludedExtensions.map((name) => `--exclude-extension=${quoteIdentifier(name)}`) : []),
    ...(build.selection.schemaOnly ? ["--schema-only"] : await largeObjectFlags(build, client)),
  ];
  const child = await build.toolbox.start(sourceTool(build, "pg_dump", args));
  const watch = watchCopies(copiesOf(build.session), (bytes) => step.update({ bytes }));
  const { status, stderr } = await child.done;
  await watch.stop();
  if (status !== 0) throw dumpFailure(stderr);
}

/** Large objects hold anything, and no rule can name them. */
async function largeObjectFlags({ session, selection, warn }: SourceBuild, client: number): Promise<string[]> {
  if (selection.largeObjects === "keep") return [];
  const [{ number } = { number: 0 }] = await session.query<{ number: number }>(
    "SELECT count(*)::int AS number FROM pg_largeobject_metadata",
  );
  if (number > 0) warn(`Left out: ${number} large objects (obfuscation.large_objects: drop)`);
  return [client >= 16 ? "--no-large-objects" : "--no-blobs"];
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
  excluded: Table[],
  archive: { path: string; toc: Toc },
): Promise<void> {
  const forbidden = new Set(excluded.map(quoteQualified));
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
