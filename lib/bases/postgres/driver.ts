import { quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import { DittoError } from "../../kit/errors.ts";
import { holdsRows } from "../../schema/model.ts";
import type { Build, DumpFile, TableRows } from "../build.ts";
import { openDump } from "../files.ts";
import { inspect } from "./inspect.ts";
import { sql, withoutTools } from "./sql.ts";
import { SqlFilter } from "./sql-filter.ts";

/** The file is one message to the server, and stands in memory twice on its way. */
const LARGEST_FILE = 128 * 1024 ** 2;

/** Loads plain SQL into the base's database. Throws `CLIENT_MISSING` for what only psql and pg_restore can read. */
export async function loadThroughDriver(
  build: Build,
  file: DumpFile,
  makeRoles: (roles: Map<string, boolean>) => Promise<void>,
): Promise<void> {
  const step = build.step(`Load ${file.name}`);
  if (file.form !== "sql") throw needsTools(build, file, `is an archive of pg_dump's, which only pg_restore reads`);
  const filter = new SqlFilter();
  const { stream } = await openDump(file);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > LARGEST_FILE) throw needsTools(build, file, "is larger than 128 MB, which only psql can load");
    pieces.push(...filter.push(chunk));
    step.update({ bytes });
  }
  pieces.push(...filter.end());
  if (filter.copies > 0) throw needsTools(build, file, "holds rows as COPY, which only psql can load");
  const broken = filter.truncated() ?? (filter.statements === 0 ? "it holds no SQL statement" : undefined);
  if (broken !== undefined) {
    throw new DittoError(`Cannot load "${file.name}": ${broken}`, {
      code: "DUMP_DAMAGED",
      hint: "Make the dump again, or copy it again completely; the previous base is untouched",
    });
  }
  await makeRoles(filter.takeRoles());
  const text = Buffer.concat(pieces).toString("utf8");
  await sql(build, text, build.database, `load ${file.name}`);
}

/** The number of rows of every table of a base that can't be dumped here, without hashes, which are those of a dump's bytes. */
export async function rowsWithoutDump(build: Build): Promise<TableRows[] | undefined> {
  if (!withoutTools(build)) return undefined;
  const { tables } = await inspect(build);
  const counts = tables
    .filter(holdsRows)
    .map(
      (table) =>
        `SELECT ${quoteLiteral(table.schema)}, ${quoteLiteral(table.name)}, count(*) FROM ONLY ${quoteQualified(table)}`,
    );
  if (counts.length === 0) return [];
  const text = `SELECT jsonb_agg(jsonb_build_object('schema', s, 'name', n, 'rows', c)) FROM (${counts.join(" UNION ALL ")}) AS q (s, n, c)`;
  const rows = JSON.parse(await sql(build, text, build.database, "count the rows")) as Omit<TableRows, "hash">[];
  return rows.map((row) => ({ ...row, hash: "" }));
}

function needsTools(build: Build, file: DumpFile, state: string): DittoError {
  const major = /^\d+/.exec(build.server.version)?.[0] ?? "";
  return new DittoError(`Cannot load "${file.name}": it ${state}, and this host has no client tools of Postgres`, {
    code: "CLIENT_MISSING",
    hint: `Install them (Debian's package is "postgresql-client-${major}"), use --runtime docker, or dump with "pg_dump --inserts"`,
  });
}
