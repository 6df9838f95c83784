import type { MysqlSession } from "../../engine/mysql/connect.ts";
import { mysql } from "../../engine/mysql/index.ts";
import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { buildBrackets } from "../../engine/mysql/settings.ts";
import { DittoError } from "../../kit/errors.ts";
import { qualifiedName, type Schema, type Table } from "../../schema/model.ts";
import { readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { SourceBuild, TableRows, Transferred } from "../build.ts";
import { countAgain, tablesToCount } from "../recount.ts";
import type { RowMasks } from "../row-masks.ts";
import { type Chosen, choose } from "../selection.ts";
import { sql } from "./admin.ts";
import { rowColumns } from "./columns.ts";
import { passwordWarning } from "./connections.ts";
import { dumpDdl, type SourceDdl } from "./ddl.ts";
import { buildFailure, reduceDriverError, reduceOutput, sourceFailure } from "./errors.ts";
import { openIndexer } from "./indexer.ts";
import { deferKeys } from "./keys.ts";
import { openLoader } from "./loader.ts";
import { setLockWait } from "./look.ts";
import { compareObjects } from "./objects.ts";
import { createDatabase, definitionSettings, loadTimeZones } from "./prepare.ts";
import { readRows } from "./rows.ts";
import { warnOfTables } from "./warnings.ts";

/** Dumps the source under one snapshot into the workshop's server: definitions, rows, then what sees rows. */
export async function fromSource(build: SourceBuild): Promise<Transferred> {
  const session = build.session as MysqlSession;
  build.step("Read the definitions");
  await setLockWait(session, build.lockWaitMs);
  await session.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  const schema = await readMysqlTables(session);
  const chosen = choose(schema, build.selection);
  const masks = await build.review({ schema, chosen });
  await warnOfTables(build, chosen);
  const ddl = await dumpDdl(build, chosen.left);
  if (ddl.disarmed.length > 0) build.warn(passwordWarning(ddl.disarmed));
  await createDatabase(build, build.look.traits);
  await loadTimeZones(build);
  await begin(build);
  const alters = await createTables(build, ddl, schema);
  const rows = build.selection.schemaOnly ? [] : await copyRows(build, { session, chosen, alters, masks });
  const counted = build.recount ? await countSource(build, session, chosen) : [];
  await session.query("COMMIT");
  await build.guest.release();
  await raiseCounters(build, masks);
  await createObjects(build, ddl, chosen);
  return { rows, schema, counted };
}

async function countSource(build: SourceBuild, session: MysqlSession, chosen: Chosen): Promise<Transferred["counted"]> {
  if (build.selection.schemaOnly) return [];
  build.step("Count the source again");
  const counted: Transferred["counted"] = [];
  for (const rows of tablesToCount(chosen)) {
    await session.query("SAVEPOINT ditto");
    counted.push(await countAgain(session, { ...rows, from: quoteIdentifier(rows.table.name) }));
    await session.query("ROLLBACK TO SAVEPOINT ditto");
  }
  return counted;
}

async function begin(build: SourceBuild): Promise<void> {
  const statements = buildBrackets(build.server).begin;
  if (statements.length > 0) await sql(build, `${statements.join(";\n")};\n`);
}

/** Makes the tables; resolves to the statements that complete them when their rows are there. */
async function createTables(build: SourceBuild, ddl: SourceDdl, schema: Schema): Promise<Map<string, string>> {
  const alters = new Map<string, string>();
  const byName = new Map(schema.tables.map((table) => [table.name, table]));
  const statements = ddl.before.map((statement) => {
    const name = /^CREATE TABLE `((?:[^`]|``)+)` \(\n/.exec(statement)?.[1]?.replaceAll("``", "`");
    const table = name === undefined ? undefined : byName.get(name);
    if (table === undefined || build.selection.schemaOnly) return statement;
    const { create, alter } = deferKeys(statement, table, schema);
    if (alter !== undefined) alters.set(table.name, alter);
    return create;
  });
  const script = `${definitionSettings(build)}${statements.join(";\n")};\n`;
  await sql(build, script, { database: build.database, action: "make the tables" });
  return alters;
}

interface RowPlan {
  session: MysqlSession;
  chosen: Chosen;
  alters: Map<string, string>;
  masks: RowMasks;
}

