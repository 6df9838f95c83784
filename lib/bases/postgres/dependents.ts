import type { Session } from "../../engine/index.ts";
import { quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import type { Table } from "../../schema/model.ts";
import type { Toc } from "./toc.ts";

/** Routines that need a table which is left out, for a parameter, the result or a body that the server has parsed: oid → name. */
export async function routinesOf(session: Session, left: Table[]): Promise<Map<string, string>> {
  if (left.length === 0) return new Map();
  const relations = left.map((table) => `${quoteLiteral(quoteQualified(table))}::regclass`).join(", ");
  const rows = await session.query<{ oid: string; name: string }>(`
    WITH gone AS (SELECT oid, reltype FROM pg_class WHERE oid IN (${relations}))
    SELECT DISTINCT d.objid::text AS oid, d.objid::regprocedure::text AS name FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM gone)
      OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT t.oid FROM pg_type t JOIN gone ON t.oid = reltype OR t.typelem = reltype))`);
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}

/** Dump ids of an archive's entries that are these routines. */
export function entriesOfRoutines(toc: Toc, routines: Map<string, string>): Set<number> {
  const found = toc.entries.filter(
    (entry) => /^(FUNCTION|PROCEDURE|AGGREGATE)$/.test(entry.kind) && routines.has(entry.oid),
  );
  return new Set(found.map(({ dumpId }) => dumpId));
}

/** A list for `pg_restore --use-list`: the archive without these entries, their comments and grants. */
export function listWithout(toc: Toc, gone: Set<number>): string {
  const kept = toc.entries.filter(
    (entry) =>
      !gone.has(entry.dumpId) && !(/^(COMMENT|ACL)$/.test(entry.kind) && entry.dependencies.some((id) => gone.has(id))),
  );
  return kept.map(({ dumpId }) => `${dumpId};\n`).join("");
}
