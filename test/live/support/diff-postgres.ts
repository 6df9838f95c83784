import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { connect } from "../../../lib/engine/postgres/connect.ts";
import { parseDatabaseUrl } from "../../../lib/kit/url-parse.ts";
import {
  type Allowed,
  DESTRUCTIVE,
  type DiffOptions,
  type Plan,
  type Statement,
  WHOLE,
} from "../../../lib/schema/change.ts";
import type { FullSchema } from "../../../lib/schema/model-objects.ts";
import { postgresDialect } from "../../../lib/schema/postgres/index.ts";
import { isAllowed, partsOf, renderSql } from "../../../lib/schema/render-sql.ts";
import { must } from "../../provision/exec.ts";

/** A private server on which schemas are turned into each other. */
export interface Server {
  container: string;
  /** `postgres://user:password@host:port`. */
  url: string;
  user: string;
  major: number;
}

/** Two schemas, the first of which is to become the second. */
export interface DiffCase {
  name: string;
  before: string;
  after: string;
  options: DiffOptions;
  /** The first version that has what it is about. */
  since: number;
  /** In a schema of its own it can share a database with others. */
  sharing: boolean;
}

export const CASES = join(import.meta.dir, "../../fixtures/diff/postgres");

/** What belongs to the whole database, or names its schema. */
const GLOBAL =
  /\b(ON LANGUAGE|SCHEMA|EXTENSION|PUBLICATION|EVENT TRIGGER|DEFAULT PRIVILEGES|CONVERSION|CAST \(|LANGUAGE plpg\w+ HANDLER|SERVER|FOREIGN DATA|USER MAPPING|ACCESS METHOD|TRANSFORM|public\.|search_path|DATABASE)|^-- (commit|alone)/m;

/** Every case of the fixtures. Comments in `before.sql`: `-- since: 15`, `-- rename: a=b`, `-- online`, `-- alone`; `-- commit` in both. */
export function readCases(): DiffCase[] {
  return readdirSync(CASES)
    .sort()
    .map((name) => {
      const [before, after] = ["before", "after"].map((file) => readFileSync(join(CASES, name, `${file}.sql`), "utf8"));
      const renames = [...(before ?? "").matchAll(/^-- rename: (.+)=(.+)$/gm)].map(([, from = "", to = ""]) => ({
        from,
        to,
      }));
      const online = /^-- online$/m.test(before ?? "");
      return {
        name,
        before: before ?? "",
        after: after ?? "",
        options: { ...WHOLE, renames, online },
        since: Number(/^-- since: (\d+)$/m.exec(before ?? "")?.[1] ?? 0),
        sharing: renames.length === 0 && !online && !GLOBAL.test(`${before}\n${after}`),
      };
    });
}

/** The statements of a script, each with its hazards, without what stands around them. */
export function bareScript(sql: string, schema = "public"): string[] {
  const own = new RegExp(`\\b${schema}\\.`, "g");
  return sql
    .split("\n")
    .filter((line) => line !== "" && !/^(BEGIN|COMMIT|SET check_function_bodies = off);$/.test(line))
    .map((line) =>
      line.startsWith("-- ") ? line.replace(own, "").replaceAll("public.", "") : line.replace(own, "public."),
    );
}

/** One comparison that was carried out. */
export interface Outcome {
  plan: Plan;
  /** The script with everything allowed. */
  sql: string;
  /** What differs afterwards; empty when all went well. */
  left: Plan;
  /** Why applying failed. */
  error?: string;
  /** Rows that were there and are not, or are others, by table. */
  lostRows: string[];
}

export const EVERYTHING = new Set(DESTRUCTIVE);

export async function withClient<T>(
  server: Server,
  database: string,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: `${server.url}/${encodeURIComponent(database)}` });
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

/** Makes a database from SQL: one text, or one for each of some schemas. */
export async function makeDatabase(server: Server, database: string, sql: string | Map<string, string>): Promise<void> {
  await withClient(server, "postgres", async (client) => {
    await client.query(`DROP DATABASE IF EXISTS "${database}"`);
    await client.query(`CREATE DATABASE "${database}" TEMPLATE template0`);
  });
  await withClient(server, database, async (client) => {
    const texts: Map<string, string> = typeof sql === "string" ? new Map([["public", sql]]) : sql;
    for (const [schema, text] of texts) {
      if (typeof sql !== "string") await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
      // Parts that need the commit of the one before are told apart by this line.
      for (const part of text.split(/^-- commit$/m)) if (part.trim() !== "") await client.query(part);
    }
  });
}

