import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { quoteShell as sh } from "../../kit/shell.ts";
import { crashGuard, NO_CORE } from "../crash-guard.ts";
import type { Place, ServeOptions, ServerVersion } from "../index.ts";
import { quoteIdentifier, quoteLiteral } from "./quote.ts";

/** The bootstrap role of every base: owner of what `roles: drop` leaves without one, and the copies' user. */
export const ADMIN = "ditto";

/** `17` of `17.6 (Debian …)`. */
export function majorOf(server: ServerVersion): string {
  return /^\d+/.exec(server.version)?.[0] ?? server.version;
}

const ACCESS_RULES = "local all all trust\nhost all all all scram-sha-256\n";

/** POSIX sh: an empty cluster. Its messages are English whatever the image's locale, since ditto reads some. */
export function initialiseScript(place: Place): string {
  const { directory, run } = place;
  return `set -eu
umask 077
mkdir -p ${sh(run)}
initdb -D ${sh(`${directory}/data`)} -U ${ADMIN} --encoding=UTF8 --locale=C --auth=trust --no-sync >/dev/null
printf '%s' ${sh(ACCESS_RULES)} > ${sh(`${directory}/data/pg_hba.conf`)}
`;
}

/**
 * POSIX sh: the server in the foreground. `start.sql` runs in single-user mode, where nobody can log in; the shell
 * stays because SIGTERM alone would make Postgres wait for its clients.
 */
export function serveScript(options: ServeOptions): string {
  const { directory } = options.place;
  const settings = Object.entries({ ...baseSettings(options), ...options.settings })
    .map(([name, value]) => `-c ${sh(`${name}=${value}`)}`)
    .join(" ");
  return `set -u
umask 077
${options.purpose === "staging" ? NO_CORE : ""}cd ${sh(directory)}
mkdir -p ${sh(options.place.run)}
${crashGuard.before}if [ "$$" = 1 ]; then rm -f data/postmaster.pid; fi
if [ -e start.sql ]; then
  postgres --single -D data -c fsync=off -c log_min_messages=error postgres < start.sql >/dev/null || exit 1
  rm -f start.sql
fi
trap 'kill -INT "$server"' TERM INT
postgres -D data ${settings} &
server=$!
while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
${crashGuard.after}exit "$status"
`;
}

function baseSettings(options: ServeOptions): Record<string, string> {
  const common = {
    listen_addresses: options.port === undefined ? "" : options.listen,
    ...(options.port === undefined ? {} : { port: String(options.port) }),
    unix_socket_directories: options.place.run,
    unix_socket_permissions: "0700",
    fsync: "off",
    full_page_writes: "off",
    logging_collector: "off",
    log_destination: "stderr",
    max_wal_size: "4GB",
    checkpoint_timeout: "30min",
  };
  if (options.purpose === "copy") return { ...common, synchronous_commit: "on" };
  return {
    ...common,
    ...(options.purpose === "staging" ? { max_wal_size: "128MB", min_wal_size: "32MB" } : {}),
    synchronous_commit: "off",
    wal_level: "minimal",
    max_wal_senders: "0",
    autovacuum: "off",
    maintenance_work_mem: "256MB",
    // Read by ditto, in memory only: the state and the object's name, never a row.
    log_line_prefix: "%e ",
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
  };
}

/** SQL for single-user mode, a statement a line, and for psql: `ditto` with this password, and no other role's password works. */
export function startSql(access: { user: string; password: string; database: string }): string {
  const verifier = scramVerifier(access.password);
  return [
    "UPDATE pg_catalog.pg_authid SET rolpassword = NULL WHERE rolpassword IS NOT NULL;",
    `ALTER ROLE ${quoteIdentifier(access.user)} WITH LOGIN SUPERUSER CREATEDB PASSWORD ${quoteLiteral(verifier)};`,
    "",
  ].join("\n");
}

/** A password as Postgres stores it (RFC 5803, SCRAM-SHA-256), so that the password itself never reaches a file. */
export function scramVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
