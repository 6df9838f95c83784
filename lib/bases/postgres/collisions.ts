import type { Session } from "../../engine/index.ts";
import { columnName, type MaskPlan } from "../../mask/plan.ts";
import { qualifiedName } from "../../schema/model.ts";

interface Key {
  schema: string;
  table: string;
  name: string;
  columns: string[];
}

/** Unique keys for which a NULL is the same as another (from 15 on). */
const KEYS = `
  SELECT n.nspname::text AS schema, c.relname::text AS table, o.relname::text AS name,
    ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]))::text[] AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class o ON o.oid = i.indexrelid
  WHERE to_jsonb(i)->>'indnullsnotdistinct' = 'true' ORDER BY 1, 2, 3`;

/** Rules after which rows may meet that a constraint keeps apart, in words. */
export async function collidingMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  return [...collidingValues(plan), ...(await collidingNulls(session, plan))];
}

/** Values that differ may meet in an exclusion constraint all the same. */
function collidingValues(plan: MaskPlan): string[] {
  return [...plan.tables.values()].flatMap(({ table, columns }) =>
    table.keys
      .filter(({ kind }) => kind === "exclusion")
      .flatMap((key) =>
        columns
          .filter(({ column, rules }) => key.columns.includes(column.name) && !APART.has(rules[0]?.strategy ?? ""))
          .map(
            ({ column }) =>
              `${columnName({ table, column })}: the exclusion constraint ${key.name} compares it, and masked values may meet; use "nullify", "hash" or "keep"`,
          ),
      ),
  );
}

/** Strategies whose values meet no other. */
const APART = new Set(["nullify", "hash"]);

/** Of rules that put NULL into all columns of such a key. */
async function collidingNulls(session: Session, plan: MaskPlan): Promise<string[]> {
  const keys = await session.query<Key>(KEYS);
  return keys.flatMap(({ schema, table: inTable, name, columns }) => {
    const masked = plan.tables.get(qualifiedName({ schema, name: inTable }));
    const nulled = masked?.columns.filter(
      ({ column, rules }) => columns.includes(column.name) && rules[0]?.strategy === "nullify",
    );
    if (masked === undefined || nulled === undefined || nulled.length < columns.length) return [];
    return nulled.map(
      ({ column }) =>
        `${columnName({ table: masked.table, column })}: the key ${name} takes one NULL alone; use "replace" or "hash"`,
    );
  });
}
