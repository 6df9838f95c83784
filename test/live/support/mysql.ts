import { must } from "../../provision/exec.ts";
import { readProvisioned, type ServerImage } from "../../provision/report.ts";
import { loadSakila, type Source } from "../../provision/sources.ts";
import { shareSource } from "./shared-source.ts";

/** The servers whose databases are compared with their copies. */
export const MYSQL_SERVERS = ["mysql:9.7", "mariadb:11.8", "mariadb:10.11"] as const satisfies ServerImage[];

export type MysqlServer = (typeof MYSQL_SERVERS)[number];

/** Why tests with this server can't run here; undefined when they can. */
export function missingMysql(server: MysqlServer): string | undefined {
  const { docker, images } = readProvisioned();
  if (!docker.available) return `skipped: ${docker.reason}`;
  return images[server] === undefined ? `skipped: no image of ${server}` : undefined;
}

/** The flavour and the version of a server's name. */
export function partsOf(server: MysqlServer): ["mysql" | "mariadb", string] {
  return server.split(":") as ["mysql" | "mariadb", string];
}

/** One server of each name for all tests of a file. */
export function sharedMysql(server: MysqlServer): Promise<Source> {
  const [engine, version] = partsOf(server);
  return shareSource({ engine, version, name: `${engine}${version}`, timeZones: true });
}

const loaded = new Map<MysqlServer, Promise<string>>();

/** The URL of Sakila on the shared server of this name. */
export function sharedSakila(server: MysqlServer): Promise<string> {
  const url = loaded.get(server) ?? sharedMysql(server).then(loadSakila);
  loaded.set(server, url);
  return url;
}

/** Runs SQL and gives bare rows with tabs. */
export type Ask = (sql: string) => Promise<string>;

/** Everything that a database's tables hold: name → `<rows> rows, <CHECKSUM TABLE>`, which adds up rows in any order. */
export async function contentsOf(ask: Ask, database: string): Promise<Record<string, string>> {
  const quoted = (name: string) => `\`${name.replaceAll("`", "``")}\``;
  const linesOf = async (sql: string) => (await ask(sql)).split("\n").filter((line) => line !== "");
  const names = await linesOf(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${database}' AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1`,
  );
  const tables = names.map((name) => `${quoted(database)}.${quoted(name)}`);
  const counts = await linesOf(tables.map((table) => `SELECT COUNT(*) FROM ${table}`).join(" UNION ALL "));
  const sums = await linesOf(`CHECKSUM TABLE ${tables.join(", ")} EXTENDED`);
  const contents = Object.fromEntries(
    names.map((name, at) => [name, `${counts[at]} rows, ${sums[at]?.split("\t").at(-1)}`]),
  );
  const sequences = await linesOf(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${database}' AND TABLE_TYPE = 'SEQUENCE' ORDER BY 1`,
  );
  const position = (name: string) => `SELECT next_not_cached_value FROM ${quoted(database)}.${quoted(name)}`;
  for (const name of sequences) contents[name] = (await ask(position(name))).trim();
  return contents;
}

/** What a dump tool is told, besides where to log in, so that it writes a database's definitions. */
export function definitionsOf(database: string): string[] {
  return ["--no-data", "--routines", "--events", "--triggers", "--skip-lock-tables", database];
}

/** Definitions as the engine's own tool prints them; definers are the base's, and transactions have numbers of their own. */
export function normalised(dump: string): string {
  return dump
    .replace(/^SET @@GLOBAL.GTID_PURGED.*$/m, "")
    .replace(/DEFINER=`[^`]*`@`[^`]*`/g, "DEFINER=…")
    .replace(/^-- .*$/gm, "")
    .replace(/\n{2,}/g, "\n")
    .trim();
}

/** Where a server's own tools run, and who logs in over TCP there. */
export interface MysqlTools {
  flavour: "mysql" | "mariadb";
  container: string;
  user: string;
  password: string;
}

/** The tools beside a source's server. */
export function sourceTools({ engine, containerName, user, password }: Source): MysqlTools {
  return { flavour: engine === "mariadb" ? "mariadb" : "mysql", container: containerName, user, password };
}

/** The tools beside a copy's server. */
export function copyTools(copy: { id: string; engine: unknown; connection_string: string }): MysqlTools {
  const { username: user, password } = new URL(copy.connection_string);
  return { flavour: copy.engine === "mariadb" ? "mariadb" : "mysql", container: `ditto-${copy.id}`, user, password };
}

/** Runs the server's own client. */
export function asking(tools: MysqlTools): Ask {
  const [client] = toolsOf(tools);
  return (sql) => inContainer(tools, [client, "--batch", "--raw", "--skip-column-names", `--execute=${sql}`]);
}

/** The definitions of a database as its own mysqldump writes them, normalised. */
export async function schemaOf(tools: MysqlTools, database: string): Promise<string> {
  const [, dump] = toolsOf(tools);
  return normalised(await inContainer(tools, [dump, ...definitionsOf(database)]));
}

function toolsOf({ flavour }: MysqlTools): [client: string, dump: string] {
  return flavour === "mariadb" ? ["mariadb", "mariadb-dump"] : ["mysql", "mysqldump"];
}

function inContainer({ container, user, password }: MysqlTools, [tool = "", ...args]: string[]): Promise<string> {
  const login = ["--no-defaults", "--host=127.0.0.1", `--user=${user}`, "--default-character-set=utf8mb4"];
  return must(["docker", "exec", "--env", "MYSQL_PWD", container, tool, ...login, ...args], {
    env: { MYSQL_PWD: password },
  });
}
