import type { Session } from "../../engine/index.ts";
import { quoteLiteral } from "../../engine/mysql/quote.ts";
import { TRAIT_SETTINGS } from "../../engine/mysql/settings.ts";
import { isMariadb } from "../../engine/mysql/version.ts";
import { DittoError } from "../../kit/errors.ts";
import type { Schema, Table } from "../../schema/model.ts";
import { catalog } from "../../schema/mysql/catalog.ts";
import { type MysqlTables, readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { Build, PrivilegeQuestion, Selection, SourceLook } from "../build.ts";
import { type MissingPrivilege, refuseMissing, shorten } from "../privileges.ts";
import { type Chosen, choose } from "../selection.ts";
import { withWorkshopSession } from "./admin.ts";
import { hiddenRoutines, missingOnDatabase, missingOnTables, seesEveryTable } from "./privileges.ts";

/** What the source is, and proof that the user may read all of it: dump tools leave out silently what they may not see. */
export async function look(session: Session, selection: Selection, lockWaitMs: number): Promise<SourceLook> {
  if (session.database === "") {
    throw new DittoError("Cannot read the source: the URL names no database", {
      code: "DATABASE_MISSING",
      exit: 2,
      hint: "Write the database's name at the end of the URL: mysql://user@host:3306/database",
    });
  }
  if (!(await seesEveryTable(session))) refuseMissing(await missingOnDatabase(session, session.database));
  const picked = await readChosen(session, selection, lockWaitMs);
  const { schema, chosen, taken } = picked;
  refuseMissing(await missingOnChosen(session, picked));
  await proveRoutines(session);
  const read = [...chosen.whole, ...chosen.filtered.map(({ table }) => table)];
  const variables = await readVariables(session);
  return {
    server: session.server,
    database: session.database,
    bytes: selection.schemaOnly ? 0 : read.reduce((sum, table) => sum + table.bytes, 0),
    role: variables.read_only === "ON" || variables.super_read_only === "ON" ? "replica" : "primary",
    traits: { ...variables, ...(await readTraits(session, schema, taken)) },
    extensions: [],
    excludedExtensions: [],
  };
}

/** MariaDB's catalog opens tables, and waits for whoever alters them. */
export async function setLockWait(session: Session, lockWaitMs: number): Promise<void> {
  await session.query(`SET SESSION lock_wait_timeout = ${Math.max(1, Math.ceil(lockWaitMs / 1000))}`);
}

/** What the user lacks to dump the database; one that may not enter it has a session without a database. */
export async function missingPrivileges(
  session: Session,
  { database, selection, lockWaitMs }: PrivilegeQuestion,
): Promise<MissingPrivilege[]> {
  if (session.database === "" || !(await seesEveryTable(session))) return missingOnDatabase(session, database);
  return missingOnChosen(session, await readChosen(session, selection, lockWaitMs));
}

interface Picked {
  schema: MysqlTables;
  chosen: Chosen;
  /** Tables whose definition is taken. */
  taken: Table[];
}

async function readChosen(session: Session, selection: Selection, lockWaitMs: number): Promise<Picked> {
  await setLockWait(session, lockWaitMs);
  const schema = await readMysqlTables(session);
  const chosen = choose(schema, selection);
  const left = new Set(chosen.left);
  return { schema, chosen, taken: schema.tables.filter((table) => !left.has(table)) };
}

function missingOnChosen(session: Session, { schema, chosen, taken }: Picked): Promise<MissingPrivilege[]> {
  const sequences = schema.sequences.map(({ name }) => ({ name, kind: "sequence" as const }));
  return missingOnTables(session, [...taken, ...sequences], chosen.left);
}

/** A routine whose body the server keeps to itself would be missing in the dump. */
async function proveRoutines(session: Session): Promise<void> {
  const hidden = await hiddenRoutines(session, session.database);
  if (hidden.length === 0) return;
  throw new DittoError(
    `Cannot dump "${session.database}": the server does not show the body of ${shorten(hidden, 5)}`,
    {
      code: "NO_PRIVILEGE",
      hint: "Give the user the right to see routines (MySQL: SHOW_ROUTINE, MariaDB: SELECT on mysql.proc)",
    },
  );
}

const FACTS = ["event_scheduler", "read_only", "super_read_only", "system_time_zone"];

async function readVariables(session: Session): Promise<Record<string, string>> {
  const names = [...TRAIT_SETTINGS, ...FACTS].map(quoteLiteral).join(", ");
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`,
  );
  return Object.fromEntries(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

async function readTraits(session: Session, schema: Schema, taken: Table[]): Promise<Record<string, string>> {
  const [defaults] = await catalog<{ charset: string; collation: string; zone: string | null }>(session, {
    fields: {
      charset: "DEFAULT_CHARACTER_SET_NAME",
      collation: "DEFAULT_COLLATION_NAME",
      zone: "CONVERT_TZ('2000-01-01 00:00:00', 'UTC', 'Europe/Paris')",
    },
    from: "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()",
  });
  const used = schema.tables.flatMap(({ columns }) => columns.map(({ collation }) => collation));
  const engines = new Set(taken.filter(({ kind }) => kind !== "view").map(({ storage }) => storage));
  return {
    database_character_set: defaults?.charset ?? "",
    database_collation: defaults?.collation ?? "",
    time_zone_names: defaults?.zone ? "yes" : "no",
    collations: [...new Set([...used, defaults?.collation ?? ""])].filter(Boolean).sort().join(","),
    engines: [...engines].filter(Boolean).sort().join(","),
    tables: String(schema.tables.length),
  };
}

/** Checks the look against the workshop's server. Throws with the way out. */
export function fits(build: Build, look: SourceLook): Promise<void> {
  return withWorkshopSession(build, (session) => fitsInto(session, look), null);
}

async function fitsInto(session: Session, look: SourceLook): Promise<void> {
  const missing = (wanted: string | undefined, known: { name: string }[]) => {
    const names = new Set(known.map(({ name }) => name.toLowerCase()));
    return (wanted ?? "").split(",").filter((name) => name !== "" && !names.has(name.toLowerCase()));
  };
  const combined = isMariadb(session.server, "10.10");
  const collations = missing(
    look.traits.collations,
    await catalog<{ name: string }>(session, {
      // MariaDB lists the newest collations once, without the character sets that they are combined with.
      fields: { name: combined ? "FULL_COLLATION_NAME" : "COLLATION_NAME" },
      from: "FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY",
    }),
  );
  if (collations.length > 0) throw misfit(`its server has no collation ${collations.join(", ")}`);
  const engines = missing(
    look.traits.engines,
    await catalog<{ name: string }>(session, {
      fields: { name: "ENGINE" },
      from: "FROM information_schema.ENGINES WHERE SUPPORT <> 'NO'",
    }),
  );
  if (engines.length > 0)
    throw misfit(
      `its server has no storage engine ${engines.join(", ")}`,
      "Leave out the tables that use it (dump.exclude_tables), or set copy.image to an image whose server has it without being asked",
    );
  const [fixed] = await catalog<Record<string, number>>(session, {
    fields: { lower_case_table_names: "@@lower_case_table_names", innodb_page_size: "@@innodb_page_size" },
    from: "",
  });
  for (const [name, value] of Object.entries(fixed ?? {})) {
    const wanted = look.traits[name];
    if (wanted !== undefined && wanted !== String(value))
      throw misfit(`its server has ${name} = ${value}, the source ${wanted}`);
  }
}

function misfit(
  state: string,
  hint = "Set copy.image to an image of the source's own flavour and version, e.g. mysql:8.4 or mariadb:11.8",
): DittoError {
  return new DittoError(`Cannot build the base in the copies' image: ${state}`, {
    code: "IMAGE_MISFIT",
    hint,
  });
}
