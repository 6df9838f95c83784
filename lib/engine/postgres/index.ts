import type { ServerEngine } from "../index.ts";
import { connect } from "./connect.ts";
import { clientsInLog, loginLog, openRole } from "./logins.ts";
import { readSeen } from "./seen.ts";
import { ADMIN, initialiseScript, majorOf, serveScript, startSql } from "./server.ts";
import { normaliseDump, schemaDump, scriptClient, scriptError, userClient } from "./tools.ts";
import { uncaptured } from "./uncaptured.ts";
import { beginWatch, clearWatch } from "./watch.ts";

/** Postgres 12 and later. */
export const postgres: ServerEngine = {
  name: "postgres",
  defaultPort: 5432,
  image: (server) => `postgres:${majorOf(server)}`,
  imageUser: () => "postgres",
  serverTool: () => ({ tool: "postgres", args: ["--version"] }),
  initialiseScript,
  serveScript,
  startSql,
  openRole,
  loginLog,
  clientsInLog,
  socketIn: (place) => place.run,
  adminClient: (place, database) => ({
    tool: "psql",
    args: ["-h", place.run, "-U", ADMIN, "-d", database ?? "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
  }),
  userClient,
  scriptClient,
  scriptError,
  schemaDump,
  normaliseDump,
  stopCommand: (place) => ({
    tool: "pg_ctl",
    args: ["stop", "-D", `${place.directory}/data`, "-m", "fast", "-w", "-t", "3600"],
  }),
  uncaptured,
  async checkpoint(session) {
    await session.query("CHECKPOINT");
  },
  watch: { begin: beginWatch, clear: clearWatch, read: readSeen },
  connect,
};
