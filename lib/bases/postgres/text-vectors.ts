import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { MaskPlan } from "../../mask/plan.ts";
import { qualifiedName } from "../../schema/model.ts";
import type { Build } from "../build.ts";
import type { RowMasks } from "../row-masks.ts";
import { withSocketSession } from "./inspect.ts";
import { sql } from "./sql.ts";

/** A column of lexemes that one of the server's own trigger functions fills from others. */
interface FedVector {
  schema: string;
  name: string;
  column: string;
  /** SQL that gives the configuration of the text search: a name, or the column that holds one. */
  configuration: string;
  from: string[];
}

/** A trigger's arguments each end in a zero byte, which no text may hold: so they are taken apart as hexadecimal digits. */
const FEEDERS = `
  SELECT n.nspname::text AS schema, c.relname::text AS name, p.proname = 'tsvector_update_trigger_column' AS by_column,
    ARRAY(SELECT convert_from(decode(part, 'hex'), getdatabaseencoding())
      FROM regexp_split_to_table(regexp_replace(encode(t.tgargs, 'hex'), '(..)', '\\1 ', 'g'), '00 ') WITH ORDINALITY AS parts (part, at)
      WHERE at <= t.tgnargs ORDER BY at) AS arguments
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.proname IN ('tsvector_update_trigger', 'tsvector_update_trigger_column') AND p.pronamespace = 'pg_catalog'::regnamespace AND NOT t.tgisinternal`;

async function fedVectors(session: Session): Promise<FedVector[]> {
  const rows = await session.query<{ schema: string; name: string; by_column: boolean; arguments: string[] }>(FEEDERS);
  return rows.map(({ schema, name, by_column, arguments: [column = "", configuration = "", ...from] }) => ({
    ...{ schema, name, column, from },
    configuration: by_column ? quoteIdentifier(configuration) : quoteLiteral(configuration),
  }));
}

/** Lexemes of masked columns that would stay as they are, in words. */
export async function keptVectors(session: Session, plan: MaskPlan): Promise<string[]> {
  if (plan.tables.size === 0) return [];
  return (await fedVectors(session)).flatMap((vector) => {
    const masked = plan.tables.get(qualifiedName(vector))?.columns.map(({ column }) => column.name) ?? [];
    const fed = vector.from.filter((name) => masked.includes(name));
    if (fed.length === 0 || masked.includes(vector.column)) return [];
    return [
      `${qualifiedName(vector)}.${vector.column}: it holds the words of ${fed.join(", ")}; "nullify" it (or "redact" with ""), and it is made again from what is masked`,
    ];
  });
}

/** Makes lexemes again that were left out, from the masked columns that feed them. Resolves to the tables that changed. */
export async function rebuildVectors(build: Build, masks: RowMasks): Promise<{ schema: string; name: string }[]> {
  const emptied = [...masks.values()].filter(({ selected }) => selected.size > 0);
  if (emptied.length === 0) return [];
  const vectors = await withSocketSession(build, fedVectors);
  const changed = vectors.filter((vector) =>
    emptied.some(
      ({ table, selected }) => qualifiedName(table) === qualifiedName(vector) && selected.has(vector.column),
    ),
  );
  const statements = changed.map((vector) => {
    const text = `pg_catalog.concat_ws(' ', ${vector.from.map(quoteIdentifier).join(", ")})`;
    return `UPDATE ONLY ${quoteQualified(vector)} SET ${quoteIdentifier(vector.column)} = pg_catalog.to_tsvector(${vector.configuration}, ${text})`;
  });
  // No trigger of the table's does more than it should.
  if (statements.length > 0)
    await sql(
      build,
      `SET session_replication_role = replica;\n${statements.join(";\n")};`,
      build.database,
      "make text vectors",
    );
  return changed;
}
