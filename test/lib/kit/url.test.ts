import { expect, test } from "bun:test";
import { DittoError } from "../../../lib/kit/errors.ts";
import { type DatabaseUrl, displayUrl, formatAs, formatDatabaseUrl, parseDatabaseUrl } from "../../../lib/kit/url.ts";

const at = (parts: Partial<DatabaseUrl>): DatabaseUrl => ({
  engine: "postgres",
  host: "h",
  port: parts.engine === "mysql" ? 3306 : 5432,
  user: "u",
  password: "p",
  database: "db",
  params: {},
  dropped: [],
  ...parts,
});

const forms: [string, DatabaseUrl][] = [
  ["postgres://u:p@h/db", at({})],
  ["postgresql://u:p@h:6000/db", at({ port: 6000 })],
  ["PostgreSQL://u:p@h/db", at({})],
  ["postgresql+psycopg://u:p@h/db", at({})],
  ["  postgres://u:p@h/db\n", at({})],
  ["postgres://u:p@h/db?schema=public&pgbouncer=true", at({ dropped: ["schema", "pgbouncer"] })],
  ["postgres://u:p@h/db?connection_limit=5&pool_timeout=3", at({ dropped: ["connection_limit", "pool_timeout"] })],
  [
    "postgres://u:p@h/db?sslmode=verify-full&sslrootcert=/ca",
    at({ params: { sslmode: "verify-full", sslrootcert: "/ca" } }),
  ],
  ["postgres://u:p@h/db?sslmode=no-verify", at({ params: { sslmode: "require" } })],
  ["postgres://u:p%2Fw%40x@h/db", at({ password: "p/w@x" })],
  ["postgres://u:p/w@h/db", at({ password: "p/w" })],
  ["postgres://u:p@w@h/db", at({ password: "p@w" })],
  ["postgres://u:p?w@h/db", at({ password: "p?w" })],
  ["postgres://u:p#w@h/db", at({ password: "p#w" })],
  ["postgres://u:p:w@h/db", at({ password: "p:w" })],
  ["postgres://u:pä漢🔑@h/db", at({ password: "pä漢🔑" })],
  ["postgres://u:p%C3%A4@h/db", at({ password: "pä" })],
  ["postgres://u:100%@h/db", at({ password: "100%" })],
  ["postgres://u%40corp:p@h/my%20db", at({ user: "u@corp", database: "my db" })],
  ["postgres://u:p@[::1]:5433/db", at({ host: "::1", port: 5433 })],
  ["postgres://u:p@[fe80::1]/db", at({ host: "fe80::1" })],
  ["postgres://u:p@/db?host=/var/run/postgresql", at({ host: "localhost", socket: "/var/run/postgresql" })],
  ["postgres://u:p@%2Fvar%2Frun%2Fpostgresql/db", at({ host: "localhost", socket: "/var/run/postgresql" })],
  ["postgres:///db?host=h&port=7&user=u&password=p", at({ port: 7 })],
  ["postgres://h/db", at({ user: "", password: "" })],
  ["postgres:///db", at({ host: "localhost", user: "", password: "" })],
  ["jdbc:postgresql://h:5432/db?user=u&password=p%26q", at({ password: "p&q" })],
  ["jdbc:postgresql://h/db?user=u&password=p@q/r", at({ password: "p@q/r" })],
  ["jdbc:postgresql://h/db?user=u&password=p&ssl=true", at({ params: { sslmode: "verify-full" } })],
  ["jdbc:postgresql:db", at({ host: "localhost", user: "", password: "" })],
  ["mysql://u:p@h/db", at({ engine: "mysql" })],
  ["mysql2://u:p@h/db?charset=utf8mb4", at({ engine: "mysql", dropped: ["charset"] })],
  ["mysql+pymysql://u:p@h/db", at({ engine: "mysql" })],
  ["mariadb://u:p@h:3307/db", at({ engine: "mysql", flavourHint: "mariadb", port: 3307 })],
  ["mariadb+mariadbconnector://u:p@h/db", at({ engine: "mysql", flavourHint: "mariadb" })],
  ["jdbc:mariadb://h/db?user=u&password=p", at({ engine: "mysql", flavourHint: "mariadb" })],
  ["jdbc:mysql://h/db?user=u&password=p&useSSL=true", at({ engine: "mysql", params: { sslmode: "require" } })],
  [
    "mysql://u:p@h/db?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca",
    at({ engine: "mysql", params: { sslmode: "verify-full", sslrootcert: "/ca" } }),
  ],
  ['mysql://u:p@h/db?ssl={"rejectUnauthorized":true}', at({ engine: "mysql", params: { sslmode: "verify-full" } })],
  ["mysql://u:p@h/db?sslaccept=strict", at({ engine: "mysql", params: { sslmode: "verify-full" } })],
  ["mysql://u:p@localhost/db?socket=/run/m.sock", at({ engine: "mysql", host: "localhost", socket: "/run/m.sock" })],
  [
    "mysql+pymysql://u:p@/db?unix_socket=/run/m.sock",
    at({ engine: "mysql", host: "localhost", socket: "/run/m.sock" }),
  ],
  ["u:p@tcp(h:3306)/db?parseTime=true", at({ engine: "mysql", dropped: ["parseTime"] })],
  ["u:p@tcp([::1]:3306)/db", at({ engine: "mysql", host: "::1" })],
  [
    "u:p@/:w%20@tcp(h:3306)/db?tls=skip-verify",
    at({ engine: "mysql", password: "p@/:w%20", params: { sslmode: "require" } }),
  ],
  ["mysql:p@tcp(h)/db", at({ engine: "mysql", user: "mysql" })],
  ["u:p@unix(/run/m.sock)/db", at({ engine: "mysql", host: "localhost", socket: "/run/m.sock" })],
];

