import type { Session } from "../index.ts";
import type { WatchEnd, Watching } from "../watch.ts";

/**
 * The event triggers' function lies in the session's temporary schema: when the session ends, be it because ditto was
 * killed, the server drops it, and with it the triggers, which stand on it. It writes to the server's log, because rows
 * of a table would go with a transaction that is rolled back.
 */
const TRIGGERS = {
  ddl_command_start: "ditto_watch_start",
  ddl_command_end: "ditto_watch_end",
  sql_drop: "ditto_watch_drop",
  table_rewrite: "ditto_watch_rewrite",
};

/** Base64 of so many characters a line: longer ones of several sessions may be mixed on their way to the log. */
const PIECE = 3000;
/** Characters that are kept of what a client sent at once. */
const LONGEST_QUERY = 200_000;

const LOCKS = `SELECT json_agg(json_build_array(l.relation::bigint, n.nspname, c.relname, c.relkind, l.mode))
    FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND n.nspname IS DISTINCT FROM 'pg_toast' AND c.relpersistence IS DISTINCT FROM 't'`;

/** It must never be the reason why a migration fails: its own errors are swallowed. */
const body = (mark: string) => `
DECLARE
  found jsonb := '{}';
  stack text;
  message text;
  seen text;
BEGIN
  GET DIAGNOSTICS stack = PG_CONTEXT;
  IF TG_EVENT = 'ddl_command_end' THEN
    SELECT jsonb_build_object('objects', jsonb_agg(jsonb_build_array(objid::bigint, command_tag, object_identity)))
      INTO found FROM pg_event_trigger_ddl_commands() WHERE classid = 'pg_class'::regclass OR object_identity IS NOT NULL;
  ELSIF TG_EVENT = 'sql_drop' THEN
    SELECT jsonb_build_object('dropped', jsonb_agg(jsonb_build_array(objid::bigint, object_type, schema_name, object_name)))
      INTO found FROM pg_event_trigger_dropped_objects() WHERE classid = 'pg_class'::regclass AND objsubid = 0;
  ELSIF TG_EVENT = 'table_rewrite' THEN
    found := jsonb_build_object('rewrites', pg_event_trigger_table_rewrite_oid()::regclass::text);
  END IF;
  seen := md5(current_query() || statement_timestamp()::text);
  IF seen IS DISTINCT FROM current_setting('ditto.seen', true) THEN
    found := found || jsonb_build_object('query', left(current_query(), ${LONGEST_QUERY}));
    PERFORM set_config('ditto.seen', seen, false);
  END IF;
  found := found || jsonb_build_object('event', TG_EVENT, 'tag', TG_TAG, 'stack', stack,
    'at', extract(epoch FROM clock_timestamp()) * 1000, 'sent', statement_timestamp(),
    'locks', CASE WHEN TG_EVENT LIKE 'ddl%' THEN (${LOCKS})::jsonb END);
  message := translate(encode(convert_to(found::text, 'UTF8'), 'base64'), E'\\n', '');
  WHILE message <> '' LOOP
    RAISE LOG '${mark} % %', CASE WHEN length(message) > ${PIECE} THEN 'more' ELSE 'last' END, left(message, ${PIECE});
    message := substr(message, ${PIECE + 1});
  END LOOP;
EXCEPTION WHEN OTHERS THEN
  RAISE LOG '${mark} lost %', SQLSTATE;
END`;

/** Settings that make the server write each statement with its times, and each login and end of a session. */
const settingsOf = (mark: string): Record<string, string> => ({
  log_min_duration_statement: "0",
  log_connections: "on",
  log_disconnections: "on",
  log_statement: "none",
  log_duration: "off",
  log_min_messages: "warning",
  log_min_error_statement: "panic",
  log_error_verbosity: "default",
  log_line_prefix: `${mark} %n %c [%v] %e `,
});

