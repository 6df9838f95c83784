import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { Client, ClientConfig } from "pg";
import { DittoError } from "../../kit/errors.ts";
import { checksServer, readTlsFiles } from "../../kit/tls-files.ts";
import type { DatabaseUrl } from "../../kit/url.ts";
import type { ConnectOptions, Session } from "../index.ts";
import { quoteIdentifier } from "./quote.ts";

/** What pg_dump sets for itself, whatever the role's defaults say (see `setup_connection` in pg_dump.c), and a little more. */
const GUEST_SETTINGS = [
  "SET datestyle = 'ISO'",
  "SET intervalstyle = 'postgres'",
  "SET timezone = 'UTC'",
  "SET extra_float_digits = 3",
  "SET bytea_output = 'hex'",
  "SET standard_conforming_strings = on",
  "SET synchronize_seqscans = off",
  // transaction_timeout came with 17, idle_session_timeout with 14.
  "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout', 'idle_session_timeout')",
  // Names and defaults in a database without an encoding may be no UTF-8.
  "SELECT set_config('client_encoding', CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false)",
  "SET row_security = off",
  // Where there are thousands of tables it takes seconds to compile a question to the catalog, and a tenth of that to ask it.
  "SET jit = off",
  "SET search_path = ''",
  "SET default_transaction_read_only = on",
];

/** Connects to a Postgres server. Throws {@link DittoError} with what to do about it. */
export async function connect(target: DatabaseUrl, options: ConnectOptions = {}): Promise<Session> {
  const client = await open(target, options);
  // Without a listener it would end the process; so it fails the next query, with what the server said last.
  let lost: Error | undefined;
  client.on("error", (error) => {
    lost ??= error;
  });
  if (options.guest) {
    await refusePooler(client, target);
    await client.query(GUEST_SETTINGS.join(";"));
    if (options.statementMs !== undefined) await client.query(`SET statement_timeout = ${options.statementMs}`);
  }
  const { rows } = await client.query("SELECT current_setting('server_version') v, current_database() d");
  return {
    server: { flavour: "postgres", version: String(rows[0].v).split(" ")[0] ?? "" },
    database: String(rows[0].d),
    async query<Row>(sql: string, parameters?: unknown[]) {
      const result = await client
        .query(parameters === undefined ? { text: sql } : { text: sql, values: parameters })
        .catch((error) => {
          throw lost ?? error;
        });
      const last = Array.isArray(result) ? result.at(-1) : result;
      return (last?.rows ?? []) as Row[];
    },
    close: () => client.end(),
  };
}

/** A pooler hands transactions of one client to several sessions, in which neither a snapshot nor a setting lasts. */
async function refusePooler(client: Client, target: DatabaseUrl): Promise<void> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  // The number that a server gives for cancelling is its process; poolers make up their own.
  const { processID } = client as Client & { processID?: number | null };
  if (!processID || processID === rows[0]?.pid) return;
  await client.end();
  throw new DittoError(
    `Cannot dump from ${target.host}:${target.port}: a connection pooler answers there, not the server`,
    {
      code: "POOLER",
      hint: "Name the server's own host and port in source.url (for PgBouncer and hosted poolers often port 5432 of another host name)",
    },
  );
}

async function open(target: DatabaseUrl, options: ConnectOptions): Promise<Client> {
  const mode = target.params.sslmode ?? "prefer";
  try {
    if (target.socket !== undefined || mode === "disable") return await attempt(target, options, undefined);
    if (mode === "require" || mode.startsWith("verify")) return await attempt(target, options, await tls(target, mode));
    return await prefer(target, options);
  } catch (error) {
    throw error instanceof DittoError ? error : explain(error, target);
  }
}

/** Encrypted where the server can, as libpq's "prefer"; on this machine only where the server insists. */
async function prefer(target: DatabaseUrl, options: ConnectOptions): Promise<Client> {
  const plain = () => attempt(target, options, undefined);
  const encrypted = async () => attempt(target, options, await tls(target, "require"));
  const local = /^(localhost|127\.|::1$)/.test(target.host);
  const [first, second, reason] = local
    ? [plain, encrypted, /no encryption|SSL off/]
    : [encrypted, plain, /does not support SSL|SSL encryption/];
  return first().catch((error) => {
    if (reason.test(String((error as Error).message))) return second();
    throw error;
  });
}

