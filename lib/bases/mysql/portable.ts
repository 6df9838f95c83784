import { rm } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { adminArguments, toolNames } from "../../engine/mysql/tools.ts";
import { isMysql } from "../../engine/mysql/version.ts";
import { readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { Build, TableRows } from "../build.ts";
import { saveStream } from "../save.ts";
import { withWorkshopSession } from "./admin.ts";
import { terminated } from "./ddl.ts";
import { DumpReader } from "./dump-reader.ts";
import { buildFailure, reduceOutput } from "./errors.ts";
import { joinParts } from "./parts.ts";
import { rewriteDefiner } from "./rewrite.ts";
import { StatementSplitter } from "./statements.ts";

/** Dumps the finished base into one gzip file on this host, for `zcat | mysql`; rows and hashes are taken as they pass. */
export async function portableDump(build: Build, file: string): Promise<TableRows[]> {
  const step = build.step("Write the portable dump");
  const reader = new DumpReader(await withWorkshopSession(build, readMysqlTables), build.watch?.());
  const { args, tool } = dumpCommand(build, [
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--complete-insert",
    "--max-allowed-packet=1G",
  ]);
  const child = await build.workshop.start({ tool, args });
  const filtered = Readable.from(passing(child.stdout, reader), { objectMode: false, highWaterMark: 1 << 20 });
  // Speed over size: the file is read back from a local disk.
  const packed = pipeline(filtered, createGzip({ level: 1, chunkSize: 1 << 18 }), () => {});
  try {
    await saveStream(packed as unknown as AsyncIterable<Uint8Array>, file, (bytes) => step.update({ bytes }));
    const { status, stderr } = await child.done;
    if (status !== 0 || !reader.complete)
      throw buildFailure("dump the base", reduceOutput(stderr, build.serverErrors()));
  } catch (error) {
    child.kill();
    await rm(file, { force: true });
    throw error;
  }
  return reader.rows();
}

async function* passing(stream: AsyncIterable<Uint8Array>, reader: DumpReader): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield joinParts(reader.push(chunk));
  yield joinParts(reader.end());
}

function dumpCommand({ server, workshop, database }: Build, options: string[]): { tool: string[]; args: string[] } {
  return {
    tool: toolNames(server, "dump"),
    args: [
      ...adminArguments(workshop.place),
      ...[
        "--routines",
        "--events",
        "--triggers",
        "--no-tablespaces",
        "--default-character-set=utf8mb4",
        "--skip-dump-date",
      ],
      ...(isMysql(server) ? ["--set-gtid-purged=OFF"] : []),
      ...(isMysql(server, "8.0") ? ["--column-statistics=0"] : []),
      ...options,
      database,
    ],
  };
}

/** The base's definitions as SQL, without rows. */
export async function schemaDump(build: Build): Promise<string> {
  const { tool, args } = dumpCommand(build, ["--no-data", "--skip-lock-tables", "--skip-add-locks"]);
  const { status, stdout, stderr } = await build.workshop.run({ tool, args });
  if (status !== 0) throw buildFailure("dump the schema", reduceOutput(stderr, build.serverErrors()));
  const statements: string[] = [];
  const splitter = new StatementSplitter({
    begin: () => "hold",
    pass: () => {},
    statement: (text, delimiter) => statements.push(terminated(rewriteDefiner(text, "CURRENT_USER"), delimiter)),
  });
  splitter.push(new TextEncoder().encode(stdout));
  splitter.end();
  return statements.join("");
}