export async function readSchema(server: Server, database: string): Promise<FullSchema> {
  const session = await connect(parseDatabaseUrl(`${server.url}/${encodeURIComponent(database)}`));
  try {
    return await postgresDialect.read(session);
  } finally {
    await session.close();
  }
}

/** Runs a plan as the engine's client would: transactions as they stand, each other statement on its own. */
export async function applyPlan(
  server: Server,
  database: string,
  plan: Plan,
  allowed: Allowed = EVERYTHING,
): Promise<void> {
  await withClient(server, database, async (client) => {
    for (const sql of postgresDialect.script.before) await client.query(sql);
    for (const part of partsOf(plan.statements.filter((statement) => isAllowed(statement, allowed)))) {
      if (part.transaction) await client.query("BEGIN");
      for (const { sql } of part.statements) {
        try {
          await client.query(sql);
        } catch (error) {
          throw new Error(`${error instanceof Error ? error.message : error}\n  in: ${sql}`);
        }
      }
      if (part.transaction) await client.query("COMMIT");
    }
  });
}

/** Turns one database into the other, and looks what is left of the difference. */
export async function turn(server: Server, a: string, b: string, options: DiffOptions = WHOLE): Promise<Outcome> {
  const [from, to] = [await readSchema(server, a), await readSchema(server, b)];
  const plan = postgresDialect.diff(from, to, options);
  const sql = renderSql(plan, postgresDialect.script, EVERYTHING);
  const before = await rowsOf(server, a);
  let error: string | undefined;
  try {
    await applyPlan(server, a, plan);
  } catch (caught) {
    error = caught instanceof Error ? caught.message : String(caught);
  }
  const left = postgresDialect.diff(await readSchema(server, a), to, { ...options, renames: [] });
  const after = error === undefined ? await rowsOf(server, a) : before;
  return {
    plan,
    sql,
    left,
    ...(error === undefined ? {} : { error }),
    lostRows: options.renames.length > 0 ? lostCounts(before, after) : lostRows(before, after),
  };
}

/** Table → column → its values in order; only what has rows. */
type Rows = Map<string, Map<string, string>>;

async function rowsOf(server: Server, database: string): Promise<Rows> {
  return withClient(server, database, async (client) => {
    const { rows: tables } = await client.query<{ name: string; columns: string[] }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name, array_agg(a.attname::text || '' ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' GROUP BY 1`,
    );
    const found: Rows = new Map();
    for (const { name, columns } of tables) {
      const sums = columns.map((column) => {
        const quoted = `"${column.replaceAll('"', '""')}"`;
        return `md5(coalesce(string_agg(${quoted}::text, '|' ORDER BY ${quoted}::text), '')) AS ${quoted}`;
      });
      const { rows } = await client.query<Record<string, string>>(
        `SELECT count(*) AS "#", ${sums.join(", ")} FROM ONLY ${name}`,
      );
      const [row = {}] = rows;
      if (row["#"] !== "0") found.set(name, new Map(Object.entries(row)));
    }
    return found;
  });
}

/** Under new names: as many rows as before. */
function lostCounts(before: Rows, after: Rows): string[] {
  const total = (rows: Rows) => [...rows.values()].reduce((sum, columns) => sum + Number(columns.get("#")), 0);
  return total(before) === total(after) ? [] : [`${total(before)} rows → ${total(after)}`];
}

function lostRows(before: Rows, after: Rows): string[] {
  const lost: string[] = [];
  for (const [table, columns] of before) {
    const now = after.get(table);
    if (now === undefined) {
      lost.push(table);
      continue;
    }
    for (const [column, sum] of columns) {
      const other = now.get(column);
      if (other === undefined || other !== sum) lost.push(column === "#" ? table : `${table}.${column}`);
    }
  }
  return lost;
}

/** What is wrong with the outcome of some cases, by name. */
export type Complaints = Map<string, string[]>;

/** Carries cases out, those that can share a database together, and judges them by the second comparison, their rows and pg_dump. */
export async function judge(
  server: Server,
  cases: DiffCase[],
  expected: (one: DiffCase) => string[] | undefined,
): Promise<Complaints> {
  const sharing = cases.filter((one) => one.sharing);
  const groups: DiffCase[][] = cases.filter((one) => !one.sharing).map((one) => [one]);
  for (let at = 0; at < sharing.length; at += GROUP) groups.push(sharing.slice(at, at + GROUP));
  const complaints: Complaints = new Map();
  // The long ones first, and two at once, for one is always waiting.
  const waiting = groups.sort((x, y) => y.length - x.length);
  const work = async (name: string) => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const found = await judgeGroup(server, group, { name, expected });
      const again = found.has("");
      // By halves, until it is alone with what is wrong with it.
      const half = Math.ceil(group.length / 2);
      if (again) waiting.push(...[group.slice(0, half), group.slice(half)].filter((part) => part.length > 0));
      else for (const [key, list] of found) complaints.set(key, list);
    }
  };
  await Promise.all(["x", "y"].map(work));
  return complaints;
}

