import { dirname } from "node:path";
import type { Session } from "../index.ts";
import type { Watching } from "../watch.ts";
import { quoteLiteral } from "./quote.ts";
import { isMariadb, isMysql } from "./version.ts";

/** The log of slow statements, with which all are slow: its settings are in the server's memory only. */
const FILE_PREFIX = "ditto-watch-";

/** Begins to log every statement of sessions that begin from now on, into a file beside the server's socket. */
export async function beginWatch(session: Session, mark: string): Promise<Watching> {
  await clearWatch(session);
  const [place] = await session.query<{ socket: string }>("SELECT @@GLOBAL.socket AS socket");
  const path = `${dirname(place?.socket ?? "")}/${FILE_PREFIX}${mark}.log`;
  const settings = settingsOf(session, path);
  const names = settings.map(([name]) => `@@GLOBAL.${name} AS ${name}`).join(", ");
  const [before = {}] = await session.query<Record<string, string | number>>(`SELECT ${names}`);
  for (const [name, value] of settings) await setGlobal(session, name, value);
  await setGlobal(session, "slow_query_log", "ON");
  const connections = await connectionsOf(session);
  return {
    log: { in: "file", path },
    async end() {
      const logins = (await connectionsOf(session)) - connections;
      await setGlobal(session, "slow_query_log", "OFF");
      for (const [name] of settings) await setGlobal(session, name, before[name] ?? "");
      return { logins };
    },
  };
}

/** In the order in which they are set; of those that only one flavour has, that one's. */
function settingsOf({ server }: Session, path: string): [string, string | number][] {
  const own: [string, string | number][] = isMariadb(server)
    ? [
        ["log_slow_filter", ""],
        ["log_slow_rate_limit", 1],
        ...(isMariadb(server, "10.5") ? ([["log_slow_disabled_statements", ""]] as [string, string][]) : []),
      ]
    : [];
  return [
    ["slow_query_log", "OFF"],
    ["slow_query_log_file", path],
    ["log_output", "FILE"],
    ["long_query_time", 0],
    ["min_examined_row_limit", 0],
    ["log_slow_admin_statements", "ON"],
    ...(isMysql(server, "8.0.14") ? ([["log_slow_extra", "ON"]] as [string, string][]) : []),
    ...own,
  ];
}

async function setGlobal(session: Session, name: string, value: string | number): Promise<void> {
  const words = /^(ON|OFF)$/.test(String(value)) || !Number.isNaN(Number(value)) ? String(value) : undefined;
  await session.query(`SET GLOBAL ${name} = ${value === "" ? "''" : (words ?? quoteLiteral(String(value)))}`);
}

async function connectionsOf(session: Session): Promise<number> {
  const [row] = await session.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Connections'");
  return Number(row?.Value ?? 0);
}

/** Ends what a killed ditto began, in a server that has run on. */
export async function clearWatch(session: Session): Promise<void> {
  const [row] = await session.query<{ file: string }>("SELECT @@GLOBAL.slow_query_log_file AS file");
  if (!row?.file.includes(`/${FILE_PREFIX}`)) return;
  await setGlobal(session, "slow_query_log", "OFF");
  await session.query("SET GLOBAL long_query_time = DEFAULT, slow_query_log_file = DEFAULT");
}
