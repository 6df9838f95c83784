import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/mysql/quote.ts";
import type { CatalogSession } from "../dialect.ts";
import type { Sequence, Table } from "../model.ts";
import type { FullSchema, NotCompared } from "../model-objects.ts";
import { catalog } from "./catalog.ts";
import { definitionOf, parseTable } from "./definition.ts";
import { definerOf, stripDefiner } from "./programs.ts";
import { readHidden } from "./read-privileges.ts";
import { readEvents, readPackages, readRoutines, readTriggers } from "./read-programs.ts";
import { readMysqlTables } from "./read-tables.ts";
import { shown, untranslated } from "./show.ts";

/** Reads everything that is in the session's database. */
export async function readMysql(session: CatalogSession): Promise<FullSchema> {
  const notCompared: NotCompared[] = [];
  const server = session as Session;
  const plain = await readMysqlTables(server);
  const settings = await readSettings(session);
  const unescaped = session.server.flavour === "mariadb" ? backquoted(plain.tables) : [];
  await untranslated(session, async () => {
    for (const table of plain.tables) {
      if (table.kind === "view") await addView(session, table, notCompared);
      else await addTable(session, table, unescaped);
    }
  });
  await markCounters(server, plain.tables);
  await markLast(server, plain.sequences);
  const definitions = new Map<string, string>();
  for (const { name } of plain.sequences) definitions.set(name, (await shown(session, "SEQUENCE", name))?.create ?? "");
  const schema: FullSchema = {
    ...plain,
    engine: "mysql",
    server: { ...session.server },
    settings,
    schemas: [],
    extensions: [],
    types: [],
    routines: await readRoutines(session, notCompared),
    triggers: await readTriggers(session, notCompared),
    rules: [],
    policies: [],
    events: await readEvents(session, notCompared),
    statistics: [],
    others: [
      ...(await readPackages(session, notCompared)),
      ...[...definitions].map(([name, create]) => ({
        kind: "sequence" as const,
        schema: session.database,
        name,
        sqlName: quoteIdentifier(name),
        create: [create],
        drop: `DROP SEQUENCE ${quoteIdentifier(name)}`,
        attributes: {},
      })),
    ],
    roles: await readAccounts(session),
    dependencies: [],
    notCompared: [...notCompared, ...(await readHidden(session)), ...(await readBeyond(session))],
  };
  return withoutOwnDefiner(schema, await ownAccounts(session));
}

/** MariaDB's sequences are relations to be read; who has values in its cache may not have given them yet. */
async function markLast(session: Session, sequences: Sequence[]): Promise<void> {
  if (sequences.length === 0) return;
  const select = ({ name }: Sequence) =>
    `SELECT ${quoteLiteral(name)} AS n, next_not_cached_value AS v, start_value AS s, increment AS i FROM ${quoteIdentifier(name)}`;
  const taken = await catalog<{ name: string; last: string }>(session, {
    fields: { name: "n", last: "CAST(v - i AS CHAR)" },
    from: `FROM (${sequences.map(select).join(" UNION ALL ")}) q WHERE v <> s`,
  });
  const last = new Map(taken.map((row) => [row.name, row.last]));
  for (const sequence of sequences) sequence.last = last.get(sequence.name) ?? "";
}

/** The session's account; on servers of ditto's own also the one that loads files, and nobody else is known there. */
async function ownAccounts(session: CatalogSession): Promise<{ accounts: string[]; ditto: boolean }> {
  const [me] = await session.query<{ u: string }>("SELECT CURRENT_USER() u");
  const user = me?.u ?? "";
  const at = user.lastIndexOf("@");
  const quoted = `${quoteIdentifier(user.slice(0, at))}@${quoteIdentifier(user.slice(at + 1))}`;
  const ditto = user.startsWith("ditto@");
  return { accounts: ditto ? [quoted, "`root`@`localhost`"] : [quoted], ditto };
}

