import type { Session } from "../../engine/index.ts";
import { quoteIdentifier } from "../../engine/postgres/quote.ts";
import type { Build, Disarmed, SourceLook } from "../build.ts";
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

/** Secrets of user mappings, servers and wrappers; the options go, what they belong to stays. */
function secretsOf(session: Session): Promise<Secret[]> {
  return session.query<Secret>(`
    SELECT format('%s of the user mapping for %s on server "%s" (removed)', option_name, CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE usename END, srvname) AS what,
      format('ALTER USER MAPPING FOR %s SERVER %I OPTIONS (DROP %I)', CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname, option_name) AS statement
    FROM pg_user_mappings, pg_options_to_table(umoptions) WHERE option_name ~* '${SECRET}'
    UNION ALL
    SELECT format('%s of the foreign server "%s" (removed)', option_name, srvname), format('ALTER SERVER %I OPTIONS (DROP %I)', srvname, option_name)
    FROM pg_foreign_server, pg_options_to_table(srvoptions) WHERE option_name ~* '${SECRET}'
    UNION ALL
    SELECT format('%s of the foreign data wrapper "%s" (removed)', option_name, fdwname), format('ALTER FOREIGN DATA WRAPPER %I OPTIONS (DROP %I)', fdwname, option_name)
    FROM pg_foreign_data_wrapper, pg_options_to_table(fdwoptions) WHERE option_name ~* '${SECRET}'`);
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
