import { existsSync } from "node:fs";
import { type DittoError, usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { readTlsParam } from "./tls-params.ts";

/** Where a database is and how to log in, whatever form its URL had. Never print it: use `displayUrl` of url.ts. */
export interface DatabaseUrl {
  engine: "postgres" | "mysql" | "sqlite";
  /** What the URL's scheme said; the server says what it really is. */
  flavourHint?: "mariadb" | "mysql";
  /** "" only for SQLite; IPv6 without brackets. */
  host: string;
  port: number;
  user: string;
  password: string;
  /** The file's path for SQLite. */
  database: string;
  /** The folder of Postgres' socket, or MySQL's socket file; host and port then don't matter to the network. */
  socket?: string;
  /** Where it is reached when that is not host and port: a tunnel's end, a container's address. TLS still checks the host's name. */
  via?: { host: string; port: number };
  /** The name that the server's certificate must have, when it is not the host's. */
  serverName?: string;
  /** What tools and drivers share; the names are libpq's (`sslmode`, `sslrootcert`, …) for MySQL too. */
  params: Record<string, string>;
  /** Names of the parameters that only the application's driver understands. */
  dropped: string[];
}

/** Port of a server that doesn't say otherwise. */
export const defaultPorts = { postgres: 5432, mysql: 3306, sqlite: 0 } as const;

const SCHEMES: Record<string, Pick<DatabaseUrl, "engine" | "flavourHint">> = {
  postgres: { engine: "postgres" },
  postgresql: { engine: "postgres" },
  postgis: { engine: "postgres" },
  pgsql: { engine: "postgres" },
  mysql: { engine: "mysql" },
  mysql2: { engine: "mysql" },
  mariadb: { engine: "mysql", flavourHint: "mariadb" },
  sqlite: { engine: "sqlite" },
  sqlite3: { engine: "sqlite" },
};

/** Other parameters that libpq and the drivers understand alike. */
const SHARED = {
  postgres: new Set(["options", "channel_binding", "connect_timeout", "sslcrl", "gssencmode"]),
  mysql: new Set<string>(),
};

/** Parameters that stand for a part of the URL. */
const PARTS: Record<string, "user" | "password" | "database" | "port" | "host" | "socket"> = {
  user: "user",
  username: "user",
  password: "password",
  dbname: "database",
  port: "port",
  host: "host",
  socket: "socket",
  unix_socket: "socket",
  localsocket: "socket",
};

/**
 * Reads a database URL in any form that applications use: libpq, SQLAlchemy, JDBC, Rails, Prisma, Go.
 * Throws exit 2; the message never holds the password.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const given = text.trim();
  const jdbc = /^jdbc:/i.test(given);
  const bare = jdbc ? given.slice(5) : given;
  const scheme = /^([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?:/i.exec(bare);
  const kind = SCHEMES[scheme?.[1]?.toLowerCase() ?? ""];
  // "mysql:secret@tcp(host:3306)/db" is a Go DSN of a user named mysql.
  const dsn = scheme !== null && bare.startsWith("//", scheme[0].length) ? undefined : goDsn(given);
  if (dsn !== undefined) return dsn;
  if (scheme !== null && kind !== undefined) {
    const rest = bare.slice(scheme[0].length);
    return kind.engine === "sqlite" ? sqlite(rest) : server(kind, rest, jdbc);
  }
  return refuse(given, scheme?.[1]);
}

function refuse(given: string, scheme: string | undefined): never {
  if (scheme === undefined || !given.includes("://")) {
    throw bad("it has no scheme", "Write postgres://user@host:5432/database, mysql://… or sqlite:PATH");
  }
  throw bad(`the scheme "${scheme}" is not known`, didYouMean(scheme, Object.keys(SCHEMES)));
}

function bad(state: string, hint?: string): DittoError {
  return usageError(`Cannot read the database URL: ${state}`, hint, "URL_MALFORMED");
}

/** SQLAlchemy and Django write a relative path behind three slashes, everybody else an absolute one: the file decides. */
function sqlite(rest: string): DatabaseUrl {
  const path = decode(rest.replace(/\?.*$/, ""));
  const behind = path.startsWith("///") ? path.slice(2) : path.startsWith("//") ? path.slice(2) : path;
  const absolute = behind.replace(/^\/+/, "/");
  const relative = path.startsWith("///") && !path.startsWith("////") && !existsSync(absolute);
  const database = relative ? absolute.slice(1) : absolute;
  if (database === "") throw bad("the file's path is missing", "Write sqlite:PATH");
  return { engine: "sqlite", host: "", port: 0, user: "", password: "", database, params: {}, dropped: [] };
}

function server(kind: Pick<DatabaseUrl, "engine" | "flavourHint">, rest: string, jdbc: boolean): DatabaseUrl {
  // jdbc:postgresql:app is the database on this machine.
  const behind = rest.startsWith("//") ? rest.slice(2) : jdbc ? `/${rest.replace(/^\//, "")}` : undefined;
  if (behind === undefined) throw bad('"//" is missing behind the scheme');
  const { login, address, path, query } = split(behind);
  const parts: DatabaseUrl = {
    ...kind,
    ...readLogin(login),
    ...readAddress(address, kind.engine),
    database: decode(path),
    params: {},
    dropped: [],
  };
  for (const [name, value] of pairsOf(query)) readParam(parts, name, value, jdbc);
  if (parts.host === "") parts.host = "localhost";
  if (parts.database.includes("\0")) throw bad("the database's name holds a zero byte");
  return parts;
}

/** Takes the text apart, also where a password holds "/", "?" or "@" as they are; what could mean two things is refused. */
function split(text: string): { login: string; address: string; path: string; query: string } {
  const standard = /^([^/?]*)(\/[^?]*)?(?:\?(.*))?$/su.exec(text);
  const [, authority = "", path = "", query = ""] = standard ?? [];
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    if (path.includes("@")) throw ambiguous();
    return { login: authority.slice(0, at), address: authority.slice(at + 1), path: path.slice(1), query };
  }
  const rawPassword = /^[^:]*:(?!\d*$)/.test(authority) && !authority.startsWith("[") && text.includes("@");
  if (!rawPassword) {
    if (path.includes("@") || /^[^=]*@/.test(query)) throw ambiguous();
    return { login: "", address: authority, path: path.slice(1), query };
  }
  const end = text.lastIndexOf("@");
  const behind = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/su.exec(text.slice(end + 1));
  return { login: text.slice(0, end), address: behind?.[1] ?? "", path: behind?.[2] ?? "", query: behind?.[3] ?? "" };
}

