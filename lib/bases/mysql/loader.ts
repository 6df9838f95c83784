import { mysql } from "../../engine/mysql/index.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Child } from "../../kit/exec.ts";
import { qualifiedName, type Table } from "../../schema/model.ts";
import type { Build } from "../build.ts";
import { loadStatement, type RowColumn } from "./columns.ts";
import { buildFailure, reduceOutput } from "./errors.ts";
import type { LineWriter } from "./rows.ts";

/**
 * Loads tables one after the other through two processes in the workshop, however many tables there are: a client that
 * takes the statements, and a shell that feeds a named pipe, from which the client reads the lines.
 */
export interface Loader {
  /** Loads what `fill` writes into the table; resolves to the number of rows that the server took. */
  load(table: Table, columns: RowColumn[], fill: (write: LineWriter) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

/** What a server must be told before rows are loaded as they are, whatever it thinks of them. */
export const LOAD_SETTINGS = [
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
  "SET SESSION time_zone = '+00:00'",
  "SET SESSION foreign_key_checks = 0",
];

/** Reads `size newline bytes` over and over; a size of 0 ends the file. */
const FEEDER = `rm -f "$1"; mkfifo "$1"; echo ready
while read -r size; do
  { while [ "$size" -gt 0 ]; do head -c "$size"; read -r size || exit 1; done; } > "$1"
done
rm -f "$1"`;

/** Opens a loader for the build's database. */
export async function openLoader(build: Build): Promise<Loader> {
  const { workshop } = build;
  const pipe = `${workshop.place.run}/rows`;
  const feeder = await workshop.start({ tool: "sh", args: ["-c", FEEDER, "sh", pipe] }, { input: "data" });
  const feederLines = lineReader(feeder);
  await feederLines.next();
  const command = mysql.adminClient(workshop.place, build.database, build.server);
  const client = await workshop.start(
    { ...command, args: [...command.args, "--local-infile=1", "--unbuffered"] },
    { input: "data" },
  );
  const answers = lineReader(client);
  await client.stdin.write(`${LOAD_SETTINGS.join(";\n")};\n`);
  let failed: DittoError | undefined;
  let loading = false;
  // A client that ended early leaves the feeder at a pipe that nobody reads.
  const clientEnd = client.done.then(({ status, stderr }) => {
    if (status !== 0) failed = buildFailure("load the rows", reduceOutput(stderr, build.serverErrors()));
    feeder.kill();
  });

  return {
    async load(table, columns, fill) {
      const action = `load the rows of "${qualifiedName(table)}"`;
      const ended = clientEnd.then(() => {
        throw failed
          ? renamed(failed, action)
          : new DittoError(`Cannot ${action}: the client ended`, { code: "BUILD_FAILED" });
      });
      ended.catch(() => {});
      loading = true;
      await client.stdin.write(`${loadStatement(table, columns, pipe)};\nSELECT CONCAT('loaded ', ROW_COUNT());\n`);
      const write: LineWriter = (lines) =>
        Promise.race([ended, feeder.stdin.write(`${lines.length}\n`).then(() => feeder.stdin.write(lines))]);
      await fill(write);
      await Promise.race([ended, feeder.stdin.write("0\n")]);
      // The end of its output is the client's own end, whose status says why.
      const answer = (await Promise.race([ended, answers.next()])) ?? (await ended);
      loading = false;
      return Number(/^loaded (-?\d+)$/.exec(answer ?? "")?.[1] ?? -1);
    },
    async close() {
      // The feeder first: a client in the middle of a table waits for the end of its file, or even for its beginning.
      if (loading) await feeder.stdin.write("0\n");
      await feeder.stdin.end();
      await client.stdin.end();
      await clientEnd;
      await feeder.done;
      await workshop.run({ tool: "rm", args: ["-f", pipe] });
    },
  };
}

function renamed(error: DittoError, action: string): DittoError {
  const { code, hint } = error;
  const message = error.message.replace("load the rows", action);
  return new DittoError(message, { code, ...(hint === undefined ? {} : { hint }) });
}

/** A child's output, line by line. */
function lineReader(child: Child): { next(): Promise<string | undefined> } {
  const lines = (async function* () {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  })();
  return { next: async () => (await lines.next()).value as string | undefined };
}
