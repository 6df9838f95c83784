import { mysql } from "../../engine/mysql/index.ts";
import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { buildBrackets } from "../../engine/mysql/settings.ts";
import { DittoError } from "../../kit/errors.ts";
import { readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { Build, DumpFile } from "../build.ts";
import { openDump } from "../files.ts";
import { sql, withWorkshopSession } from "./admin.ts";
import { passwordWarning } from "./connections.ts";
import { buildFailure, reduceOutput } from "./errors.ts";
import { FileFilter, foreign } from "./file-filter.ts";
import { joinParts } from "./parts.ts";
import { createDatabase } from "./prepare.ts";

/** Loads an SQL file into the build's database, through a client that knows no commands but DELIMITER. */
export async function fromFile(build: Build, file: DumpFile): Promise<void> {
  if (file.form !== "sql") throw foreign(file, "a dump of Postgres'");
  const step = build.step(`Load ${file.name}`);
  await createDatabase(build);
  const { begin } = buildBrackets(build.server);
  if (begin.length > 0) await sql(build, `${begin.join(";\n")};\n`);
  const filter = new FileFilter(file.name, { schemaOnly: build.selection.schemaOnly, disarms: build.disarms });
  const command = mysql.adminClient(build.workshop.place, build.database, build.server);
  const client = await build.workshop.start(command, { input: "data" });
  let ended = false;
  const done = client.done.finally(() => {
    ended = true;
  });
  const drained = new Response(client.stdout).arrayBuffer();
  let bytes = 0;
  try {
    const { stream } = await openDump(file);
    for await (const chunk of stream) {
      // The client's own error says more than the pipe that it left.
      if (ended) break;
      await Promise.race([client.stdin.write(joinParts(filter.push(chunk))), done]);
      bytes += chunk.length;
      step.update({ bytes });
    }
    if (!ended) await client.stdin.write(joinParts(filter.end()));
  } catch (error) {
    client.kill();
    throw error;
  } finally {
    await client.stdin.end();
  }
  const [{ status, stderr }] = await Promise.all([done, drained]);
  if (status !== 0) throw loadFailure(build, file, stderr);
  if (filter.disarmed.length > 0) build.warn(passwordWarning(filter.disarmed));
  await refuseNothing(build, file);
}

function loadFailure(build: Build, file: DumpFile, stderr: string): DittoError {
  const error = reduceOutput(stderr, build.serverErrors());
  const line = /at line (\d+)/.exec(stderr)?.[1];
  const where = line === undefined ? "" : ` near line ${line} (comments not counted)`;
  return buildFailure(`load "${file.name}"${where}`, error);
}

async function refuseNothing(build: Build, file: DumpFile): Promise<void> {
  const { tables } = await withWorkshopSession(build, readMysqlTables);
  if (tables.length > 0) return;
  throw new DittoError(`Cannot load "${file.name}": it made no table in database ${quoteIdentifier(build.database)}`, {
    code: "DUMP_EMPTY",
    hint: "Check that it is a dump of one database; the previous base is untouched",
  });
}
