import type { ToolCommand } from "../../engine/index.ts";
import { postgres } from "../../engine/postgres/index.ts";
import { quoteIdentifier, quoteQualified } from "../../engine/postgres/quote.ts";
import type { Child } from "../../kit/exec.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";
import type { SourceBuild, TableRows } from "../build.ts";
import { openMaskStream } from "../mask-stream.ts";
import type { RowMask } from "../row-masks.ts";
import { CopyCounter } from "./copy-counter.ts";
import { dumpFailure, restoreFailure } from "./errors.ts";
import { rowsEnvironment } from "./session.ts";
import { sourceTool } from "./source-tool.ts";
import { wholeRows } from "./whole-rows.ts";

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
  // In the transaction that empties the table Postgres writes no WAL for its rows. Into an extension's table rows come in
  // addition to its own, and its keys stand already.
  const prepare =
    table.configuration === undefined
      ? `TRUNCATE ONLY ${quoteQualified(table)}`
      : "SET LOCAL session_replication_role = replica";
  await writer.stdin.write(`BEGIN;\n${prepare};\n`);
  await writer.stdin.write(`COPY ${quoteQualified(table)} (${columns.join(", ")}) FROM STDIN;\n`);
  let bytes = 0;
  const chunks = outputOf(reader, (more) => {
    bytes += more;
    step.update({ bytes });
  });
  const write = (rows: Uint8Array) => writer.stdin.write(rows);
  const sum = await (streamed.mask
    ? maskRows(chunks, { mask: streamed.mask, width: columns.length, write })
    : passRows(chunks, write)
  ).catch(async (error) => {
    // Only a complete stream is ended as one: a reader that died must not leave a table that looks whole.
    for (const child of [reader, writer]) child.kill("SIGKILL");
    await writer.stdin.end();
    await writer.done;
    throw error;
  });
  await writer.stdin.write("\\.\nCOMMIT;\n");
  await writer.stdin.end();
  const written = await writer.done;
  if (written.status !== 0)
    throw restoreFailure(`copy the rows of ${qualifiedName(table)}`, written.stderr, build.serverErrors());
  return { schema: table.schema, name: table.name, ...sum };
}

type Sum = Pick<TableRows, "rows" | "hash">;
type Write = (rows: Uint8Array) => Promise<void>;

async function passRows(chunks: AsyncIterable<Uint8Array>, write: Write): Promise<Sum> {
  const counter = new CopyCounter();
  for await (const chunk of chunks) {
    counter.push(chunk);
    await write(chunk);
  }
  return counter.result();
}

async function maskRows(
  chunks: AsyncIterable<Uint8Array>,
  { mask, width, write }: { mask: RowMask; width: number; write: Write },
): Promise<Sum> {
  const stream = openMaskStream(mask, { form: "copy", width }, write);
  const rows = wholeRows();
  try {
    for await (const chunk of chunks) {
      const whole = rows.push(chunk);
      if (whole) stream.push(whole);
      await stream.room();
    }
    const rest = rows.end();
    if (rest) stream.push(rest);
    const hash = await stream.end();
    return { rows: hash.rows, hash: hash.digest() };
  } finally {
    stream.close();
  }
}

/** Throws behind its last chunk when the reader failed. */
async function* outputOf(reader: Child, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of reader.stdout) {
    tell(chunk.length);
    yield chunk;
  }
  const { status, stderr } = await reader.done;
  if (status !== 0) throw dumpFailure(stderr);
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