/** Who is asked owns what he defined, under whatever name on each server: such a definer is left out of the texts. */
function withoutOwnDefiner(
  schema: FullSchema,
  { accounts, ditto }: { accounts: string[]; ditto: boolean },
): FullSchema {
  const plain = (create: string) => (accounts.includes(definerOf(create)) ? stripDefiner(create) : create);
  for (const { mysql } of schema.tables) if (mysql?.view && mysql.create) mysql.create = plain(mysql.create);
  for (const program of [...schema.routines, ...schema.triggers, ...schema.events]) {
    program.definition = plain(program.definition);
    if (program.mysql) program.mysql.definer = definerOf(program.definition);
  }
  for (const other of schema.others) other.create = other.create.map(plain);
  if (ditto) schema.settings.definers = "unknown";
  return schema;
}

async function readSettings(session: CatalogSession): Promise<Record<string, string>> {
  const [row] = await session.query<{ cs: string; co: string }>(
    "SELECT DEFAULT_CHARACTER_SET_NAME cs, DEFAULT_COLLATION_NAME co FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()",
  );
  const [made] = await session.query<Record<string, string>>(
    `SHOW CREATE DATABASE ${quoteIdentifier(session.database)}`,
  );
  const text = made?.["Create Database"] ?? "";
  const comment = /COMMENT '((?:[^'\\]|\\.|'')*)'/.exec(text)?.[1];
  return {
    charset: row?.cs ?? "",
    collation: row?.co ?? "",
    ...(/ENCRYPTION='Y'/.test(text) ? { encryption: "Y" } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
}

/** Names of tables, columns and keys that hold the sign that quotes them. */
function backquoted(tables: Table[]): string[] {
  const names = tables.flatMap(({ name, columns, keys }) => [name, ...[...columns, ...keys].map((part) => part.name)]);
  return [...new Set(names.filter((name) => name.includes("`")))];
}

/** MariaDB (11.8 too) prints the names in foreign keys without doubling their back-quotes. */
function escaped(create: string, names: string[]): string {
  if (names.length === 0) return create;
  return create.replace(/^ {2}CONSTRAINT `.*FOREIGN KEY.*$/gm, (line) =>
    names.reduce((text, name) => text.replaceAll(`\`${name}\``, () => quoteIdentifier(name)), line),
  );
}

/**
 * MariaDB (11.8 too) prints a default with characters beyond the BMP as question marks, and before 11 the bytes of binary
 * ones as they are. What it really is, a row of no table says.
 */
async function withTrueDefaults(session: CatalogSession, table: string, create: string): Promise<string> {
  if (!/DEFAULT '(?:[^'\\]|\\.|'')*[?\ufffd]/.test(create)) return create;
  const text = parseTable(create);
  const doubtful = text.columns.filter((column) => /^'[\s\S]*[?\ufffd]/.test(column.default ?? ""));
  const asked = doubtful.map(({ name }, at) => `HEX(DEFAULT(t.${quoteIdentifier(name)})) AS d${at}`);
  if (asked.length === 0) return create;
  const sql = `SELECT ${asked.join(", ")} FROM (SELECT 1 AS one) o LEFT JOIN ${quoteIdentifier(table)} t ON FALSE`;
  const [row] = await session.query<Record<string, string | null>>(sql).catch(() => []);
  let whole = create;
  for (const [at, column] of doubtful.entries()) {
    const hex = row?.[`d${at}`];
    const written = Buffer.from(unquoted(column.default), "utf8").toString("hex").toUpperCase();
    if (!hex || hex === written) continue;
    const item = text.items.find((one) => one.startsWith(`${quoteIdentifier(column.name)} `)) ?? "";
    const exact = item.replace(` DEFAULT ${column.default}`, () => ` DEFAULT x'${hex.toLowerCase()}'`);
    whole = whole.replace(item, () => exact);
  }
  return whole;
}

async function addTable(session: CatalogSession, table: Table, unescaped: string[]): Promise<void> {
  const printed = escaped((await shown(session, "TABLE", table.name))?.create ?? "", unescaped);
  const create = session.server.flavour === "mariadb" ? await withTrueDefaults(session, table.name, printed) : printed;
  if (table.mysql === undefined) return;
  table.mysql.create = create;
  const text = definitionOf(table);
  table.mysql.rowFormat = text.options.get("ROW_FORMAT") ?? "";
  if (text.partitioning !== "") table.mysql.partitioning = text.partitioning;
  if (text.systemVersioned) table.mysql.systemVersioned = true;
  table.comment = unquoted(text.options.get("COMMENT"));
  for (const column of table.columns) {
    const written = text.columns.find(({ name }) => name === column.name);
    if (written?.generated !== undefined) column.expression = written.generated.expression;
  }
}

