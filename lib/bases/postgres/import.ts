import { randomBytes } from "node:crypto";
import { postgres } from "../../engine/postgres/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import { ADMIN } from "../../engine/postgres/server.ts";
import { DittoError, usageError } from "../../kit/errors.ts";
import type { Build, DumpFile } from "../build.ts";
import { openDump } from "../files.ts";
import { fileToc } from "./archive.ts";
import { loadThroughDriver } from "./driver.ts";
import { restoreFailure } from "./errors.ts";
import { localesFit } from "./fits.ts";
import { createDatabase, knowsRestrict, restoreSections } from "./restore.ts";
import { sql, withoutTools } from "./sql.ts";
import { SqlFilter } from "./sql-filter.ts";
import { databaseOf, databaseOfSql, type FileDatabase } from "./toc-database.ts";

/** Loads a dump or SQL file into the workshop's empty server. */
export async function fromFile(build: Build, file: DumpFile): Promise<void> {
  if (file.form === "sql" && build.selection.schemaOnly) {
    throw usageError(
      `Cannot load "${file.name}" without rows: it is plain SQL`,
      "Leave --schema-only out, or take a dump of pg_dump's custom or directory format",
    );
  }
  const { traits, properties } = await databaseIn(file);
  await localesFit(build, traits);
  await createDatabase(build, traits);
  if (withoutTools(build)) await loadThroughDriver(build, file, (roles) => makeRoles(build, roles));
  else if (file.form === "sql") await loadSql(build, file);
  else await loadArchive(build, file, properties);
  await dropForeignRoles(build);
}

/** What the file says of the database itself: it is made with it, not restored into another. */
async function databaseIn(file: DumpFile): Promise<FileDatabase> {
  if (file.form !== "sql") return databaseOf(await fileToc(file));
  const { stream } = await openDump(file);
  for await (const chunk of stream) return databaseOfSql(new TextDecoder().decode(chunk));
  return { traits: {}, properties: [] };
}

async function loadArchive(build: Build, file: DumpFile, properties: string[]): Promise<void> {
  const path = `${build.workshop.work}/dump`;
  await copyIn(build, file, path);
  const kept =
    build.selection.roles === "keep"
      ? properties
      : properties.filter((statement) => !/^(ALTER ROLE|GRANT|REVOKE) | OWNER TO /.test(statement));
  await makeRoles(build, await rolesOf(build, path, kept));
  if (kept.length > 0) await sql(build, kept.join("\n"));
  const before = build.serverErrors().length;
  const sections = build.selection.schemaOnly
    ? (["pre-data", "post-data"] as const)
    : (["pre-data", "data", "post-data"] as const);
  try {
    await restoreSections(build, sections, { path });
  } catch (error) {
    // The server had no part in it: the file itself can't be read on.
    if (build.serverErrors().length === before && (error as DittoError).code === "RESTORE_FAILED") {
      throw damaged(file, "it can't be read to its end");
    }
    throw error;
  }
  // Where it lies in memory it is needed for the rows.
  await build.workshop.run({ tool: "rm", args: ["-rf", path] });
}

/** Policies and user mappings name roles even where owners and grants are left out, and can't be made without them. */
async function rolesOf(build: Build, path: string, properties: string[]): Promise<Map<string, boolean>> {
  const printed = await build.workshop.run({ tool: "pg_restore", args: ["--schema-only", "-f", "-", path] });
  if (printed.status !== 0) throw restoreFailure("read the dump", printed.stderr, "");
  const filter = new SqlFilter();
  filter.push(new TextEncoder().encode(`${properties.join("\n")}\n${printed.stdout}`));
  filter.end();
  return filter.roles;
}

/** Makes the roles of a {@link SqlFilter}. */
async function makeRoles(build: Build, roles: Map<string, boolean>): Promise<void> {
  const statements = [...roles].map(
    ([role, superuser]) => ensureRole(role) + (superuser ? `ALTER ROLE ${quoteIdentifier(role)} SUPERUSER;\n` : ""),
  );
  if (statements.length > 0) await sql(build, statements.join(""));
}

async function copyIn(build: Build, file: DumpFile, archive: string): Promise<void> {
  const step = build.step(`Read ${file.name}`);
  const { stream, entries } = await openDump(file);
  const command = entries
    ? { tool: "sh", args: ["-c", 'mkdir -p "$1" && tar -C "$1" -xf -', "sh", archive] }
    : { tool: "sh", args: ["-c", 'cat > "$1"', "sh", archive] };
  const child = await build.workshop.start(command, { input: "data" });
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    step.update({ bytes });
    await child.stdin.write(chunk);
  }
  await child.stdin.end();
  const { status, stderr } = await child.done;
  if (status !== 0) throw restoreFailure(`read ${file.name}`, stderr, "");
}

