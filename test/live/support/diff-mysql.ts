import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import { connect, type MysqlSession } from "../../../lib/engine/mysql/connect.ts";
import { DESTRUCTIVE, type DiffOptions, type Plan, WHOLE } from "../../../lib/schema/change.ts";
import { mysqlDialect } from "../../../lib/schema/mysql/index.ts";
import { renderSql } from "../../../lib/schema/render-sql.ts";

/** Where a server is, with the right to do everything there. */
export interface Address {
  host: string;
  port: number;
  user: string;
  password: string;
  flavour: "mysql" | "mariadb";
  version: string;
}

/** Two schemas, the first of which is to become the second. */
export interface DiffCase {
  name: string;
  before: string;
  after: string;
  options: Partial<DiffOptions>;
  /** `mysql`, `mariadb`, `mariadb:11.8`, or "" for all. */
  only: string;
  expected(flavour: string): string;
}

export const CASES = join(import.meta.dir, "../../fixtures/diff/mysql");

/** Every case of the fixtures. Comments in the first lines of `before.sql`: `-- only: mysql`, `-- rename: a=b`, `-- online`. */
export function readCases(): DiffCase[] {
  return readdirSync(CASES)
    .sort()
    .map((name) => {
      const before = readFileSync(join(CASES, name, "before.sql"), "utf8");
      const renames = [...before.matchAll(/^-- rename: (.+)=(.+)$/gm)].map(([, from = "", to = ""]) => ({ from, to }));
      return {
        name,
        before,
        after: readFileSync(join(CASES, name, "after.sql"), "utf8"),
        options: { renames, online: /^-- online$/m.test(before) },
        only: /^-- only: (\S+)$/m.exec(before)?.[1] ?? "",
        expected: (flavour) => join(CASES, name, `expected.${flavour}.sql`),
      };
    });
}

export function fits({ only }: DiffCase, { flavour, version }: Address): boolean {
  return only === "" || only === flavour || only === `${flavour}:${version}`;
}

/** What came of a case: an empty list of complaints is a pass. */
export interface Outcome {
  name: string;
  /** The databases that must dump alike now. */
  databases: [migrated: string, desired: string];
  plan: Plan;
  sql: string;
  complaints: string[];
  /** A statement that was said to be able to fail on rows has done so, or the server took one of the sides for none. */
  refused: boolean;
}

/** Loads both sides into databases of their own, and turns the first into the second. */
export async function tryCase(
  address: Address,
  one: Pick<DiffCase, "name" | "before" | "after" | "options">,
  prefix: string,
): Promise<Outcome> {
  const databases: [string, string] = [`${prefix}_a`, `${prefix}_b`];
  const admin = await createConnection(loginOf(address));
  try {
    for (const [at, text] of [one.before, one.after].entries()) {
      for (const verb of ["DROP DATABASE IF EXISTS", "CREATE DATABASE", "USE"])
        await admin.query(`${verb} ${databases[at]}`);
      for (const statement of statementsOf(text)) await admin.query(statement);
    }
  } catch (error) {
    const plan = { changes: [], statements: [], renames: [], notCompared: [] };
    return { name: one.name, databases, plan, sql: "", complaints: [(error as Error).message], refused: true };
  } finally {
    await admin.end();
  }
  return { ...(await tryDatabases(address, databases, one.options)), name: one.name };
}

/** Applies the difference of two databases to the first, which is made if it isn't there, and reads again. */
export async function tryDatabases(
  address: Address,
  databases: [string, string],
  some: Partial<DiffOptions> = {},
): Promise<Outcome> {
  const options = { ...WHOLE, ...some };
  const admin = await createConnection(loginOf(address));
  await admin.query(`CREATE DATABASE IF NOT EXISTS ${databases[0]}`);
  const [a, b] = [await open(address, databases[0]), await open(address, databases[1])];
  // As the engine's own client does, which can send several statements at once.
  const worker = await createConnection({ ...loginOf(address), database: databases[0], multipleStatements: true });
  try {
    await a.query("SET SESSION information_schema_stats_expiry = 0").catch(() => {});
    const right = await mysqlDialect.read(b);
    const plan = mysqlDialect.diff(await mysqlDialect.read(a), right, options);
    const rows = await rowsOf(admin, databases[0]);
    for (const before of mysqlDialect.script.before) await worker.query(before);
    const { complaints, refused } = await apply(worker, plan);
    const again = mysqlDialect.diff(await mysqlDialect.read(a), right, { ...options, renames: [] });
    for (const { kind, name, words } of again.changes)
      complaints.push(`still differs: ${kind} ${name}: ${words.join("; ")}`);
    complaints.push(...lostRows(rows, await rowsOf(admin, databases[0]), plan));
    const sql = renderSql(plan, mysqlDialect.script, new Set(DESTRUCTIVE));
    return { name: databases[0], databases, plan, sql, complaints, refused };
  } finally {
    await Promise.all([admin.end(), worker.end(), a.close(), b.close()]);
  }
}