test.each(forms)("%s is understood", (text, parts) => {
  expect(parseDatabaseUrl(text)).toEqual(parts);
});

test.each(forms)("%s written out again is the same database", (text) => {
  const { dropped: _, flavourHint: __, ...parts } = parseDatabaseUrl(text);
  const { dropped: ___, ...again } = parseDatabaseUrl(formatDatabaseUrl(parseDatabaseUrl(text)));
  expect(again).toEqual(parts);
});

test.each([
  ["sqlite:app.db", "app.db"],
  ["sqlite:/var/app.db", "/var/app.db"],
  ["sqlite:////var/app.db", "/var/app.db"],
  ["sqlite:///no-such-file.db", "no-such-file.db"],
  [`sqlite://${import.meta.path}`, import.meta.path],
  ["sqlite3:db/a%20b.sqlite3?mode=ro", "db/a b.sqlite3"],
])("%s is the file %s", (text, database) => {
  expect(parseDatabaseUrl(text)).toMatchObject({ engine: "sqlite", database });
});

const secret = "S3cr3t";
test.each([
  [`foo://u:${secret}@h/db`, 'the scheme "foo" is not known'],
  [`u:${secret}@h/db`, "no scheme"],
  [`postgres:u:${secret}@h`, '"//" is missing'],
  [`postgres://u:${secret}@h:99999/db`, "the port"],
  [`postgres://u:${secret}@h:5432x/db`, "the port"],
  [`postgres://u:${secret}@h1:1,h2:2/db`, "several hosts"],
  [`postgres://u:x@${secret}/w@h/db`, "two ways"],
  [`postgres://u:12/${secret}@h/db`, "two ways"],
  [`postgres://u:1?${secret}@h/db`, "two ways"],
  [`postgres://u:${secret}%FF@h/db`, "not UTF-8"],
  [`postgres://u:${secret}@::1/db`, "malformed"],
  [`postgres://u:${secret}@h/db?sslmode=requir`, "has no mode"],
  ["", "no scheme"],
])("%s is refused without its password in the message", (text, state) => {
  try {
    parseDatabaseUrl(text);
    throw new Error("accepted");
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    expect(error.message).toContain(state);
    expect(error.exit).toBe(2);
    expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain(secret);
  }
});

const awkward = at({ user: "u@x", password: "p'/(w)", database: "my db", host: "::1", port: 6000 });

test("each form of a Postgres URL is percent-encoded as its readers expect", () => {
  expect(formatAs(awkward, "url")).toBe("postgres://u%40x:p%27%2F%28w%29@[::1]:6000/my%20db");
  expect(formatAs(awkward, "jdbc")).toBe("jdbc:postgresql://[::1]:6000/my%20db?user=u%40x&password=p%27%2F%28w%29");
  expect(formatAs(awkward, "dsn-go")).toBe(formatAs(awkward, "url"));
  expect(formatAs(awkward, "port")).toBe("6000");
  expect(formatAs(awkward, "password")).toBe("p'/(w)");
});

test("MariaDB's URL is mysql:// for every language, mariadb only for JDBC, and Go has its own form", () => {
  const parts = at({ engine: "mysql", flavourHint: "mariadb", password: "p/w@x", params: { sslmode: "require" } });
  expect(formatAs(parts, "url")).toBe("mysql://u:p%2Fw%40x@h:3306/db?ssl-mode=REQUIRED");
  expect(formatAs(parts, "jdbc")).toBe("jdbc:mariadb://h:3306/db?user=u&password=p%2Fw%40x&sslMode=REQUIRED");
  expect(formatAs(parts, "dsn-go")).toBe("u:p/w@x@tcp(h:3306)/db?tls=skip-verify");
});

test("a displayed URL has no password", () => {
  expect(displayUrl(at({ password: secret }))).toBe("postgres://u:***@h:5432/db");
  expect(displayUrl(at({ password: "" }))).toBe("postgres://u@h:5432/db");
});

test("Node's own URL parser reads what is written", () => {
  const url = new URL(formatDatabaseUrl(awkward));
  expect(decodeURIComponent(url.password)).toBe("p'/(w)");
  expect(url.hostname).toBe("[::1]");
  expect(decodeURIComponent(url.pathname)).toBe("/my db");
});
