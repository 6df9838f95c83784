import type { DatabaseUrl } from "../../kit/url.ts";
import type { Place, ServerVersion, ToolCommand } from "../index.ts";
import { isMariadb, isMysql } from "./version.ts";

/** A client tool's names, this flavour's own first: `client`, `dump`, `admin`. */
export function toolNames(server: ServerVersion, tool: "client" | "dump" | "tzinfo"): string[] {
  const [mariadb, mysql] = {
    client: ["mariadb", "mysql"],
    dump: ["mariadb-dump", "mysqldump"],
    tzinfo: ["mariadb-tzinfo-to-sql", "mysql_tzinfo_to_sql"],
  }[tool] as [string, string];
  return server.flavour === "mariadb" ? [mariadb, mysql] : [mysql];
}

/** Arguments to the workshop's server for any client tool: root over the socket, which only the server's user can open. */
export function adminArguments(place: Place): string[] {
  return ["--no-defaults", `--socket=${place.run}/mysqld.sock`, "--user=root"];
}

/** A client that reads SQL from stdin, with shell escapes off where the client knows how. */
export function adminClient(place: Place, database: string | undefined, server: ServerVersion): ToolCommand {
  return {
    tool: toolNames(server, "client"),
    args: [
      ...adminArguments(place),
      ...["--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4", "--max-allowed-packet=1G"],
      // MariaDB's client would send any file of its machine that an SQL file names.
      "--local-infile=0",
      ...escapesOff(server),
      ...(database === undefined ? [] : [`--database=${database}`]),
    ],
  };
}

/** `\!` and `system` in a file would run commands. `--binary-mode` turns every client command off but DELIMITER. */
function escapesOff(server: ServerVersion): string[] {
  if (isMysql(server, "9.3")) return ["--binary-mode", "--system-command=OFF"];
  return ["--binary-mode", ...(isMariadb(server, "11.4") ? ["--sandbox"] : [])];
}

/** The interactive client for a person; with `sql` it runs that and ends. */
export function userClient(access: DatabaseUrl, server: ServerVersion, sql?: string): ToolCommand {
  const where =
    access.socket === undefined
      ? [`--host=${access.host}`, `--port=${access.port}`, "--protocol=tcp"]
      : [`--socket=${access.socket}`];
  return {
    tool: toolNames(server, "client"),
    args: [
      ...["--no-defaults", ...where, `--user=${access.user}`, "--default-character-set=utf8mb4"],
      // From 11.4 on it warns of a "passwordless login" whenever the password comes from the environment.
      ...(server.flavour === "mariadb" ? ["--skip-ssl-verify-server-cert"] : []),
      ...(sql === undefined ? [] : [`--execute=${sql}`]),
      ...(access.database === "" ? [] : [`--database=${access.database}`]),
    ],
    env: { MYSQL_PWD: access.password },
  };
}

/** A client that reads stdin. */
export function scriptClient(access: DatabaseUrl, server: ServerVersion): ToolCommand {
  const { tool, args, env = {} } = userClient(access, server);
  const plain = ["--batch", "--unbuffered", "--max-allowed-packet=1G", "--local-infile=0", ...escapesOff(server)];
  return { tool, args: [...args, ...plain], env };
}

/** Where the client says that a statement of stdin failed. */
export function scriptError(stderr: string): { line: number; message: string } | undefined {
  const found = /^ERROR \d+(?: \(\w+\))? at line (\d+): (.*)$/m.exec(stderr);
  return found ? { line: Number(found[1]), message: found[2] ?? "" } : undefined;
}

/** mysqldump without rows. */
export function schemaDump(access: DatabaseUrl, server: ServerVersion): ToolCommand {
  const { args, env = {} } = userClient({ ...access, database: "" }, server);
  const what = ["--no-data", "--routines", "--events", "--triggers", "--skip-add-drop-table", "--skip-lock-tables"];
  return {
    tool: toolNames(server, "dump"),
    args: [
      ...[...args, ...what, "--skip-comments", "--no-tablespaces", "--skip-tz-utc"],
      ...(isMysql(server) ? ["--set-gtid-purged=OFF"] : []),
      ...["--", access.database],
    ],
    env,
  };
}

/** Without the dump's own settings and counters, which rows change. */
export function normaliseDump(text: string): string {
  return text
    .replace(/^\/\*M?!\d+\\- enable the sandbox mode \*\/ *\n/gm, "")
    .replace(/^\/\*M?!\d+ SET [^\n]*\*\/ *;\n/gm, "")
    .replace(/^(SET|USE) [^\n]*;\n/gm, "")
    .replace(/^(\).*?) AUTO_INCREMENT=\d+/gm, "$1")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
