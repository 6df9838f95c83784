import { connect as createSocket, type Socket } from "node:net";
import type { Connection, ConnectionOptions } from "mysql2";
import { checksServer, readTlsFiles } from "../../kit/tls-files.ts";
import type { DatabaseUrl } from "../../kit/url.ts";
import type { ConnectOptions, ServerVersion, Session } from "../index.ts";
import { explainConnect } from "./explain.ts";
import { parseServerVersion } from "./version.ts";

/** A session through mysql2 that lets the row stream get at the wire. */
export interface MysqlSession extends Session {
  readonly connection: Connection;
}

/** What mysqldump sets for itself, and what keeps a long read alive, whatever the server's defaults say. */
const SETTINGS = [
  "SET NAMES utf8mb4",
  "SET SESSION time_zone = '+00:00'",
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
];

const GUEST_SETTINGS = [
  "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
  "SET SESSION lock_wait_timeout = 10",
  "SET SESSION net_write_timeout = 3600",
  "SET SESSION net_read_timeout = 3600",
  "SET SESSION wait_timeout = 86400",
  "SET SESSION group_concat_max_len = 1048576",
];

/** How long a server may take to say good-bye, in milliseconds. */
const CLOSE_LIMIT_MS = 2_000;

/** Connects to a MySQL or MariaDB server. Throws {@link DittoError} with what to do about it. */
export async function connect(target: DatabaseUrl, options: ConnectOptions = {}): Promise<MysqlSession> {
  const connection = await open(target, options);
  connection.on("error", () => {}); // A lost connection fails the next query; without a listener it would end the process.
  const query = <Row>(sql: string, parameters?: unknown[]) => ask<Row>(connection, sql, parameters);
  const [row] = await query<Record<string, string | null>>("SELECT VERSION() v, @@version_comment c, DATABASE() d");
  const server = parseServerVersion(String(row?.v), String(row?.c));
  const settings = [...SETTINGS, ...(options.guest ? guestSettings(server, options.statementMs ?? 0) : [])];
  for (const setting of settings) await query(setting);
  return { server, database: row?.d ?? "", connection, query, close: () => close(connection) };
}

/** MariaDB counts in seconds. */
function guestSettings(server: ServerVersion, limitMs: number): string[] {
  const limit =
    server.flavour === "mariadb" ? `max_statement_time = ${limitMs / 1000}` : `max_execution_time = ${limitMs}`;
  return [...GUEST_SETTINGS, `SET SESSION ${limit}`];
}

function ask<Row>(connection: Connection, sql: string, parameters?: unknown[]): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, rows: unknown) => {
      if (error) reject(error);
      else resolve(Array.isArray(rows) ? (rows as Row[]) : []);
    };
    if (parameters === undefined) connection.query(sql, done);
    else connection.execute(sql, parameters as string[], done);
  });
}

/** One that the server has ended already may never tell of its end. */
async function close(connection: Connection): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    connection.once("end", () => resolve());
    connection.end(() => resolve());
  });
  await Promise.race([ended, Bun.sleep(CLOSE_LIMIT_MS)]);
  connection.destroy();
}

async function open(target: DatabaseUrl, options: ConnectOptions): Promise<Connection> {
  const mode = target.params.sslmode ?? "prefer";
  try {
    if (target.socket !== undefined || mode === "disable") return await attempt(target, options, undefined);
    if (mode === "require" || mode.startsWith("verify")) return await attempt(target, options, await tls(target, mode));
    return await prefer(target, options);
  } catch (error) {
    throw explainConnect(error, target);
  }
}

/** Encrypted where the server can, as mysql's "preferred"; on this machine only where the server insists. */
async function prefer(target: DatabaseUrl, options: ConnectOptions): Promise<Connection> {
  const ways = [{ rejectUnauthorized: false }, undefined];
  const local = /^(localhost|127\.|::1$)/.test(target.host);
  const [first, second] = local ? ways.reverse() : ways;
  return attempt(target, options, first).catch((error) => {
    if (local ? wantsTls(error) : (error as { code?: string }).code === "HANDSHAKE_NO_SSL_SUPPORT") {
      return attempt(target, options, second);
    }
    throw error;
  });
}

function wantsTls(error: unknown): boolean {
  const { code, message = "" } = error as { code?: string; message?: string };
  return code === "ER_SECURE_TRANSPORT_REQUIRED" || /require_secure_transport|insecure transport/i.test(message);
}

async function attempt(
  target: DatabaseUrl,
  options: ConnectOptions,
  ssl: ConnectionOptions["ssl"],
): Promise<Connection> {
  const { createConnection } = await import("mysql2");
  const connection = createConnection({
    ...addressOf(target),
    user: target.user,
    password: target.password,
    ...(target.database === "" ? {} : { database: target.database }),
    connectTimeout: options.timeoutMs ?? 10_000,
    connectAttributes: { program_name: "ditto" },
    charset: "UTF8MB4_GENERAL_CI",
    dateStrings: true,
    supportBigNumbers: true,
    enableKeepAlive: true,
    // A server that asks for a file of ours gets none.
    flags: ["-LOCAL_FILES"],
    ...(ssl === undefined ? {} : { ssl }),
  });
  return new Promise((resolve, reject) => {
    connection.on("error", () => {});
    connection.connect((error) => {
      if (error) {
        connection.destroy();
        reject(error);
      } else resolve(connection);
    });
  });
}

/** The name that TLS checks is the driver's `host`, also where the connection goes elsewhere. */
function addressOf(target: DatabaseUrl): ConnectionOptions {
  const { socket, via, port } = target;
  if (socket !== undefined) return { socketPath: socket };
  const host = target.serverName ?? target.host;
  const to = via ?? (target.serverName === undefined ? undefined : { host: target.host, port });
  return { host, port, ...(to === undefined ? {} : { stream: () => openSocket(to) }) };
}

function openSocket(to: { host: string; port: number }): Socket {
  return createSocket({ ...to, keepAlive: true, noDelay: true });
}

async function tls(target: DatabaseUrl, mode: string): Promise<ConnectionOptions["ssl"]> {
  return {
    rejectUnauthorized: checksServer(target),
    verifyIdentity: mode === "verify-full",
    ...(await readTlsFiles(target)),
  };
}