async function attempt(target: DatabaseUrl, options: ConnectOptions, ssl: ClientConfig["ssl"]): Promise<Client> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: target.socket ?? target.via?.host ?? target.host,
    port: target.via?.port ?? target.port,
    user: target.user,
    password: target.password,
    database: target.database || target.user,
    application_name: "ditto",
    connectionTimeoutMillis: options.timeoutMs ?? 10_000,
    keepAlive: true,
    ...(target.params.options === undefined ? {} : { options: target.params.options }),
    ...(ssl === undefined ? {} : { ssl }),
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function tls(target: DatabaseUrl, mode: string): Promise<ClientConfig["ssl"]> {
  const name = target.serverName ?? target.host;
  return {
    rejectUnauthorized: checksServer(target),
    // The name is the source's own, also where a tunnel's end is what answers.
    checkServerIdentity: (_host, certificate) =>
      mode === "verify-full" ? checkServerIdentity(name, certificate) : undefined,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(await readTlsFiles(target)),
  };
}

const EXPLANATIONS: Record<
  string,
  (target: DatabaseUrl, message: string) => { state: string; hint: string; code: string }
> = {
  "28P01": (t) => ({
    code: "WRONG_PASSWORD",
    state: `the server refuses the password of user "${t.user}"`,
    hint: "Check the user and the password (source.password_secret, or in source.url percent-encoded)",
  }),
  "28000": (t, message) => ({
    code: "ACCESS_REFUSED",
    state: / does not exist$/.test(message)
      ? `there is no user "${t.user}"`
      : `the server's access rules (pg_hba.conf) refuse user "${t.user}" on database "${t.database}" from here`,
    hint: "Add a rule for this user and address on the server, or use another user",
  }),
  "42501": (t) => ({
    code: "NO_PRIVILEGE",
    state: `the user "${t.user}" may not connect to the database "${t.database}"`,
    hint: `Let an administrator run this: GRANT CONNECT ON DATABASE ${quoteIdentifier(t.database)} TO ${quoteIdentifier(t.user)};`,
  }),
  "3D000": (t) => ({
    code: "DATABASE_MISSING",
    state: `there is no database "${t.database}"`,
    hint: "Check the database's name at the end of the URL",
  }),
  "53100": () => ({
    code: "DISK_FULL",
    state: "the server's disk is full",
    hint: 'Free space where the server keeps its data; of copies, "bun scripts/copy.ts prune" removes what is expired',
  }),
  "53300": () => ({
    code: "TOO_MANY_CONNECTIONS",
    state: "the server has no connection left",
    hint: "Try again later, or give the dump user a reserved connection",
  }),
};

function explain(error: unknown, target: DatabaseUrl): DittoError {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  const where = target.socket ?? `${target.host}:${target.port}`;
  const known = EXPLANATIONS[code]?.(target, message);
  if (known) {
    return new DittoError(`Cannot connect to ${where}: ${known.state}`, {
      code: known.code,
      hint: known.hint,
      cause: error,
    });
  }
  const missingPassword = /password must be a string|no password/i.test(message);
  if (missingPassword) {
    return new DittoError(`Cannot connect to ${where}: the server wants a password and none is configured`, {
      code: "WRONG_PASSWORD",
      hint: "Set source.password_secret, e.g. env:DB_PASSWORD",
      cause: error,
    });
  }
  if (/CERT|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return new DittoError(
      `Cannot connect to ${where}: the server's certificate is not trusted (${message.split("\n")[0]})`,
      {
        code: "TLS_UNTRUSTED",
        hint: "Set source.tls.ca to the certificate of its authority, or source.tls.mode to require to skip the check",
        cause: error,
      },
    );
  }
  return new DittoError(`Cannot connect to ${where}: ${networkState(code, message)}`, {
    code: "UNREACHABLE",
    hint: "Check host and port, and that the server is running and reachable from this machine",
    cause: error,
  });
}

function networkState(code: string, message: string): string {
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host's name is unknown";
  if (code === "ENOENT") return "there is no such socket";
  if (code === "ETIMEDOUT" || /timeout/i.test(message)) return "no answer within the time limit";
  return message.split("\n")[0] || code;
}
