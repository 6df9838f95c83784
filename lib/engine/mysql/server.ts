import { randomBytes } from "node:crypto";
import { quoteShell as sh } from "../../kit/shell.ts";
import { crashGuard, NO_CORE } from "../crash-guard.ts";
import type { Place, ServeOptions, ServerVersion } from "../index.ts";
import { cachingSha2Verifier, nativeVerifier } from "./password.ts";
import { quoteAccount, quoteLiteral } from "./quote.ts";
import { birthSettings, serverSettings } from "./settings.ts";
import { isMysql } from "./version.ts";

/** The copies' user, and the definer of every view, routine, trigger and event in a base. */
export const USER = "ditto";

/** Servers lie in sbin, which a plain user's PATH may lack. */
const HEAD = `umask 077
PATH="$PATH:/usr/local/sbin:/usr/sbin:/usr/libexec"
first() { for name; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; return; fi; done; echo "$1"; }`;

const SERVER_NAMES = { mysql: "mysqld", mariadb: "mariadbd mysqld", postgres: "" };

/** POSIX sh: an empty data directory in which nobody but root has an account, without password until it is built. */
export function initialiseScript(place: Place, server: ServerVersion, traits: Record<string, string> = {}): string {
  const data = sh(`--datadir=${place.directory}/data`);
  const settings = birthSettings(traits).map(sh).join(" ");
  const make = isMysql(server)
    ? `mysqld --no-defaults --initialize-insecure ${data} --skip-log-bin --innodb-doublewrite=OFF ${settings}`
    : `"$(first mariadb-install-db mysql_install_db)" --no-defaults ${data} --skip-log-bin \\
  --auth-root-authentication-method=normal --skip-name-resolve --skip-test-db ${settings} >/dev/null`;
  // Both talk on stderr when all is well; it is only worth showing when it isn't.
  return `set -eu
${HEAD}
mkdir -p ${sh(place.run)}
chmod 700 ${sh(place.run)}
log=$( { ${make}; } 2>&1 ) || { status=$?; printf '%s\\n' "$log" >&2; exit "$status"; }
`;
}

/**
 * POSIX sh: the server in the foreground. `start.sql` is opened, deleted and handed over as an open file, so that it
 * is gone before the server begins and whatever happens then; the server runs it before it accepts a connection. The
 * shell stays because mysqld doesn't stop by SIGINT.
 */
export function serveScript(options: ServeOptions): string {
  const { directory, run } = options.place;
  const settings = Object.entries(serverSettings(options)).map(([name, value]) => sh(`--${name}=${value}`));
  return `set -u
${HEAD}
${options.purpose === "staging" ? NO_CORE : ""}cd ${sh(directory)}
mkdir -p ${sh(run)}
chmod 700 ${sh(run)}
${crashGuard.before}rm -f ${sh(`${run}/mysqld.pid`)}
${options.purpose !== "copy" ? `printf '%s\\n' ${buildSql(options.server).map(sh).join(" ")} > start.sql` : ""}
init=
if [ -e start.sql ]; then exec 3<start.sql; rm -f start.sql; init=--init-file=/dev/fd/3; fi
trap 'kill -TERM "$server"' TERM INT
"$(first ${SERVER_NAMES[options.server.flavour]})" --no-defaults ${sh(`--datadir=${directory}/data`)} ${network(options)} \\
  ${settings.join(" ")} \${init:+"$init"} &
server=$! status=1
exec 3<&-
while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
${crashGuard.after}exit "$status"
`;
}

function network(options: ServeOptions): string {
  const { run } = options.place;
  const socket = [`--socket=${run}/mysqld.sock`, `--pid-file=${run}/mysqld.pid`, `--secure-file-priv=${run}`];
  if (options.port === undefined) return [...socket, "--skip-networking"].map(sh).join(" ");
  return [...socket, `--port=${options.port}`, `--bind-address=${options.listen}`].map(sh).join(" ");
}

/**
 * What a build begins with: `ditto` exists, locked, so that it can be a definer, and no account but root@localhost can
 * log in, over the socket. A statement a line: more the servers' own reader of such files doesn't understand.
 */
function buildSql(server: ServerVersion): string[] {
  const password = randomBytes(24).toString("base64url");
  const others = server.flavour === "mariadb" ? "mysql.global_priv" : "mysql.user";
  return [
    "SET SESSION sql_mode = '';",
    `DELETE FROM ${others} WHERE User = '' OR (User = 'root' AND Host <> 'localhost');`,
    "DELETE FROM mysql.db WHERE User = '';",
    "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';",
    "FLUSH PRIVILEGES;",
    ...account(USER, password, server, "ACCOUNT LOCK"),
  ];
}

/** SQL for the server's start, a statement a line: this user with this password, and nobody else can log in. */
export function startSql(access: { user: string; password: string; server: ServerVersion }): string {
  const { user, password, server } = access;
  return `${["SET SESSION sql_mode = '';", ...lockAll(server), ...account(user, password, server, "ACCOUNT UNLOCK")].join("\n")}\n`;
}

/** Locks every account but the servers' own, which are born locked; an anonymous one would also shadow ours. */
export function lockAll(server: ServerVersion): string[] {
  if (server.flavour === "mariadb") {
    return [
      "DELETE FROM mysql.global_priv WHERE User = '';",
      "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.account_locked', true) WHERE JSON_VALUE(Priv, '$.is_role') IS NULL AND User <> 'PUBLIC';",
      "FLUSH PRIVILEGES;",
    ];
  }
  return [
    "DELETE FROM mysql.user WHERE User = '';",
    "UPDATE mysql.user SET account_locked = 'Y' WHERE account_locked = 'N';",
    "FLUSH PRIVILEGES;",
  ];
}

function account(user: string, password: string, server: ServerVersion, lock: string): string[] {
  const name = quoteAccount(user);
  const modern = isMysql(server, "8.0");
  const plugin = modern ? "caching_sha2_password" : "mysql_native_password";
  const verifier = modern ? cachingSha2Verifier(password) : nativeVerifier(password);
  return [
    `CREATE USER IF NOT EXISTS ${name} ACCOUNT LOCK;`,
    `ALTER USER ${name} IDENTIFIED WITH ${plugin} AS ${quoteLiteral(verifier)} ${lock};`,
    `GRANT ALL PRIVILEGES ON *.* TO ${name} WITH GRANT OPTION;`,
  ];
}

/** POSIX sh that ends the server and waits for the end of its process; needs no login, so it works on copies too. */
export function stopScript(place: Place): string {
  const file = sh(`${place.run}/mysqld.pid`);
  return `pid=$(cat ${file} 2>/dev/null) || exit 0
kill -TERM "$pid" 2>/dev/null || exit 0
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done`;
}
