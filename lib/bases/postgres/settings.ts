import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Build } from "../build.ts";
import { sql } from "./sql.ts";

/** Server settings by which the same query answers differently; in a fresh cluster some follow the image's locale. */
const BEHAVIOUR = [
  ...["DateStyle", "IntervalStyle", "TimeZone", "timezone_abbreviations", "lc_monetary", "lc_numeric", "lc_time"],
  ...[
    "default_text_search_config",
    "search_path",
    "bytea_output",
    "extra_float_digits",
    "array_nulls",
    "xmloption",
    "xmlbinary",
  ],
  ...[
    "standard_conforming_strings",
    "transform_null_equals",
    "default_transaction_isolation",
    "max_prepared_transactions",
  ],
];

/** GUCs whose value is a list that the catalog holds already quoted (see variable_is_guc_list_quote in fe_utils). */
const QUOTED_LISTS = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/** `name=value` of the catalog as what stands behind SET. */
export function settingClause(setting: string): string {
  const at = setting.indexOf("=");
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  return `${quoteIdentifier(name)} TO ${QUOTED_LISTS.has(name) ? value || "''" : quoteLiteral(value)}`;
}

/** What the source's server has for {@link BEHAVIOUR}, without what its database or the dump user sets for itself. */
export async function readServerSettings(session: Session): Promise<Record<string, string>> {
  const rows = await session.query<{ name: string; value: string }>(`
    SELECT name, reset_val AS value FROM pg_settings WHERE name IN (${BEHAVIOUR.map(quoteLiteral).join(", ")})
      AND NOT EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS c WHERE lower(split_part(c, '=', 1)) = lower(name)
        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user)))`);
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** Gives the base's server those of the settings that it has otherwise; ALTER SYSTEM's file goes with the data directory. */
export async function carryServerSettings(build: Build, traits: Record<string, string>): Promise<void> {
  const current = await sql(build, "SELECT name || '=' || reset_val FROM pg_settings");
  const own = new Set(current.split("\n"));
  const wanted = BEHAVIOUR.filter((name) => traits[name] !== undefined).map((name) => `${name}=${traits[name]}`);
  const different = wanted.filter((setting) => !own.has(setting));
  if (different.length === 0) return;
  const statements = different.map((setting) => `ALTER SYSTEM SET ${settingClause(setting)};\n`);
  const reload = "SELECT pg_reload_conf()";
  try {
    await sql(build, `${statements.join("")}${reload}`);
  } catch {
    // One of them is a locale that the image hasn't, or of another version's.
    await carryEach(build, different);
    await sql(build, reload);
  }
}

async function carryEach(build: Build, settings: string[]): Promise<void> {
  for (const setting of settings) {
    await sql(build, `ALTER SYSTEM SET ${settingClause(setting)};`).catch(() => {
      build.warn(`Copies do not have the source's server setting ${setting}: their server does not know it`);
    });
  }
}
