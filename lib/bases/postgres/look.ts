import type { Session } from "../../engine/index.ts";
import { readPostgresTables } from "../../schema/postgres/read.ts";
import type { PrivilegeQuestion, Selection, SourceLook } from "../build.ts";
import { type MissingPrivilege, refuseMissing } from "../privileges.ts";
import { choose } from "../selection.ts";
import { refuseBadConditions, refuseOrphans } from "./conditions.ts";
import { dumpFailure } from "./errors.ts";
import { chooseExtensions, refuseDependents } from "./extensions.ts";
import { unreadable } from "./privileges.ts";
import { readServerSettings } from "./settings.ts";

/** What the source is, and the proof that the dump user may read all of it. */
export async function look(session: Session, selection: Selection, lockWaitMs: number): Promise<SourceLook> {
  const { schema, chosen } = await readChosen(session, selection, lockWaitMs);
  const { kept, excluded } = await chooseExtensions(session, selection.excludeExtensions);
  refuseMissing(await unreadable(session, { ...selection, left: chosen.left, excludedExtensions: excluded }));
  await refuseDependents(session, excluded, chosen.left);
  if (!selection.schemaOnly) {
    await refuseBadConditions(session, chosen);
    await refuseOrphans(session, schema, chosen);
  }
  const [{ replica } = { replica: false }] = await session.query<{ replica: boolean }>(
    "SELECT pg_is_in_recovery() AS replica",
  );
  const read = [...chosen.whole, ...chosen.filtered.map(({ table }) => table)];
  return {
    server: session.server,
    database: session.database,
    bytes: read.reduce((sum, table) => sum + table.bytes, 0),
    role: replica ? "replica" : "primary",
    traits: { ...(await databaseTraits(session)), ...(await readServerSettings(session)) },
    extensions: kept,
    excludedExtensions: excluded,
  };
}

/** What the user may not do that a dump needs. */
export async function missingPrivileges(
  session: Session,
  { selection, lockWaitMs }: PrivilegeQuestion,
): Promise<MissingPrivilege[]> {
  const { chosen } = await readChosen(session, selection, lockWaitMs);
  const { excluded } = await chooseExtensions(session, selection.excludeExtensions);
  return unreadable(session, { ...selection, left: chosen.left, excludedExtensions: excluded });
}

async function readChosen(session: Session, selection: Selection, lockWaitMs: number) {
  // Sizes need a lock each.
  await session.query(`SET lock_timeout = ${Math.max(1, Math.round(lockWaitMs))}`);
  const schema = await readPostgresTables(session).catch((error) => {
    throw (error as { code?: string }).code === "55P03" ? dumpFailure("lock timeout") : error;
  });
  return { schema, chosen: choose(schema, selection) };
}

/** What CREATE DATABASE needs, and the names of the locales that columns and indexes use (one a line). */
async function databaseTraits(session: Session): Promise<Record<string, string>> {
  // to_jsonb because the columns differ: providers came with 15, rules with 16, and 17 renamed daticulocale.
  const [traits = {}] = await session.query<Record<string, string>>(`
    SELECT pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS lc_collate, d.datctype::text AS lc_ctype,
      coalesce(to_jsonb(d)->>'datlocprovider', 'c') AS provider, coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale', '') AS locale,
      coalesce(to_jsonb(d)->>'daticurules', '') AS icu_rules,
      coalesce((SELECT string_agg(DISTINCT CASE WHEN co.collnamespace = 'pg_catalog'::regnamespace THEN co.collname ELSE co.collcollate END, chr(10))
        FROM pg_collation co WHERE co.collprovider = 'c' AND co.oid IN (SELECT refobjid FROM pg_depend WHERE refclassid = 'pg_collation'::regclass
          UNION SELECT oid FROM pg_collation WHERE collnamespace <> 'pg_catalog'::regnamespace)), '') AS collations,
      coalesce((SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'), '') AS preload,
      coalesce((SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c WHERE c.relkind = 'r' AND c.relpersistence = 'u'), '') AS unlogged,
      coalesce((SELECT jsonb_agg(subname)::text FROM pg_subscription WHERE subdbid = d.oid), '') AS subscriptions
    FROM pg_database d WHERE d.datname = current_database()`);
  return traits;
}
