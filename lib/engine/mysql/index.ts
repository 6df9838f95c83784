import { DittoError } from "../../kit/errors.ts";
import type { ServerEngine, ServerVersion } from "../index.ts";
import { connect } from "./connect.ts";
import { readSeen } from "./seen.ts";
import { initialiseScript, serveScript, startSql, stopScript } from "./server.ts";
import { settingsFromTraits } from "./settings.ts";
import { adminClient, normaliseDump, schemaDump, scriptClient, scriptError, userClient } from "./tools.ts";
import { uncaptured } from "./uncaptured.ts";
import { majorMinorOf } from "./version.ts";
import { beginWatch, clearWatch } from "./watch.ts";

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
  openRole,
  socketIn: (place) => `${place.run}/mysqld.sock`,
  adminClient,
  userClient,
  scriptClient,
  scriptError,
  schemaDump,
  normaliseDump,
  stopCommand: (place) => ({ tool: "sh", args: ["-c", stopScript(place)] }),
  uncaptured,
  // Its log is small: there is never much to recover.
  async checkpoint(session) {
    await session.query("FLUSH ENGINE LOGS");
  },
  watch: { begin: beginWatch, clear: clearWatch, read: readSeen },
  connect,
};

/** Bases hold no accounts but the copies' own. */
async function openRole(_session: unknown, role: string): Promise<never> {
  throw new DittoError(`Cannot log in as "${role}": copies of MySQL and MariaDB have one user`, {
    code: "ROLE_MISSING",
    hint: "Leave --as out, and create the account in the copy with its SQL client",
  });
}

function serverNames(server: ServerVersion): string[] {
  return server.flavour === "mariadb" ? ["mariadbd", "mysqld"] : ["mysqld"];
}