async function copyRows(build: SourceBuild, plan: RowPlan): Promise<TableRows[]> {
  const conditions = new Map(plan.chosen.filtered.map(({ table, condition }) => [table, condition]));
  const tables = [...plan.chosen.whole, ...conditions.keys()].filter(({ kind }) => kind === "table");
  const step = build.step(
    "Copy the rows",
    tables.reduce((sum, table) => sum + table.bytes, 0),
  );
  const loader = await openLoader(build);
  const indexer = openIndexer(build);
  const done: TableRows[] = [];
  let bytes = 0;
  try {
    // Big tables first: their keys are built while the next are loaded.
    for (const table of tables.sort((a, b) => b.bytes - a.bytes)) {
      const tell = (more: number) => {
        bytes += more;
        step.update({ bytes, note: table.name });
      };
      build.guest.reading(table);
      const rows = await copyTable(plan, { table, condition: conditions.get(table), loader, tell });
      build.guest.reading(undefined);
      done.push(rows);
      indexer.add(plan.alters.get(table.name));
    }
    for (const { name } of plan.chosen.emptied) indexer.add(plan.alters.get(name));
    await indexer.done();
  } finally {
    await loader.close();
  }
  return done.sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
}

interface TableJob {
  table: Table;
  condition: string | undefined;
  loader: Awaited<ReturnType<typeof openLoader>>;
  tell(bytes: number): void;
}

async function copyTable(plan: RowPlan, job: TableJob): Promise<TableRows> {
  const { table, condition, loader } = job;
  const { session } = plan;
  const mask = plan.masks.get(qualifiedName(table));
  const columns = rowColumns(table, mask?.selected);
  let read: TableRows | undefined;
  // As mysqldump does: the table's metadata lock goes with the savepoint, so that an ALTER waits for one table only.
  await session.query("SAVEPOINT ditto");
  const loaded = await loader.load(table, columns, async (write) => {
    read = await readRows(session, table, {
      columns,
      condition,
      mask,
      async write(lines) {
        await write(lines);
        job.tell(lines.length);
      },
    }).catch((error) => {
      if (error instanceof DittoError) throw error;
      throw sourceFailure(`read the rows of "${qualifiedName(table)}"`, reduceDriverError(error));
    });
  });
  await session.query("ROLLBACK TO SAVEPOINT ditto");
  if (read === undefined || read.rows !== loaded)
    throw refused(table, { read: read?.rows ?? 0, loaded, isMasked: mask !== undefined });
  return read;
}

function refused(
  table: Table,
  { read, loaded, isMasked }: { read: number; loaded: number; isMasked: boolean },
): DittoError {
  return new DittoError(
    `Cannot load the rows of "${qualifiedName(table)}": ${read} were read and the server took ${loaded}`,
    {
      code: "ROWS_REFUSED",
      hint: isMasked
        ? 'The others, masked, break a unique key or a CHECK constraint: "strategy: hash" tells apart what differs in its accents alone. Or leave the table\'s rows out (dump.exclude_table_data)'
        : "The others break a unique key or a CHECK constraint that the source does not enforce; repair them there, or leave the table's rows out (dump.exclude_table_data)",
    },
  );
}

/**
 * Lets AUTO_INCREMENT begin above the ranges that numbers were drawn from, so that the next row finds a free one; above a range
 * that ends where the type does there is none, and it begins above the greatest number drawn, which 1 means.
 */
async function raiseCounters(build: SourceBuild, masks: RowMasks): Promise<void> {
  const statements = [...masks.values()].flatMap(({ table, ranges }) =>
    ranges.flatMap(({ column, greatest, isFull }) => {
      const counted = table.columns.some(({ name, identity }) => name === column && identity === "auto_increment");
      const next = isFull ? 1 : greatest + 1;
      return counted ? [`ALTER TABLE ${quoteIdentifier(table.name)} AUTO_INCREMENT = ${next};\n`] : [];
    }),
  );
  if (statements.length > 0)
    await sql(build, statements.join(""), { database: build.database, action: "set the counters" });
}

/** Makes what sees rows, now that they are there, and compares what is there with the source. */
async function createObjects(build: SourceBuild, ddl: SourceDdl, chosen: Chosen): Promise<void> {
  build.step("Make views, routines, triggers and events");
  const client = mysql.adminClient(build.workshop.place, build.database, build.server);
  const { status, stderr } = await build.workshop.run(client, { input: ddl.after });
  if (status !== 0)
    throw buildFailure("make views, routines, triggers and events", reduceOutput(stderr, build.serverErrors()));
  await compareObjects(build, chosen);
}
