import { open } from "node:fs/promises";
import { must } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import { addressOf } from "./content.ts";

/** What the engine's own tools took, in milliseconds; MySQL's run in one pipe. */
export interface OwnTimes {
  ms: number;
  dumpMs?: number;
  restoreMs?: number;
}

const DUMP_POSTGRES = `rm -rf /tmp/own && PGPASSWORD=$SOURCE_PASSWORD pg_dump -Fd -j2 -f /tmp/own -h "$1" -U "$2" -d "$3"`;
const RESTORE_DIRECTORY = `PGPASSWORD=$TARGET_PASSWORD pg_restore -j2 -h 127.0.0.1 -U "$1" -d bench /tmp/own`;
const RESTORE_FILE = `PGPASSWORD=$TARGET_PASSWORD pg_restore -j2 --no-owner --no-acl -h 127.0.0.1 -U "$1" -d bench /tmp/portable`;
const PIPE_MYSQL = `MYSQL_PWD=$SOURCE_PASSWORD "$1" --single-transaction --quick --no-tablespaces -h "$3" -u "$4" "$5" |
MYSQL_PWD=$TARGET_PASSWORD "$2" -h 127.0.0.1 -u "$6" bench`;
/** Runs on this host: servers' images needn't have what unpacks a dump. */
const LOAD_MYSQL = `$1 < "$2" | MYSQL_PWD=$TARGET_PASSWORD docker exec -i -e MYSQL_PWD "$3" "$4" -h 127.0.0.1 -u "$5" bench`;

/** What {@link dumpAndRestore} does, in words. */
export function ownTools({ engine }: Pick<Source, "engine">): string {
  if (engine === "postgres") return "pg_dump -Fd -j2, pg_restore -j2";
  const [dump, client] = clientsOf(engine);
  return `${dump} | ${client}`;
}

/** Moves the source's database into an empty one of `target`, a running server, by the engine's own tools beside it. */
export async function dumpAndRestore(source: Source, target: Source): Promise<OwnTimes> {
  const [host] = await Promise.all([addressOf(source), emptyDatabase(target)]);
  const tool = (script: string, ...args: string[]) => lasting(() => inside(target, script, args, source));
  if (source.engine !== "postgres") {
    const [dump, client] = clientsOf(source.engine);
    return { ms: await tool(PIPE_MYSQL, dump, client, host, source.user, source.database, target.user) };
  }
  const dumpMs = await tool(DUMP_POSTGRES, host, source.user, source.database);
  const restoreMs = await tool(RESTORE_DIRECTORY, target.user);
  await tool("rm -rf /tmp/own");
  return { ms: dumpMs + restoreMs, dumpMs, restoreMs };
}

/** How a portable dump is brought in. */
export interface Restorer {
  tool: string;
  /** Into an empty database; milliseconds. */
  restore(): Promise<number>;
}

/** The engine's own way to bring a portable dump into `target`, a running server. Throws for a form that it doesn't know. */
export async function restorerOf(file: string, target: Source): Promise<Restorer> {
  const form = await formOf(file);
  if (target.engine === "postgres") {
    if (form !== "postgres") throw new Error(`Cannot restore "${file}": it is no archive of pg_dump`);
    await must(["docker", "cp", file, `${target.containerName}:/tmp/portable`]);
    return {
      tool: "pg_restore -j2",
      restore: () => restored(target, () => inside(target, RESTORE_FILE, [target.user])),
    };
  }
  const reader = { gzip: "gzip -dc", zstd: "zstd -dcq", text: "cat", postgres: "" }[form];
  if (reader === "") throw new Error(`Cannot restore "${file}" into ${target.engine}: it is an archive of pg_dump`);
  const [, client] = clientsOf(target.engine);
  const argv = [
    "bash",
    "-o",
    "pipefail",
    "-c",
    LOAD_MYSQL,
    "bash",
    reader,
    file,
    target.containerName,
    client,
    target.user,
  ];
  const load = () => must(argv, { env: { TARGET_PASSWORD: target.password } });
  return { tool: `${reader} | ${client}`, restore: () => restored(target, load) };
}

function clientsOf(engine: Source["engine"]): [string, string] {
  return engine === "mariadb" ? ["mariadb-dump", "mariadb"] : ["mysqldump", "mysql"];
}

async function restored(target: Source, load: () => Promise<unknown>): Promise<number> {
  await emptyDatabase(target);
  return lasting(load);
}

/** Runs a script beside the server, in a shell in which a pipe fails when any part of it fails. */
function inside(target: Source, script: string, args: string[], source?: Source): Promise<string> {
  const env = { SOURCE_PASSWORD: source?.password ?? "", TARGET_PASSWORD: target.password };
  const variables = Object.keys(env).flatMap((name) => ["--env", name]);
  const shell = ["bash", "-o", "pipefail", "-c", script, "bash", ...args];
  return must(["docker", "exec", ...variables, target.containerName, ...shell], { env });
}

async function emptyDatabase(target: Source): Promise<void> {
  const drop =
    target.engine === "postgres"
      ? "SET client_min_messages = error; DROP DATABASE IF EXISTS bench WITH (FORCE);"
      : "DROP DATABASE IF EXISTS bench;";
  await target.sql(`${drop} CREATE DATABASE bench;`);
}

async function lasting(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function formOf(file: string): Promise<"postgres" | "gzip" | "zstd" | "text"> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(5), 0, 5, 0);
    if (buffer.toString("latin1") === "PGDMP") return "postgres";
    if (buffer.readUInt16BE(0) === 0x1f8b) return "gzip";
    return buffer.readUInt32LE(0) === 0xfd2fb528 ? "zstd" : "text";
  } finally {
    await handle.close();
  }
}