/** Cases that share a database. */
const GROUP = 40;

async function judgeGroup(
  server: Server,
  group: DiffCase[],
  { name, expected }: { name: string; expected: (one: DiffCase) => string[] | undefined },
): Promise<Complaints> {
  const complaints: Complaints = new Map();
  const complain = (one: DiffCase | undefined, text: string) => {
    const key = one?.name ?? (group.length === 1 ? group[0]?.name : undefined) ?? "";
    complaints.set(key, [...(complaints.get(key) ?? []), text]);
  };
  const schemaOf = (one: DiffCase) => (group.length === 1 ? "public" : `c${group.indexOf(one)}`);
  const [a, b] = [`diff_${name}_a`, `diff_${name}_b`];
  const text = (side: "before" | "after"): string | Map<string, string> =>
    group.length === 1 ? (group[0]?.[side] ?? "") : new Map(group.map((one) => [schemaOf(one), one[side]]));
  try {
    await makeDatabase(server, a, text("before"));
    await makeDatabase(server, b, text("after"));
    const outcome = await turn(server, a, b, group[0]?.options);
    if (outcome.error) complain(undefined, `fails: ${outcome.error}`);
    for (const { kind, name: left, words } of outcome.left.changes)
      complain(undefined, `still differs: ${kind} ${left} ${words.join("; ")}`);
    for (const one of group) {
      const schema = schemaOf(one);
      const own = (statement: Statement) =>
        group.length === 1 || new RegExp(`\\b${schema}\\.`).test(`${statement.change} ${statement.sql}`);
      const statements = outcome.plan.statements.filter(own);
      const told = statements.some(({ hazards }) =>
        hazards.some(({ name: hazard }) => hazard === "deletes-data" || hazard === "rewrites-table"),
      );
      const lost = outcome.lostRows.filter((table) => group.length === 1 || table.startsWith(`${schema}.`));
      if (lost.length > 0 && !told) complain(one, `loses rows without a word: ${lost.join(", ")}`);
      const script = bareScript(renderSql({ ...outcome.plan, statements }, postgresDialect.script, EVERYTHING), schema);
      const wanted = expected(one);
      if (wanted !== undefined && wanted.join("\n") !== script.join("\n"))
        complain(one, `other SQL than expected:\n${script.join("\n")}`);
    }
    const dumps = await dumpsOf(server, [a, b]);
    for (const line of differingLines(dumps.get(a) ?? [], dumps.get(b) ?? [])) complain(undefined, line);
  } catch (error) {
    complain(undefined, `broken: ${error instanceof Error ? error.message : error}`);
  }
  return complaints;
}

/** Lines of the one that the other lacks, and the other way round. */
export function differingLines(migrated: string[], desired: string[]): string[] {
  const count = (lines: string[]) => {
    const counts = new Map<string, number>();
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  };
  const [x, y] = [count(migrated), count(desired)];
  return [
    ...[...x].filter(([line, times]) => times > (y.get(line) ?? 0)).map(([line]) => `dump has: ${line}`),
    ...[...y].filter(([line, times]) => times > (x.get(line) ?? 0)).map(([line]) => `dump lacks: ${line}`),
  ];
}

/** The dumps of many databases in one go, as lines without what differs by nature, sorted: the order of columns is no matter. */
export async function dumpsOf(server: Server, databases: string[]): Promise<Map<string, string[]>> {
  const dumps = new Map<string, string[]>();
  const script = 'for d in "$@"; do echo "@@@ $d"; pg_dump -s -U "$DUMP_USER" -d "$d" || exit 1; done';
  for (let at = 0; at < databases.length; at += 200) {
    const some = databases.slice(at, at + 200);
    const text = await must([
      "docker",
      "exec",
      "-e",
      `DUMP_USER=${server.user}`,
      server.container,
      "sh",
      "-c",
      script,
      "sh",
      ...some,
    ]);
    for (const part of text.split(/^@@@ /m).slice(1)) {
      const end = part.indexOf("\n");
      dumps.set(part.slice(0, end), normalised(part.slice(end + 1)));
    }
  }
  return dumps;
}

function normalised(dump: string): string[] {
  return dump
    .split("\n")
    .filter((line) => line !== "" && !/^(--|\\(un)?restrict )/.test(line))
    .map((line) => line.replace(/,$/, "").trimEnd())
    .sort();
}
