import type { Column, Sequence, SequenceOptions, Table } from "../model.ts";
import { type Catalog, grantsOf, known, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import type { Relations } from "./read-relations.ts";

interface SequenceRow {
  id: string;
  schema: string;
  name: string;
  owner: string;
  acl: string[];
  comment: string | null;
  persistence: string;
  type: string;
  start: string;
  increment: string;
  minimum: string;
  maximum: string;
  cache: string;
  cycle: boolean;
  last: string | null;
  owner_table: string | null;
  owner_column: string | null;
  internal: boolean | null;
}

/** Sequences, those of identities with their columns too. */
export async function readSequences(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<SequenceRow>(`
    SELECT c.oid::text AS id, n.nspname::text AS schema, c.relname::text AS name, pg_get_userbyid(c.relowner)::text AS owner,
      coalesce(c.relacl, acldefault('s', c.relowner))::text[] AS acl, obj_description(c.oid, 'pg_class') AS comment, c.relpersistence::text AS persistence,
      format_type(s.seqtypid, NULL) AS type, s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS minimum,
      s.seqmax::text AS maximum, s.seqcache::text AS cache, s.seqcycle AS cycle,
      CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE') AND NOT pg_is_in_recovery() THEN pg_sequence_last_value(c.oid) END::text AS last,
      d.refobjid::text AS owner_table, a.attname::text AS owner_column, d.deptype = 'i' AS internal
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE ${USER} ORDER BY n.nspname, c.relname`);
  for (const row of rows) {
    if (!known(catalog, "pg_class", row, keyOf.sequence(row.schema, row.name))) continue;
    const table = relations.get(row.owner_table ?? "");
    const column = table?.columns.find(({ name }) => name === row.owner_column);
    if (row.internal && column?.postgres !== undefined)
      column.postgres.sequence = { schema: row.schema, name: row.name, ...optionsIn(row) };
    catalog.schema.sequences.push(sequenceOf(catalog, row, table, column));
  }
}

function optionsIn(row: SequenceRow): SequenceOptions {
  const { type, start, increment, minimum, maximum, cache, cycle } = row;
  return { type, start, increment, minimum, maximum, cache, cycle, unlogged: row.persistence === "u" };
}

function sequenceOf(
  catalog: Catalog,
  row: SequenceRow,
  table: Table | undefined,
  column: Column | undefined,
): Sequence {
  const owned = table !== undefined && column !== undefined;
  return {
    schema: row.schema,
    name: row.name,
    type: row.type,
    last: row.last ?? "",
    options: optionsIn(row),
    unlogged: row.persistence === "u",
    owner: ownerName(catalog, row.owner),
    comment: row.comment ?? "",
    privileges: grantsOf(row.acl, row.owner),
    ...(owned ? { ownedBy: { schema: table.schema, table: table.name, column: column.name } } : {}),
    ...(owned && row.internal ? { ofIdentity: true } : {}),
  };
}