async function loadSql(build: Build, file: DumpFile): Promise<void> {
  const step = build.step(`Load ${file.name}`);
  const { stream } = await openDump(file);
  const client = postgres.adminClient(build.workshop.place, build.database, build.server);
  // With a file, even if it is stdin, psql names lines in its errors.
  const reader = { ...client, args: [...client.args, "-f", "-"], env: { PGCLIENTENCODING: "UTF8" } };
  const child = await build.workshop.start(reader, { input: "data" });
  const version = (await build.workshop.run({ tool: "psql", args: ["--version"] })).stdout;
  const restricted = knowsRestrict(/\d+\.\d+/.exec(version)?.[0] ?? "");
  if (restricted) await child.stdin.write(`\\restrict ${randomBytes(16).toString("hex")}\n`);
  const filter = new SqlFilter();
  let bytes = 0;
  let failed: unknown;
  const write = async (pieces: Uint8Array[]) => {
    // In a session of their own: a statement of ours inside the file's text could end up inside one of its literals.
    await makeRoles(build, filter.takeRoles());
    if (!restricted && filter.commandAt > 0) throw holdsCommand(file, filter.commandAt, version.trim());
    for (const piece of pieces) await child.stdin.write(piece);
  };
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      step.update({ bytes });
      await write(filter.push(chunk));
    }
    await write(filter.end());
  } catch (error) {
    failed = error;
    child.kill("SIGKILL");
  }
  await child.stdin.end();
  const { status, stderr } = await child.done;
  if (failed) throw failed;
  const cut = filter.truncated();
  if (cut) throw damaged(file, cut);
  if (status !== 0)
    throw restoreFailure(`load ${file.name}${lineOf(stderr, restricted)}`, stderr, build.serverErrors());
  if (filter.statements === 0) throw damaged(file, "it holds no SQL statement");
}

/** An older psql can't be kept from running what a file tells it to. */
function holdsCommand(file: DumpFile, line: number, version: string): DittoError {
  return new DittoError(`Cannot load "${file.name}": line ${line} holds a command of psql's`, {
    code: "PSQL_COMMAND",
    hint: `Take what begins with a backslash out of the file, or use a newer minor version: "${version}" would run it, and psql from 18, 17.6, 16.10, 15.14, 14.19 and 13.22 on can be told not to`,
  });
}

/** Where psql stopped, by the file's own lines. */
function lineOf(stderr: string, restricted: boolean): string {
  const line = /^psql:<stdin>:(\d+): /m.exec(stderr)?.[1];
  return line === undefined ? "" : `, line ${Number(line) - (restricted ? 1 : 0)}`;
}

/** A statement that makes a role which a dump's owners and grants name; it can't log in. */
function ensureRole(role: string): string {
  return `DO $ditto$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteLiteral(role)}) THEN CREATE ROLE ${quoteIdentifier(role)} NOLOGIN; END IF; END $ditto$;\n`;
}

/** With `roles: drop` everything belongs to `ditto`; only roles that policies and user mappings name stay. */
async function dropForeignRoles(build: Build): Promise<void> {
  if (build.selection.roles === "keep") return;
  await sql(
    build,
    `DO $ditto$ DECLARE r record; BEGIN
FOR r IN SELECT oid, rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' AND rolname <> '${ADMIN}' LOOP
  EXECUTE pg_catalog.format('REASSIGN OWNED BY %I TO ${ADMIN}', r.rolname);
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE r.oid = ANY (p.polroles)) AND NOT EXISTS (SELECT FROM pg_catalog.pg_user_mappings u WHERE u.umuser = r.oid) THEN
    EXECUTE pg_catalog.format('DROP OWNED BY %I', r.rolname);
    EXECUTE pg_catalog.format('DROP ROLE %I', r.rolname);
  END IF;
END LOOP; END $ditto$`,
    build.database,
  );
}

function damaged(file: DumpFile, state: string): DittoError {
  return new DittoError(`Cannot load "${file.name}": ${state}`, {
    code: "DUMP_DAMAGED",
    hint: "Make the dump again, or copy it again completely; the previous base is untouched",
  });
}
