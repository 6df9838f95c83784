import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ownerOf } from "./docker.ts";
import { attempt, must } from "./exec.ts";
import { readProvisioned, type ServerImage } from "./report.ts";

export interface SourceRequest {
  engine: "postgres" | "mysql" | "mariadb";
  /** As in the image's name: "17", "9.7", "11.8". */
  version: string;
  /** Made at the first start; "app" unless said otherwise. */
  database?: string;
  /** The server's own arguments, after the image name. */
  args?: string[];
  /** Postgres: initdb's own arguments, e.g. "--locale=C". */
  initdbArgs?: string;
  /** Folder of this host → where the container sees it, read-only. */
  mounts?: Record<string, string>;
  /** Part of the container's name, for whoever reads `docker ps`. */
  name?: string;
  /** MySQL and MariaDB: load the zone tables as the official image does. Off by default, for it takes two seconds. */
  timeZones?: boolean;
}

/** A real server in a container, the place that ditto reads from. `user` may do everything on it. */
export interface Source {
  engine: SourceRequest["engine"];
  version: string;
  image: string;
  containerName: string;
  url: string;
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Runs statements with the server's own client and returns its bare output: tabs between columns, no header. */
  sql(statements: string, database?: string): Promise<string>;
  /** Feeds a file (.sql, .gz, .zst) or text to the client; the first error ends it. */
  load(input: { file: string } | { text: string }, database?: string): Promise<void>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;

const running = new Map<string, Source>();

/** Starts a server and waits until its final user has logged in over TCP, which the first start's server refuses. */
export async function startSource(request: SourceRequest): Promise<Source> {
  const image = readProvisioned().images[`${request.engine}:${request.version}` as ServerImage];
  if (image === undefined) throw new Error(`No image of ${request.engine} ${request.version} was provisioned`);
  const suffix = randomBytes(4).toString("hex");
  const containerName = ["ditto-test", request.name ?? request.engine, suffix].join("-");
  const password = randomBytes(12).toString("hex");
  const database = request.database ?? "app";
  const environment = serverEnvironment(request, { password, database });
  await must(runCommand(request, { image, containerName, variables: Object.keys(environment) }), { env: environment });
  try {
    const port = await publishedPort(containerName, request.engine);
    const source = sourceIn({ ...request, database }, { image, containerName, password, port });
    running.set(containerName, source);
    await untilLoggedIn(source);
    return source;
  } catch (error) {
    await remove(containerName);
    throw error;
  }
}

export async function stopAllSources(): Promise<void> {
  await Promise.all([...running.values()].map((source) => source.stop()));
}

/** Loads Sakila, which makes a database of that name, and returns the URL of that. */
export async function loadSakila(source: Source): Promise<string> {
  await source.load({ file: sample("sakila-mysql-schema.sql.gz") });
  await source.load({ file: sample("sakila-mysql-data.sql.gz") });
  return urlOf({ ...source, database: "sakila" });
}

function sample(name: string): string {
  const { samples } = readProvisioned();
  if (samples === null) throw new Error(`The folder with ${name} is absent: ask readProvisioned().samples before`);
  return join(samples, name);
}

function runCommand(
  request: SourceRequest,
  { image, containerName, variables }: { image: string; containerName: string; variables: string[] },
): string[] {
  const labels = ["--label", "ditto-test=1", "--label", `ditto-test.owner=${ownerOf()}`];
  const port = request.engine === "postgres" ? 5432 : 3306;
  return [
    ...["docker", "run", "--detach", "--name", containerName, ...labels, "--publish", `127.0.0.1::${port}`],
    ...variables.flatMap((name) => ["--env", name]),
    // Docker's 64 MB are too little for parallel queries and index builds.
    ...["--shm-size", "1g"],
    ...Object.entries(request.mounts ?? {}).flatMap(([from, to]) => ["--volume", `${from}:${to}:ro`]),
    image,
    ...(request.args ?? []),
  ];
}

function serverEnvironment(
  request: SourceRequest,
  { password, database }: { password: string; database: string },
): Record<string, string> {
  if (request.engine === "postgres") {
    const initdb = request.initdbArgs === undefined ? {} : { POSTGRES_INITDB_ARGS: request.initdbArgs };
    return { POSTGRES_PASSWORD: password, POSTGRES_DB: database, ...initdb };
  }
  const prefix = request.engine === "mariadb" ? "MARIADB" : "MYSQL";
  const zones = request.timeZones ? {} : { [`${prefix}_INITDB_SKIP_TZINFO`]: "1" };
  return { [`${prefix}_ROOT_PASSWORD`]: password, [`${prefix}_DATABASE`]: database, ...zones };
}

async function publishedPort(containerName: string, engine: SourceRequest["engine"]): Promise<number> {
  const inside = engine === "postgres" ? "5432/tcp" : "3306/tcp";
  const { status, stdout } = await attempt(["docker", "port", containerName, inside]);
  if (status !== 0) throw new Error(await whatItSaid(containerName));
  return Number(stdout.trim().split("\n")[0]?.split(":").at(-1));
}

function sourceIn(
  request: SourceRequest & { database: string },
  made: { image: string; containerName: string; password: string; port: number },
): Source {
  const { engine, version, database } = request;
  const { containerName } = made;
  const user = engine === "postgres" ? "postgres" : "root";
  const address = { engine, host: "127.0.0.1", user, database, ...made };
  const exec = ["docker", "exec", "--interactive"];
  const client = (into = database) => [...exec, ...clientCommand(address, into)];
  const env = { PGPASSWORD: made.password, MYSQL_PWD: made.password };
  return {
    ...address,
    version,
    url: urlOf(address),
    sql: async (statements, into) => (await must(client(into), { input: statements, env })).trimEnd(),
    load: async (input, into) => {
      if ("text" in input) await must(client(into), { input: input.text, env });
      else await feed(input.file, client(into), env);
    },
    stop: async () => {
      running.delete(containerName);
      await remove(containerName);
    },
  };
}

/** Over TCP also inside the container, so that the server of the first start can't be mistaken for the real one. */
function clientCommand(
  { engine, user, containerName }: { engine: string; user: string; containerName: string },
  database: string,
): string[] {
  if (engine === "postgres") {
    const quiet = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t"];
    const target = ["--host=127.0.0.1", `--username=${user}`, `--dbname=${database}`];
    return ["--env", "PGPASSWORD", containerName, "psql", ...quiet, "--set=ON_ERROR_STOP=1", ...target];
  }
  const tool = engine === "mariadb" ? "mariadb" : "mysql";
  const target = ["--host=127.0.0.1", `--user=${user}`, "--default-character-set=utf8mb4", `--database=${database}`];
  return ["--env", "MYSQL_PWD", containerName, tool, "--batch", "--skip-column-names", ...target];
}

async function feed(file: string, client: string[], env: Record<string, string>): Promise<void> {
  if (!existsSync(file)) throw new Error(`There is no file "${file}"`);
  const reader = file.endsWith(".gz") ? ["gzip", "-dc"] : file.endsWith(".zst") ? ["zstd", "-dcq"] : ["cat"];
  const unpacked = Bun.spawn([...reader, file], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const loader = Bun.spawn(client, {
    stdin: unpacked.stdout,
    stdout: "ignore",
    stderr: "pipe",
    env: { ...process.env, ...env },
  });
  const [said, status] = await Promise.all([new Response(loader.stderr).text(), loader.exited]);
  if (status !== 0) throw new Error(`Cannot load "${file}": ${said.trim()}`);
  if ((await unpacked.exited) !== 0) throw new Error(`Cannot unpack "${file}"`);
}

async function untilLoggedIn(source: Source): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await loggedIn(source))) {
    const { stdout } = await attempt(["docker", "inspect", "--format", "{{.State.Running}}", source.containerName]);
    if (stdout.trim() !== "true") throw new Error(await whatItSaid(source.containerName));
    if (Date.now() > deadline) throw new Error(`Not ready in time. ${await whatItSaid(source.containerName)}`);
    await Bun.sleep(100);
  }
}

/** Through the published port, with the drivers that ditto uses. */
async function loggedIn({ engine, host, port, user, password, database }: Source): Promise<boolean> {
  try {
    if (engine === "postgres") {
      const { Client } = await import("pg");
      const client = new Client({ host, port, user, password, database, connectionTimeoutMillis: 5000 });
      client.on("error", () => {});
      await client.connect();
      await client.end();
    } else {
      const { createConnection } = await import("mysql2/promise");
      const connection = await createConnection({ host, port, user, password, database, connectTimeout: 5000 });
      await connection.end();
    }
    return true;
  } catch {
    return false;
  }
}

async function whatItSaid(containerName: string): Promise<string> {
  const { stdout, stderr } = await attempt(["docker", "logs", "--tail", "8", containerName]);
  return `${containerName} said: ${`${stdout}\n${stderr}`.trim()}`;
}

async function remove(containerName: string): Promise<void> {
  await attempt(["docker", "rm", "--force", "--volumes", containerName]);
}

function urlOf(address: Pick<Source, "engine" | "user" | "password" | "host" | "port" | "database">): string {
  const { engine, user, password, host, port, database } = address;
  return `${engine}://${user}:${password}@${host}:${port}/${database}`;
}
