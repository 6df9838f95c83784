import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { MaskPlan } from "../../mask/plan.ts";
import { qualifiedName } from "../../schema/model.ts";
import type { Build } from "../build.ts";
import type { RowMasks } from "../row-masks.ts";
import { withSocketSession } from "./inspect.ts";
import { sql } from "./sql.ts";

/** A column of lexemes that the server's own trigger function fills from others. */
interface FedVector {
  schema: string;
  name: string;
  column: string;
  configuration: string;
  from: string[];
}

async function fedVectors(session: Session): Promise<FedVector[]> {
  const rows = await session.query<{ schema: string; name: string; arguments: string[] }>(`
    SELECT n.nspname::text AS schema, c.relname::text AS name,
      string_to_array(rtrim(encode(t.tgargs, 'escape'), E'\\\\000'), E'\\\\000') AS arguments
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.proname = 'tsvector_update_trigger' AND p.pronamespace = 'pg_catalog'::regnamespace AND NOT t.tgisinternal`);
  return rows.map(({ schema, name, arguments: [column = "", configuration = "", ...from] }) => ({
    ...{ schema, name, column, configuration, from },
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
    return `UPDATE ONLY ${quoteQualified(vector)} SET ${quoteIdentifier(vector.column)} = pg_catalog.to_tsvector(${quoteLiteral(vector.configuration)}, ${text})`;
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
