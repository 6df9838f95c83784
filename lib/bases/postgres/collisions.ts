import type { Session } from "../../engine/index.ts";
import { columnName, type MaskPlan } from "../../mask/plan.ts";
import { qualifiedName } from "../../schema/model.ts";

interface Key {
  schema: string;
  table: string;
  name: string;
  columns: string[];
  excludes: boolean;
}

/** Exclusion constraints, and unique keys for which a NULL is the same as another (from 15 on). */
const KEYS = `
  SELECT n.nspname::text AS schema, c.relname::text AS table, o.relname::text AS name, i.indisexclusion AS excludes,
    ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]))::text[] AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class o ON o.oid = i.indexrelid
  WHERE i.indisexclusion OR to_jsonb(i)->>'indnullsnotdistinct' = 'true' ORDER BY 1, 2, 3`;

/** Rules after which rows may meet that constraints keep apart, in words. */
export async function collidingMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  const keys = await session.query<Key>(KEYS);
  return keys.flatMap(({ name, columns, excludes, ...key }) => {
    const masked = plan.tables.get(qualifiedName({ schema: key.schema, name: key.table }));
    const masks = masked?.columns.filter(({ column }) => columns.includes(column.name)) ?? [];
    const strategyOf = ({ rules: [rule] }: (typeof masks)[number]) => rule?.strategy;
    if (masked === undefined || masks.length === 0) return [];
    const say = (mask: (typeof masks)[number], why: string) =>
      `${columnName({ table: masked.table, column: mask.column })}: ${why}`;
    if (excludes)
      return masks
        .filter((mask) => !["nullify", "hash"].includes(strategyOf(mask) ?? ""))
        .map((mask) =>
          say(
            mask,
            `the exclusion constraint ${name} compares it, and masked values may meet; use "nullify", "hash" or "keep"`,
          ),
        );
    if (masks.length < columns.length || masks.some((mask) => strategyOf(mask) !== "nullify")) return [];
    return masks.map((mask) => say(mask, `the key ${name} takes one NULL alone; use "replace" or "hash"`));
  });
}
