import type { DatabaseUrl } from "../../kit/url.ts";

/**
 * Settings that change the text of values and that pg_dump leaves as database and role have them: without these the same
 * row would read differently on the source and on the base. (It sets DateStyle, IntervalStyle and the float digits itself.)
 */
const SAME_TEXT = { TimeZone: "UTC", bytea_output: "hex", lc_monetary: "C" };

/** Limits that would end a long session. */
const NO_LIMITS = { statement_timeout: "0", lock_timeout: "0", idle_in_transaction_session_timeout: "0" };

/** What pg_dump sets and psql doesn't. */
const AS_PG_DUMP = {
  ...{ datestyle: "ISO", intervalstyle: "postgres", extra_float_digits: "3" },
  ...{ row_security: "off", search_path: "" },
};

/** What a database's own settings must not change while it is filled. */
const FILLING = {
  ...NO_LIMITS,
  ...{ role: "none", default_transaction_read_only: "off", lc_monetary: "C", array_nulls: "on" },
};

/** Environment of pg_dump, or of psql for COPY, against the source. */
export function sourceEnvironment(
  source: DatabaseUrl,
  encoding: string,
  tool: "pg_dump" | "psql",
): Record<string, string> {
  const { options = "" } = source.params;
  const settings = tool === "psql" ? { ...SAME_TEXT, ...AS_PG_DUMP, ...NO_LIMITS } : SAME_TEXT;
  return {
    PGPASSWORD: source.password,
    PGAPPNAME: "ditto",
    PGCONNECT_TIMEOUT: "10",
    ...clientEncoding(encoding),
    PGOPTIONS: [options, optionsOf(settings)].filter(Boolean).join(" "),
    ...tlsEnvironment(source.params),
  };
}

const TLS_VARIABLES = {
  ...{ sslmode: "PGSSLMODE", sslrootcert: "PGSSLROOTCERT", sslcert: "PGSSLCERT", sslkey: "PGSSLKEY" },
  ...{ sslcrl: "PGSSLCRL", channel_binding: "PGCHANNELBINDING", gssencmode: "PGGSSENCMODE" },
};

function tlsEnvironment(params: Record<string, string>): Record<string, string> {
  const set = Object.entries(TLS_VARIABLES).flatMap(([name, variable]) =>
    params[name] === undefined ? [] : [[variable, params[name]]],
  );
  return Object.fromEntries(set);
}

/** Environment of tools that write or read rows as text in the workshop's server. */
export function rowsEnvironment(encoding: string): Record<string, string> {
  return { ...clientEncoding(encoding), PGOPTIONS: optionsOf({ ...FILLING, ...SAME_TEXT }) };
}

/** Environment of what runs statements in the workshop's server, otherwise with the settings that the database has. */
export function statementEnvironment(): { PGCLIENTENCODING: string; PGOPTIONS: string } {
  // Most of them are questions to the catalog, which take longer to compile than to answer.
  return { ...clientEncoding("UTF8"), PGOPTIONS: optionsOf({ ...FILLING, jit: "off" }) };
}

/** A database of SQL_ASCII holds bytes of any encoding: they pass as they are, for reading them as UTF-8 may fail. */
function clientEncoding(encoding: string): { PGCLIENTENCODING: string } {
  return { PGCLIENTENCODING: encoding === "SQL_ASCII" ? encoding : "UTF8" };
}

/** As the server splits `options`: at blanks, which a backslash keeps (pg_split_opts in postinit.c). */
function optionsOf(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, "\\$&")}`)
    .join(" ");
}
