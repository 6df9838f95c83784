import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { must } from "../../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../../provision/report.ts";
import type { Source } from "../../provision/sources.ts";
import { shareSource } from "./shared-source.ts";

/** Why tests of these versions can't run here; undefined when they can. Part of their title, so that a skip says why. */
export function missingPostgres(...versions: string[]): string | undefined {
  const { docker, images } = readProvisioned();
  if (!docker.available) return `skipped: ${docker.reason}`;
  const absent = versions.filter((version) => images[`postgres:${version}` as ServerImage] === undefined);
  return absent.length > 0 ? `skipped: no image of Postgres ${absent.join(", ")}` : undefined;
}

/** The image that copies of this version run from. */
export function postgresImage(version: string): string {
  return readProvisioned().images[`postgres:${version}` as ServerImage] ?? "";
}

/** One server per version for all tests of a file. */
export function sharedSource(version: string): Promise<Source> {
  return shareSource({ engine: "postgres", version, name: `pg${version}` });
}

/** The URL of another database, or of another user, on the same server. */
export function urlTo(
  source: Source,
  database: string,
  login = { user: source.user, password: source.password },
): string {
  const [user, password, name] = [login.user, login.password, database].map(encodeURIComponent);
  return `postgres://${user}:${password}@${source.host}:${source.port}/${name}`;
}

/** A user that may log in and read, and nothing else. */
export const READER = { user: "dumper", password: "read-only-9f2c" };

/** Makes {@link READER} in the cluster; the same call twice is fine. */
export async function makeReader(source: Source): Promise<void> {
  await source.sql(`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER.user}') THEN
    CREATE ROLE ${READER.user} LOGIN PASSWORD '${READER.password}' IN ROLE pg_read_all_data;
    ALTER ROLE ${READER.user} SET default_transaction_read_only = on;
  END IF; END $$`);
}

/** Makes a database from one of the fixtures and returns its URL. `options` stand behind CREATE DATABASE. */
export async function loadFixture(source: Source, fixture: string, database: string, options = ""): Promise<string> {
  const name = `"${database.replaceAll('"', '""')}"`;
  await source.sql(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`, "postgres");
  const text = readFileSync(join(import.meta.dir, "../../fixtures/postgres", `${fixture}.sql`), "utf8");
  await source.load({ text: `\\set server ${source.version}\n\\set database '${database}'\n${text}` }, database);
  return urlTo(source, database);
}

/** Where a server's own tools run, with the arguments that lead them to it. */
export interface PostgresTools {
  container: string;
  login: string[];
}

export function sourceTools(source: Source): PostgresTools {
  return { container: source.containerName, login: ["-U", source.user] };
}

/** The tools beside a copy's server. */
export function copyTools(copy: { id: string }): PostgresTools {
  return { container: `ditto-${copy.id}`, login: ["-h", "/ditto/run", "-U", "ditto"] };
}

/** Runs queries on one connection. */
export async function withClient<T>(url: string, action: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

/** The rows of one query. */
export async function query<Row extends object = Record<string, unknown>>(url: string, sql: string): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(sql)).rows);
}

/** What makes the text of values the same, whatever the database and the role set. */
const PLAIN_TEXT = `SET datestyle = ISO; SET intervalstyle = postgres; SET timezone = UTC; SET extra_float_digits = 3;
  SET bytea_output = hex; SET lc_monetary = 'C'; SET search_path = ''; SET statement_timeout = 0; SET row_security = off`;

const RELATIONS = `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND (c.relkind <> 'm' OR c.relispopulated)
  ORDER BY 1`;

/**
 * Everything that a database holds: name → `<rows> rows, <MD5 of them in a fixed order>` for tables, partitions and
 * materialized views, name → position for sequences, and large objects by their number.
 */
export async function contentsOf(url: string): Promise<Record<string, string>> {
  return withClient(url, async (client) => {
    await client.query(PLAIN_TEXT);
    const found: Record<string, string> = {};
    const { rows: relations } = await client.query<{ name: string; kind: string }>(RELATIONS);
    for (const { name, kind } of relations) {
      const { rows } = await client.query<{ value: string }>(kind === "S" ? positionOf(name) : checksumOf(name));
      found[name] = rows[0]?.value ?? "";
    }
    const { rows: objects } = await client.query<{ oid: string; hash: string }>(
      "SELECT oid::text, md5(lo_get(oid)) AS hash FROM pg_largeobject_metadata ORDER BY oid",
    );
    for (const { oid, hash } of objects) found[`large object ${oid}`] = hash;
    return found;
  });
}

// The alias is no column of anybody's, so that it means the row.
function checksumOf(name: string): string {
  return `SELECT count(*) || ' rows, ' || md5(coalesce(string_agg("~"::text, E'\\n' ORDER BY "~"::text COLLATE "C"), '')) AS value FROM ONLY ${name} AS "~"`;
}

function positionOf(name: string): string {
  return `SELECT last_value || CASE WHEN is_called THEN ' called' ELSE '' END AS value FROM ${name}`;
}

/**
 * The definitions of a database as its own pg_dump writes them, normalised. These are all the rules:
 * 1. The random keys of `\restrict` and `\unrestrict` go.
 * 2. Comments that name the server's and the tool's version go.
 * 3. Owners and grants are left out, unless `owners` is true: `roles: drop` drops them.
 * 4. Tablespaces, security labels and subscriptions are left out: a base carries none.
 * 5. The owner of the server's own catalog, which is whom initdb was told, goes from the comments.
 */
export async function schemaOf(tools: PostgresTools, database: string, owners = false): Promise<string> {
  const absent = ["--no-tablespaces", "--no-security-labels", "--no-subscriptions"];
  const dump = ["pg_dump", "--schema-only", "--create", ...absent, ...(owners ? [] : ["--no-owner", "--no-acl"])];
  const text = await must(["docker", "exec", tools.container, ...dump, ...tools.login, "-d", database]);
  return text
    .split("\n")
    .filter((line) => !/^\\(un)?restrict |^-- Dumped (from|by) /.test(line))
    .map((line) => line.replace(/^(-- .*Schema: pg_catalog; Owner: ).*/, "$1"))
    .join("\n");
}