/** Runs the plan's statements; the first that fails ends it. */
async function apply(worker: Connection, plan: Plan): Promise<Pick<Outcome, "complaints" | "refused">> {
  for (const { sql, hazards } of plan.statements) {
    try {
      await worker.query(sql);
    } catch (error) {
      const refused = hazards.some(({ name }) => name === "may-fail");
      return { complaints: [`${(error as Error).message}\n  in: ${sql}`], refused };
    }
  }
  return { complaints: [], refused: false };
}

/** A statement ends with its line. */
function statementsOf(text: string): string[] {
  const parts = text.replace(/^--.*$/gm, "").split(/;[ \t]*\n/);
  return parts.map((part) => part.trim().replace(/;$/, "")).filter((part) => part !== "");
}

export function loginOf({ host, port, user, password }: Address) {
  return { host, port, user, password };
}

function open(address: Address, database: string): Promise<MysqlSession> {
  return connect({
    engine: "mysql",
    ...loginOf(address),
    database,
    params: { sslmode: "disable" },
  } as unknown as Parameters<typeof connect>[0]);
}

/** Table → its rows, each column's values by its name. */
type Rows = Map<string, Record<string, unknown>[]>;

async function rowsOf(admin: Connection, database: string): Promise<Rows> {
  const rows: Rows = new Map();
  const [tables] = await admin.query<never[]>(
    "SELECT TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
    [database],
  );
  for (const { t } of tables as { t: string }[]) {
    const [found] = await admin.query<never[]>({
      typeCast: false,
      sql: `SELECT * FROM \`${database}\`.\`${t.replaceAll("`", "``")}\``,
    });
    rows.set(t, found);
  }
  return rows;
}

/** Rows and values that are gone without a hazard that says so. */
function lostRows(before: Rows, after: Rows, plan: Plan): string[] {
  const told = plan.statements.some(({ hazards }) => hazards.some(({ name }) => name === "deletes-data"));
  const changed = new Set(plan.changes.map(({ name }) => name));
  const renamed = new Map(
    plan.changes
      .filter(({ kind, action }) => kind === "table" && action === "rename")
      .map(({ name, words }) => [words[0]?.slice(6).split(" → ")[0], name]),
  );
  const lost: string[] = [];
  for (const [table, rows] of before) {
    const now = after.get(renamed.get(table) ?? table);
    if (now?.length !== rows.length && !told)
      lost.push(`${table} had ${rows.length} rows and has ${now?.length ?? "none"}`);
    if (now === undefined || now.length !== rows.length) continue;
    const columns = Object.keys(rows[0] ?? {}).filter(
      (column) => column in (now[0] ?? {}) && !changed.has(`${table}.${column}`),
    );
    const values = (some: Record<string, unknown>[]) =>
      some
        .map((row) => JSON.stringify(columns.map((column) => row[column])))
        .sort()
        .join("\n");
    if (values(rows) !== values(now)) lost.push(`values of ${table} have changed`);
  }
  return lost;
}

/** What `mysqldump --databases` wrote, by database, as lines that can be compared: order and numbers aside. */
export function dumpsByName(dump: string): Map<string, string[]> {
  const dumps = new Map<string, string[]>();
  for (const part of dump.split(/^-- Current Database: /m).slice(1)) {
    const name = /^`([^`]+)`/.exec(part)?.[1] ?? "";
    const lines = part
      .replaceAll(`\`${name}\``, "`db`")
      .split("\n")
      .slice(1)
      .filter(
        (line) =>
          !/^(--|\/\*M?!\d+ (SET|DROP|ALTER)|$)/.test(line) &&
          !/^(DROP|USE|LOCK|UNLOCK|SET|CREATE DATABASE)/.test(line),
      )
      .map((line) =>
        line
          .replace(/ AUTO_INCREMENT=\d+/, "")
          .replace(/,$/, "")
          .replace(/-\((\d+)\)/g, "-$1"),
      );
    dumps.set(name, [...(dumps.get(name) ?? []), ...lines]);
  }
  for (const [name, lines] of dumps) dumps.set(name, lines.sort());
  return dumps;
}

/** The lines that only one of the two has. */
export function differingLines(a: string[], b: string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of a) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of b) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? "migrated" : "desired "}: ${line}`);
}
