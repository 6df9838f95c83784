import { type DatabaseUrl, defaultPorts } from "./url-parse.ts";

export { type DatabaseUrl, defaultPorts, parseDatabaseUrl } from "./url-parse.ts";

/** The forms in which a URL can be given to an application. */
export const urlForms = ["url", "jdbc", "dsn-go", "host", "port", "user", "password", "database"] as const;
export type UrlForm = (typeof urlForms)[number];

/** The URL that drivers of every language take: `postgres://`, `mysql://` (MariaDB too) or `sqlite:`. Holds the password. */
export function formatDatabaseUrl(parts: DatabaseUrl): string {
  return compose(parts, parts.password === "" ? "" : `:${encode(parts.password)}`);
}

/** The URL with its password as `***`. */
export function displayUrl(parts: DatabaseUrl): string {
  return compose(parts, parts.password === "" ? "" : ":***");
}

/** One value of {@link urlForms}; Go's Postgres drivers take the URL itself. */
export function formatAs(parts: DatabaseUrl, form: UrlForm): string {
  switch (form) {
    case "url":
      return formatDatabaseUrl(parts);
    case "jdbc":
      return jdbc(parts);
    case "dsn-go":
      return parts.engine === "mysql" ? goDsn(parts) : formatDatabaseUrl(parts);
    case "port":
      return String(parts.port);
    default:
      return parts[form];
  }
}

function compose(parts: DatabaseUrl, password: string): string {
  if (parts.engine === "sqlite") return `sqlite:${parts.database}`;
  const login = parts.user === "" && password === "" ? "" : `${encode(parts.user)}${password}@`;
  const address = parts.socket === undefined ? `${bracket(parts.host)}:${parts.port}` : socketAddress(parts);
  return `${parts.engine}://${login}${address}/${encode(parts.database)}${query(shownParams(parts))}`;
}

/** Drivers differ on an empty host for MySQL, so the name that they ignore beside a socket is written. */
function socketAddress(parts: DatabaseUrl): string {
  return parts.engine === "postgres" ? "" : "localhost";
}

function shownParams(parts: DatabaseUrl): Record<string, string> {
  if (parts.socket === undefined) return parts.engine === "mysql" ? mysqlParams(parts.params) : parts.params;
  if (parts.engine === "mysql") return { socket: parts.socket, ...mysqlParams(parts.params) };
  const port: Record<string, string> = parts.port === defaultPorts.postgres ? {} : { port: String(parts.port) };
  return { host: parts.socket, ...port, ...parts.params };
}

function jdbc(parts: DatabaseUrl): string {
  if (parts.engine === "sqlite") return `jdbc:sqlite:${parts.database}`;
  const scheme = { postgres: "postgresql", mysql: parts.flavourHint ?? "mysql" }[parts.engine];
  const login: Record<string, string> = parts.user === "" ? {} : { user: parts.user };
  if (parts.password !== "") login.password = parts.password;
  const tls = parts.engine === "mysql" ? mysqlJdbc(parts.params) : parts.params;
  return `jdbc:${scheme}://${bracket(parts.host)}:${parts.port}/${encode(parts.database)}${query({ ...login, ...tls })}`;
}

const MYSQL_MODES: Record<string, string> = {
  disable: "DISABLED",
  allow: "PREFERRED",
  prefer: "PREFERRED",
  require: "REQUIRED",
  "verify-ca": "VERIFY_CA",
  "verify-full": "VERIFY_IDENTITY",
};

const MYSQL_NAMES: Record<string, string> = { sslrootcert: "ssl-ca", sslcert: "ssl-cert", sslkey: "ssl-key" };

/** MySQL's own words for the parameters of TLS. */
function mysqlParams(params: Record<string, string>): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (name === "sslmode") named["ssl-mode"] = MYSQL_MODES[value] ?? value;
    else named[MYSQL_NAMES[name] ?? name] = value;
  }
  return named;
}

/** Connector/J and MariaDB's connector share this one parameter. */
function mysqlJdbc(params: Record<string, string>): Record<string, string> {
  const mode = MYSQL_MODES[params.sslmode ?? ""];
  return mode === undefined ? {} : { sslMode: mode };
}

const GO_MODES: Record<string, string> = {
  disable: "false",
  allow: "preferred",
  prefer: "preferred",
  require: "skip-verify",
  "verify-ca": "true",
  "verify-full": "true",
};

/** The form of github.com/go-sql-driver/mysql, which takes user and password as they are. */
function goDsn(parts: DatabaseUrl): string {
  const login = parts.password === "" ? parts.user : `${parts.user}:${parts.password}`;
  const address = parts.socket === undefined ? `tcp(${bracket(parts.host)}:${parts.port})` : `unix(${parts.socket})`;
  const tls = GO_MODES[parts.params.sslmode ?? ""];
  return `${login}@${address}/${encode(parts.database)}${query(tls === undefined ? {} : { tls })}`;
}

function query(params: Record<string, string>): string {
  const pairs = Object.entries(params).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : encode(host);
}

/** As RFC 3986 has it: also what encodeURIComponent leaves, because a shell or a parser may trip over it. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
