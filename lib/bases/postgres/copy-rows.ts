import type { ToolCommand } from "../../engine/index.ts";
import { postgres } from "../../engine/postgres/index.ts";
import { quoteIdentifier, quoteQualified } from "../../engine/postgres/quote.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";
import type { SourceBuild, TableRows } from "../build.ts";
import type { RowMask } from "../row-masks.ts";
import { CopyCounter } from "./copy-counter.ts";
import { CopyMask } from "./copy-mask.ts";
import { dumpFailure, restoreFailure } from "./errors.ts";
import { rowsEnvironment } from "./session.ts";
import { sourceTool } from "./source-tool.ts";

/** A table whose rows go through ditto. */
export interface StreamedTable {
  table: Table;
  /** Only such rows. */
  condition: string | undefined;
  mask: RowMask | undefined;
}

/** Copies the rows of one table under the dump's snapshot, by explicit columns, masked on their way; resolves to what went into the base. */
export async function copyRows(build: SourceBuild, streamed: StreamedTable, snapshot: string): Promise<TableRows> {
  const { table } = streamed;
  const step = build.step(`Copy rows of ${qualifiedName(table)}`, table.bytes);
  const columns = table.columns.filter(({ generated }) => generated === "no").map(({ name }) => quoteIdentifier(name));
  const reader = await build.toolbox.start(readerCommand(build, selectRows(streamed), snapshot));
  const client = postgres.adminClient(build.workshop.place, build.database, build.server);
  const env = rowsEnvironment(build.look.traits.encoding ?? "UTF8");
  const writer = await build.workshop.start({ ...client, env }, { input: "data" });
  // In the transaction that empties the table Postgres writes no WAL for its rows.
  await writer.stdin.write(`BEGIN;\nTRUNCATE ONLY ${quoteQualified(table)};\n`);
  await writer.stdin.write(`COPY ${quoteQualified(table)} (${columns.join(", ")}) FROM STDIN;\n`);
  const counter = new CopyCounter();
  const mask = streamed.mask && new CopyMask(streamed.mask, columns.length);
  let bytes = 0;
  for await (const chunk of reader.stdout) {
    const rows = mask ? mask.push(chunk) : chunk;
    counter.push(rows);
    bytes += chunk.length;
    step.update({ bytes });
    await writer.stdin.write(rows);
  }
  const read = await reader.done;
  // Only a complete stream is ended as one: a reader that died must not leave a table that looks whole.
  if (read.status !== 0) writer.kill("SIGKILL");
  else await writer.stdin.write("\\.\nCOMMIT;\n");
  await writer.stdin.end();
  const written = await writer.done;
  if (read.status !== 0) throw dumpFailure(read.stderr);
  if (written.status !== 0)
    throw restoreFailure(`copy the rows of ${qualifiedName(table)}`, written.stderr, build.serverErrors());
  mask?.end();
  return { schema: table.schema, name: table.name, ...counter.result() };
}

function selectRows({ table, condition, mask }: StreamedTable): string {
  const columns = table.columns
    .filter(({ generated }) => generated === "no")
    .map(({ name }) => mask?.selected.get(name) ?? quoteIdentifier(name));
  const where = condition === undefined ? "" : ` WHERE (${condition}\n)`;
  return `SELECT ${[...columns, ...(mask?.flags ?? [])].join(", ")} FROM ONLY ${quoteQualified(table)}${where}`;
}

function readerCommand(build: SourceBuild, select: string, snapshot: string): ToolCommand {
  const statements = [
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    `SET TRANSACTION SNAPSHOT '${snapshot}'`,
    `COPY (${select}) TO STDOUT`,
  ];
  return sourceTool(build, "psql", [
    ...["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate"],
    ...statements.flatMap((statement) => ["-c", statement]),
  ]);
}
