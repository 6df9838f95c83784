import type { CatalogSession } from "../dialect.ts";
import type { Schema } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import { type Catalog, idOf, newCatalog, openCatalog } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import { readEventTriggers, readPolicies, readRoutines, readRules, readTriggers } from "./read-code.ts";
import { readConstraints, readIndexes, readStatistics } from "./read-constraints.ts";
import { noteUnread, readExtensions, readPublications, readSchemas } from "./read-globals.ts";
import { readOthers } from "./read-others.ts";
import { readDefaultPrivileges, readSystemPrivileges } from "./read-privileges.ts";
import { readColumns, readRelations } from "./read-relations.ts";
import { readSequences } from "./read-sequences.ts";
import { readTypes } from "./read-types.ts";

/** Reads the tables, those of extensions too, with their sizes, in the session's own transaction: what a dump and its masks need to know. */
export function readPostgresTables(session: CatalogSession): Promise<Schema> {
  return readTables(session, { sizes: true });
}

/** Reads which tables there are, with their sizes and what they are parts of: one round trip. */
export async function readPostgresRelations(session: CatalogSession): Promise<Schema> {
  const catalog = newCatalog(session, "tables");
  await readRelations(catalog, { sizes: true });
  return plainSchema(catalog);
}

/** Reads the tables as of one moment, without a lock on any of them. */
export function readPostgresOutline(session: CatalogSession): Promise<Schema> {
  return atOneMoment(session, () => readTables(session, { sizes: false }));
}

async function readTables(session: CatalogSession, wish: { sizes: boolean }): Promise<Schema> {
  const catalog = newCatalog(session, "tables");
  const relations = await readRelations(catalog, wish);
  await readColumns(catalog, relations);
  await readConstraints(catalog, relations);
  await readIndexes(catalog, relations);
  return plainSchema(catalog);
}

function plainSchema({ schema: { engine, database, tables } }: Catalog): Schema {
  return { engine, database, tables };
}

/** Reads everything as of one moment, a round of queries for each kind of object; what extensions own is left out. */
export function readWholePostgres(session: CatalogSession): Promise<FullSchema> {
  return atOneMoment(session, async () => {
    const catalog = await openCatalog(session);
    await readAll(catalog);
    return catalog.schema;
  });
}

/** Then every name in a definition is written with its schema, and no question is compiled, which takes longer than asking it. */
const SETTINGS = [
  ["search_path", ""],
  ["quote_all_identifiers", "off"],
  ["jit", "off"],
] as const;

async function atOneMoment<T>(session: CatalogSession, read: () => Promise<T>): Promise<T> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await session.query(
      `SELECT ${SETTINGS.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(", ")}`,
    );
    return await read();
  } finally {
    await session.query("ROLLBACK");
  }
}

async function readAll(catalog: Catalog): Promise<void> {
  await readSchemas(catalog);
  await readExtensions(catalog);
  const relations = await readRelations(catalog, { sizes: false });
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