function unquoted(literal: string | undefined): string {
  return literal === undefined ? "" : literal.slice(1, -1).replaceAll("''", "'").replaceAll("\\\\", "\\");
}

const VIEW = /^CREATE ALGORITHM=(\w+) DEFINER=(\S+?@\S+) SQL SECURITY (\w+) VIEW/;

async function addView(session: CatalogSession, view: Table, notCompared: NotCompared[]): Promise<void> {
  const made = await shown(session, "VIEW", view.name);
  if (made === undefined) {
    notCompared.push({ what: `view ${view.name}`, why: "its definition may not be read: SHOW VIEW is missing" });
    return;
  }
  if (view.columns.length === 0) {
    notCompared.push({ what: `view ${view.name}`, why: "it is broken: what it reads is not there" });
    return;
  }
  const [, algorithm = "", definer = "", security = ""] = VIEW.exec(made.create) ?? [];
  const checkOption = /WITH (CASCADED|LOCAL) CHECK OPTION$/.exec(made.create)?.[1] ?? "";
  view.definition = made.create;
  view.mysql = {
    charset: "",
    collation: "",
    rowFormat: "",
    view: { algorithm, definer, security, checkOption, charset: made.charset, collation: made.collation },
    create: made.create,
  };
}

/** Notes the counter of tables without rows: there it is a setting, elsewhere it follows from the rows. */
async function markCounters(session: Session, tables: Table[]): Promise<void> {
  const counters = new Map<string, string>();
  for (const table of tables) {
    if (table.mysql?.create === undefined || !table.columns.some(({ identity }) => identity === "auto_increment"))
      continue;
    const counter = /\bAUTO_INCREMENT=(\d+)/.exec(table.mysql.create.slice(table.mysql.create.lastIndexOf("\n)")))?.[1];
    if (counter === undefined) table.mysql.autoIncrement = "1";
    else if (table.estimatedRows <= 0) counters.set(table.name, counter);
  }
  if (counters.size === 0) return;
  const asked = [...counters.keys()].map(
    (name) => `SELECT ${quoteLiteral(name)} AS n, EXISTS(SELECT 1 FROM ${quoteIdentifier(name)}) AS e`,
  );
  const rows = await session.query<{ n: string; e: number }>(asked.join(" UNION ALL ")).catch(() => []);
  for (const { n, e } of rows) {
    const table = tables.find(({ name }) => name === n);
    if (table?.mysql && Number(e) === 0) table.mysql.autoIncrement = counters.get(n) ?? "1";
  }
}

/** Accounts as `'user'@'host'`; those that may be seen. */
async function readAccounts(session: CatalogSession): Promise<string[]> {
  const rows = await session.query<{ g: string }>("SELECT DISTINCT GRANTEE g FROM information_schema.USER_PRIVILEGES");
  return rows.map(({ g }) => g).sort();
}

/** What lies in the database and is compared by nobody. */
async function readBeyond(session: CatalogSession): Promise<NotCompared[]> {
  const found: NotCompared[] = [];
  const ask = async (sql: string) => session.query<{ n: number | string }>(sql).catch(() => []);
  const [grants] = await ask(
    "SELECT COUNT(*) n FROM (SELECT GRANTEE FROM information_schema.SCHEMA_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE() UNION ALL SELECT GRANTEE FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE() UNION ALL SELECT GRANTEE FROM information_schema.COLUMN_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE()) g",
  );
  if (Number(grants?.n ?? 0) > 0)
    found.push({ what: `${grants?.n} privileges of accounts on this database`, why: "accounts belong to the server" });
  const [libraries] = await ask(
    "SELECT COUNT(*) n FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = DATABASE()",
  );
  if (Number(libraries?.n ?? 0) > 0)
    found.push({ what: `${libraries?.n} libraries`, why: "a kind that ditto doesn't know" });
  return found;
}