function ambiguous(): DittoError {
  return bad(
    '"@" and "/" can be read in two ways',
    'Write "@" as %40 and "/" as %2F in the user, password and database',
  );
}

function readLogin(login: string): { user: string; password: string } {
  const colon = login.indexOf(":");
  if (colon < 0) return { user: decode(login), password: "" };
  return { user: decode(login.slice(0, colon)), password: decode(login.slice(colon + 1)) };
}

function readAddress(
  address: string,
  engine: "postgres" | "mysql" | "sqlite",
): { host: string; port: number; socket?: string } {
  if (address.includes(",")) throw bad("it names several hosts", "Name the one that copies may be dumped from");
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([^:]*))?$/su.exec(address);
  // An address that isn't one may be the end of a password: it is not repeated.
  if (match === null) throw bad("the host is malformed", "Write an IPv6 address in brackets: [::1]:5432");
  const host = decode(match[1] ?? match[2] ?? "");
  const port = match[3] === undefined || match[3] === "" ? defaultPorts[engine] : readPort(match[3]);
  if (host.startsWith("/")) return { host: "localhost", port, socket: host };
  if (/[\s@/\\]/.test(host)) throw bad("the host is malformed");
  return { host, port };
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw bad("the port is not a number from 1 to 65535");
  return port;
}

function pairsOf(query: string): [string, string][] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [decode(pair), ""] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
}

function readParam(parts: DatabaseUrl, name: string, value: string, jdbc: boolean): void {
  const part = PARTS[name.toLowerCase()];
  const tls = readTlsParam(name, value, jdbc);
  if (part !== undefined) readPart(parts, part, value);
  else if (tls !== undefined) parts.params[tls[0]] = tls[1];
  else if (parts.engine !== "sqlite" && SHARED[parts.engine].has(name)) parts.params[name] = value;
  else parts.dropped.push(name);
}

function readPart(parts: DatabaseUrl, part: (typeof PARTS)[string], value: string): void {
  if (value === "") return;
  if (part === "port") parts.port = readPort(value);
  else if (part === "socket" || (part === "host" && value.startsWith("/"))) parts.socket = value;
  else parts[part] = value;
}

/** `user:password@tcp(host:port)/database?…` of Go's MySQL driver; nothing but the parameters is percent-encoded in it. */
function goDsn(text: string): DatabaseUrl | undefined {
  const match =
    /^(?:(?<login>.*)@)?(?<net>tcp6?|unix)\((?<address>[^()]*)\)\/(?<path>[^/?]*)(?:\?(?<query>.*))?$/su.exec(text);
  if (match?.groups === undefined) return undefined;
  const { login = "", net, address = "", path = "", query = "" } = match.groups;
  const colon = login.indexOf(":");
  const place =
    net === "unix" ? { host: "localhost", port: defaultPorts.mysql, socket: address } : readAddress(address, "mysql");
  const parts: DatabaseUrl = {
    engine: "mysql",
    user: colon < 0 ? login : login.slice(0, colon),
    password: colon < 0 ? "" : login.slice(colon + 1),
    ...place,
    database: decode(path),
    params: {},
    dropped: [],
  };
  for (const [name, value] of pairsOf(query)) readParam(parts, name, value, false);
  if (parts.host === "") parts.host = "localhost";
  return parts;
}

/** Decodes what is percent-encoded; a "%" that begins no code stays, because people paste passwords as they are. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      throw bad("its percent-encoding is not UTF-8", 'Write a "%" that stands for itself as %25');
    }
  });
}
