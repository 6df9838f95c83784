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
      ...(sql === undefined ? [] : [`--execute=${sql}`]),
      ...(access.database === "" ? [] : [`--database=${access.database}`]),
    ],
    env: { MYSQL_PWD: access.password },
  };
}
