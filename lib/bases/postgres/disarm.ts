import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Build, Disarmed, SourceLook } from "../build.ts";
import { withoutPasswordsIn } from "../password-values.ts";
import { withSocketSession } from "./inspect.ts";
import { SECRET } from "./secret-names.ts";
import { sql } from "./sql.ts";

/** Tables of extensions that start jobs by themselves, and the column that says whether a job runs. */
const SCHEDULERS = [
  { name: "pg_cron", schema: "cron", table: "job", column: "active", label: "jobid" },
  { name: "pgAgent", schema: "pgagent", table: "pga_job", column: "jobenabled", label: "jobid" },
];

/** No logical replication: neither a subscription of the source's nor one that SQL makes connects to anything. */
const SETTINGS = { max_logical_replication_workers: "0" };

/** Takes from a base what would act on the world in a copy: subscriptions, secrets of foreign servers, scheduled jobs. */
export async function disarm(build: Build, look: SourceLook | undefined): Promise<Disarmed> {
  const { subscriptions, secrets, jobs, changed, stop } = await withSocketSession(build, async (session) => ({
    subscriptions: await subscriptionsOf(session),
    secrets: await secretsOf(session),
    ...(await jobsOf(session)),
  }));
  const statements = [
    // A slot of the publisher's is not ours to drop.
    ...subscriptions.flatMap((name) => [
      `ALTER SUBSCRIPTION ${quoteIdentifier(name)} DISABLE`,
      `ALTER SUBSCRIPTION ${quoteIdentifier(name)} SET (slot_name = NONE)`,
      `DROP SUBSCRIPTION ${quoteIdentifier(name)}`,
    ]),
    ...secrets.map(({ statement }) => statement),
    ...stop,
  ];
  // A statement each: DROP SUBSCRIPTION runs in no transaction with others.
  if (statements.length > 0) await sql(build, `${statements.join(";\n")};\n`, build.database, "disarm the base");
  const left: string[] = JSON.parse(look?.traits.subscriptions || "[]");
  const dropped = [...new Set([...left, ...subscriptions])].map((name) => `subscription "${name}" (left out)`);
  return { things: [...dropped, ...secrets.map(({ what }) => what), ...jobs], changed, settings: SETTINGS };
}

async function subscriptionsOf(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "SELECT subname::text AS name FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  return rows.map(({ name }) => name);
}

interface Secret {
  what: string;
  statement: string;
}

/** An option of what reaches another server. */
interface Option {
  /** In words. */
  owner: string;
  /** What changes it. */
  alter: string;
  name: string;
  value: string | null;
}

/** Secrets of user mappings, servers, wrappers and foreign tables; the options go, or of a connection's text the password, what they belong to stays. */
async function secretsOf(session: Session): Promise<Secret[]> {
  const options = await session.query<Option>(`
    SELECT format('the user mapping for %s on server "%s"', CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE usename END, srvname) AS owner,
      format('USER MAPPING FOR %s SERVER %I', CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname) AS alter, option_name AS name, option_value AS value
    FROM pg_user_mappings, pg_options_to_table(umoptions)
    UNION ALL
    SELECT format('the foreign server "%s"', srvname), format('SERVER %I', srvname), option_name, option_value
    FROM pg_foreign_server, pg_options_to_table(srvoptions)
    UNION ALL
    SELECT format('the foreign data wrapper "%s"', fdwname), format('FOREIGN DATA WRAPPER %I', fdwname), option_name, option_value
    FROM pg_foreign_data_wrapper, pg_options_to_table(fdwoptions)
    UNION ALL
    SELECT format('the foreign table %s.%s', nspname, relname), format('FOREIGN TABLE %I.%I', nspname, relname), option_name, option_value
    FROM pg_foreign_table JOIN pg_class c ON c.oid = ftrelid JOIN pg_namespace n ON n.oid = relnamespace, pg_options_to_table(ftoptions)`);
  return options.flatMap(({ owner, alter, name, value }) => {
    const option = quoteIdentifier(name);
    if (new RegExp(SECRET, "i").test(name))
      return { what: `${name} of ${owner} (removed)`, statement: `ALTER ${alter} OPTIONS (DROP ${option})` };
    const bare = withoutPasswordsIn(value ?? "");
    if (bare === (value ?? "")) return [];
    return {
      what: `the password in ${name} of ${owner} (removed)`,
      statement: `ALTER ${alter} OPTIONS (SET ${option} ${quoteLiteral(bare)})`,
    };
  });
}

async function jobsOf(session: Session): Promise<{ jobs: string[]; changed: Disarmed["changed"]; stop: string[] }> {
  const found = { jobs: [] as string[], changed: [] as Disarmed["changed"], stop: [] as string[] };
  for (const { name, schema, table, column, label } of SCHEDULERS) {
    const [{ present } = { present: false }] = await session.query<{ present: boolean }>(
      `SELECT count(*) = 2 AS present FROM pg_attribute WHERE attrelid = to_regclass('${schema}.${table}') AND attname IN ('${column}', '${label}')`,
    );
    if (!present) continue;
    const rows = await session.query<{ id: string }>(
      `SELECT ${label}::text AS id FROM ${schema}.${table} WHERE ${column}`,
    );
    if (rows.length === 0) continue;
    found.jobs.push(...rows.map(({ id }) => `job ${id} of ${name} (inactive)`));
    found.changed.push({ schema, name: table });
    found.stop.push(`UPDATE ${schema}.${table} SET ${column} = false WHERE ${column}`);
  }
  return found;
}
