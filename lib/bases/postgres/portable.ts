import { ADMIN, majorOf } from "../../engine/postgres/server.ts";
import type { Build, TableRows } from "../build.ts";
import { saveStream } from "../save.ts";
import { customRows } from "./archive.ts";
import { restoreFailure } from "./errors.ts";
import { rowsEnvironment } from "./session.ts";
import { encodingOf } from "./sql.ts";

/** Dumps the finished base into one file (pg_dump's custom format) on this host; the rows are counted from its bytes. */
export async function portableDump(build: Build, file: string): Promise<TableRows[]> {
  const step = build.step("Write the portable dump");
  const inside = `${build.workshop.work}/portable.dump`;
  const major = Number(majorOf(build.server));
  const args = [
    ...["--format=custom", `--file=${inside}`, "--no-sync", major >= 16 ? "--compress=zstd:1" : "--compress=1"],
    ...(major >= 18 ? ["--no-statistics"] : []),
    ...["-h", build.workshop.place.run, "-U", ADMIN, "-d", build.database],
  ];
  const dumped = await build.workshop.run({ tool: "pg_dump", args, env: rowsEnvironment(await encodingOf(build)) });
  if (dumped.status !== 0) throw restoreFailure("dump the base", dumped.stderr, build.serverErrors());
  const child = await build.workshop.start({ tool: "sh", args: ["-c", 'cat "$1" && rm -f "$1"', "sh", inside] });
  await saveStream(child.stdout, file, (bytes) => step.update({ bytes }));
  const { status, stderr } = await child.done;
  if (status !== 0) throw restoreFailure("save the dump", stderr, "");
  return customRows(file, build.watch?.());
}

/** The base's definitions as SQL. */
export async function schemaDump(build: Build): Promise<string> {
  const { status, stdout, stderr } = await build.workshop.run({
    tool: "pg_dump",
    args: ["--schema-only", "-h", build.workshop.place.run, "-U", ADMIN, "-d", build.database],
    env: rowsEnvironment(await encodingOf(build)),
  });
  if (status !== 0) throw restoreFailure("dump the schema", stderr, build.serverErrors());
  return stdout;
}
