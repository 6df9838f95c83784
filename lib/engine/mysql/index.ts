import type { ServerEngine, ServerVersion } from "../index.ts";
import { connect } from "./connect.ts";
import { initialiseScript, serveScript, startSql, stopScript } from "./server.ts";
import { settingsFromTraits } from "./settings.ts";
import { adminClient, userClient } from "./tools.ts";
import { majorMinorOf } from "./version.ts";

/** MySQL 5.7 and later, MariaDB 10.4 and later. */
export const mysql: ServerEngine = {
  name: "mysql",
  defaultPort: 3306,
  image: (server) => `${server.flavour}:${majorMinorOf(server)}`,
  imageUser: () => "mysql",
  serverTool: (server) => ({ tool: serverNames(server), args: ["--no-defaults", "--version"] }),
  initialiseScript,
  settingsFromTraits,
  serveScript,
  startSql,
  adminClient,
  userClient,
  stopCommand: (place) => ({ tool: "sh", args: ["-c", stopScript(place)] }),
  connect,
};

function serverNames(server: ServerVersion): string[] {
  return server.flavour === "mariadb" ? ["mariadbd", "mysqld"] : ["mysqld"];
}