/** Begins to log what clients do. */
export async function beginWatch(session: Session, mark: string): Promise<Watching> {
  await dropTriggers(session);
  await session.query(`CREATE FUNCTION pg_temp.ditto_watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = error SET log_min_messages = log
    SET log_min_error_statement = panic SET log_error_verbosity = terse SET lock_timeout = 0
    AS $ditto$${body(mark)}$ditto$`);
  for (const [event, name] of Object.entries(TRIGGERS)) {
    await session.query(`CREATE EVENT TRIGGER ${name} ON ${event} EXECUTE FUNCTION pg_temp.ditto_watch()`);
    // Also in sessions that have set session_replication_role.
    await session.query(`ALTER EVENT TRIGGER ${name} ENABLE ALWAYS`);
  }
  await loadSettings(session, settingsOf(mark));
  return { log: { in: "server" }, end: () => endWatch(session, mark) };
}

/** How long a server may take to read its settings. */
const RELOAD_LIMIT_MS = 10_000;

/** Settings of the running server: their file is as it was again at once, so that nothing of them is ever in a snapshot. */
async function loadSettings(session: Session, settings: Record<string, string>): Promise<void> {
  const names = Object.keys(settings);
  const own = await session.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf' AND name = ANY ($1)`,
    [names],
  );
  try {
    for (const [name, value] of Object.entries(settings)) await alterSystem(session, name, value);
    await reload(session);
    await waitForSettings(session, settings);
  } finally {
    for (const name of names) await alterSystem(session, name, own.find((one) => one.name === name)?.setting);
  }
}

async function alterSystem(session: Session, name: string, value: string | undefined): Promise<void> {
  const change = value === undefined ? `RESET ${name}` : `SET ${name} = '${value.replaceAll("'", "''")}'`;
  await session.query(`ALTER SYSTEM ${change}`);
}

/** A server on which somebody fixed one of them on its command line keeps that. */
async function waitForSettings(session: Session, settings: Record<string, string>): Promise<void> {
  // A session keeps what it began with of this one.
  const { log_connections: _, log_disconnections: __, ...visible } = settings;
  const until = Date.now() + RELOAD_LIMIT_MS;
  for (;;) {
    const rows = await session.query<{ name: string; setting: string; source: string }>(
      "SELECT name, setting, source FROM pg_settings WHERE name = ANY ($1)",
      [Object.keys(visible)],
    );
    const others = rows.filter(({ name, setting }) => setting !== visible[name]);
    if (others.length === 0) return;
    const fixed = others.find(({ source }) => source === "command line");
    if (fixed) throw new Error(`copy.settings fixes ${fixed.name}`);
    if (Date.now() > until) throw new Error(`the server does not take ${others.map(({ name }) => name).join(", ")}`);
    await Bun.sleep(20);
  }
}

/** Answers when the server has read its file: what it says of the time is the session's own reading, which comes later. */
async function reload(session: Session): Promise<void> {
  const loaded = async () => {
    const [row] = await session.query<{ at: string }>("SELECT pg_conf_load_time()::text AS at");
    return row?.at;
  };
  const before = await loaded();
  await session.query("SELECT pg_reload_conf()");
  const until = Date.now() + RELOAD_LIMIT_MS;
  while ((await loaded()) === before && Date.now() < until) await Bun.sleep(10);
}

async function endWatch(session: Session, mark: string): Promise<WatchEnd> {
  await dropTriggers(session);
  await session.query("DROP FUNCTION IF EXISTS pg_temp.ditto_watch()");
  const last = `${mark} end`;
  await session.query("SET log_min_messages = log");
  await session.query(`DO $$ BEGIN RAISE LOG '${last}'; END $$`);
  await reload(session);
  return { complete: last };
}

/** Removes what stays when ditto is killed, the settings in memory, and when the server is, the event triggers. */
export async function clearWatch(session: Session): Promise<void> {
  await dropTriggers(session);
  await reload(session);
}

async function dropTriggers(session: Session): Promise<void> {
  for (const name of Object.values(TRIGGERS)) await session.query(`DROP EVENT TRIGGER IF EXISTS ${name}`);
}
