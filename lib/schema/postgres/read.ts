import type { CatalogSession } from "../dialect.ts";
import type { FullSchema } from "../model-objects.ts";
import { type Catalog, idOf, openCatalog } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import { readEventTriggers, readPolicies, readRoutines, readRules, readTriggers } from "./read-code.ts";
import { readConstraints, readIndexes, readStatistics } from "./read-constraints.ts";
import { noteUnread, readExtensions, readPublications, readSchemas } from "./read-globals.ts";
import { readOthers } from "./read-others.ts";
import { readDefaultPrivileges, readSystemPrivileges } from "./read-privileges.ts";
import { readColumns, readRelations, readSequences } from "./read-relations.ts";
import { readTypes } from "./read-types.ts";

/** Reads everything as of one moment, a round of queries for each kind of object; what extensions own is left out. */
export async function readWholePostgres(session: CatalogSession): Promise<FullSchema> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    // Then every name in a definition is written with its schema.
    await session.query("SELECT set_config('search_path', '', true), set_config('quote_all_identifiers', 'off', true)");
    const catalog = await openCatalog(session);
    await readAll(catalog);
    return catalog.schema;
  } finally {
    await session.query("ROLLBACK");
  }
}

async function readAll(catalog: Catalog): Promise<void> {
  await readSchemas(catalog);
  await readExtensions(catalog);
  const relations = await readRelations(catalog);
  await readColumns(catalog, relations);
  await readSequences(catalog, relations);
  await readConstraints(catalog, relations);
  await readIndexes(catalog, relations);
  await readStatistics(catalog, relations);
  await readTypes(catalog);
  await readRoutines(catalog);
  await readTriggers(catalog, relations);
  await readEventTriggers(catalog);
  await readRules(catalog, relations);
  await readPolicies(catalog, relations);
  await readOthers(catalog);
  await readPublications(catalog);
  await readDefaultPrivileges(catalog);
  await readSystemPrivileges(catalog);
  await noteUnread(catalog);
  await readDependencies(catalog);
}

interface DependRow {
  class: string;
  id: string;
  ref_class: string;
  ref: string;
  table: string | null;
  column: string | null;
  ref_table: string | null;
  ref_column: string | null;
}

/** Who needs whom, as the server itself notes it; columns on their own, so that a view needs those that it reads. */
async function readDependencies(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<DependRow>(`
    SELECT d.classid::regclass::text AS class, d.objid::text AS id, d.refclassid::regclass::text AS ref_class, d.refobjid::text AS ref,
      a.attname::text AS column, b.attname::text AS ref_column
    FROM pg_depend d LEFT JOIN pg_attribute a ON d.classid = 'pg_class'::regclass AND d.objsubid > 0 AND a.attrelid = d.objid AND a.attnum = d.objsubid
      LEFT JOIN pg_attribute b ON d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND b.attrelid = d.refobjid AND b.attnum = d.refobjsubid
    WHERE d.objid >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S')`);
  const columns = columnKeys(catalog);
  const seen = new Set<string>();
  const resolve = (table: string, id: string, column: string | null) => {
    const key = catalog.keys.get(idOf(table, id));
    return key === undefined || column === null ? key : (columns.get(`${key}.${column}`) ?? key);
  };
  for (const row of rows) {
    const from = resolve(row.class, row.id, row.column);
    const to = resolve(row.ref_class, row.ref, row.ref_column);
    if (from === undefined || to === undefined || from === to || seen.has(`${from}\n${to}`)) continue;
    seen.add(`${from}\n${to}`);
    catalog.schema.dependencies.push({ from, to });
  }
}

/** Columns of tables stand for themselves; those of views belong to the view. */
function columnKeys(catalog: Catalog): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { kind, schema, name, columns } of catalog.schema.tables) {
    if (kind === "view" || kind === "materialized view") continue;
    for (const column of columns)
      keys.set(`${keyOf.relation(schema, name)}.${column.name}`, keyOf.column(schema, name, column.name));
  }
  return keys;
}
