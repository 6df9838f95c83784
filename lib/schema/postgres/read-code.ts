import type { Routine, Trigger } from "../model-objects.ts";
import { type Catalog, grantsOf, known, ownerName, USER } from "./catalog.ts";
import { keyOf } from "./keys.ts";
import { ident, qualified } from "./quote.ts";
import type { Relations } from "./read-relations.ts";

interface RoutineRow {
  id: string;
  kind: string;
  schema: string;
  name: string;
  signature: string;
  arguments: string;
  result: string | null;
  language: string;
  definition: string | null;
  owner: string;
  acl: string[];
  comment: string | null;
}

const ROUTINES: Record<string, Routine["kind"]> = { f: "function", p: "procedure", a: "aggregate", w: "window" };

export async function readRoutines(catalog: Catalog): Promise<void> {
  const aggregates = await readAggregates(catalog);
  const rows = await catalog.query<RoutineRow>(`
    SELECT p.oid::text AS id, p.prokind::text AS kind, n.nspname::text AS schema, p.proname::text AS name, ${SIGNATURE} AS signature,
      pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result, l.lanname::text AS language,
      CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition, pg_get_userbyid(p.proowner)::text AS owner,
      coalesce(p.proacl, acldefault('f', p.proowner))::text[] AS acl, obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE ${USER} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i') ORDER BY 3, 4, 5`);
  for (const row of rows) {
    if (!known(catalog, "pg_proc", row, keyOf.routine(row.schema, row.name, row.signature))) continue;
    catalog.schema.routines.push({
      kind: ROUTINES[row.kind] ?? "function",
      schema: row.schema,
      name: row.name,
      signature: row.signature,
      arguments: row.arguments,
      returns: row.result ?? "",
      language: row.language,
      definition: (row.definition ?? aggregates.get(row.id) ?? "").trimEnd(),
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
      privileges: grantsOf(row.acl, row.owner),
    });
  }
}

/** The types alone: names of arguments are no part of what a routine is called by. */
const SIGNATURE = `(SELECT coalesce(string_agg(format_type(u.t, NULL), ', ' ORDER BY u.i), '') FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, i))`;

/** The server has no function that writes CREATE AGGREGATE. */
async function readAggregates(catalog: Catalog): Promise<Map<string, string>> {
  const routine = (id: string) =>
    `(SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.proname) FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ${id})`;
  const rows = await catalog.query<{ id: string; schema: string; name: string } & Record<string, string | null>>(`
    SELECT p.oid::text AS id, n.nspname::text AS schema, p.proname::text AS name, pg_get_function_arguments(p.oid) AS arguments, a.aggkind::text AS kind,
      ${routine("a.aggtransfn")} AS sfunc, format_type(a.aggtranstype, NULL) AS stype, nullif(a.aggtransspace, 0)::text AS sspace,
      ${routine("a.aggfinalfn")} AS finalfunc, CASE WHEN a.aggfinalextra THEN 'true' END AS finalfunc_extra,
      CASE WHEN a.aggfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END AS finalfunc_modify,
      ${routine("a.aggcombinefn")} AS combinefunc, ${routine("a.aggserialfn")} AS serialfunc, ${routine("a.aggdeserialfn")} AS deserialfunc,
      quote_literal(a.agginitval) AS initcond, ${routine("a.aggmtransfn")} AS msfunc, ${routine("a.aggminvtransfn")} AS minvfunc,
      CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END AS mstype, nullif(a.aggmtransspace, 0)::text AS msspace,
      ${routine("a.aggmfinalfn")} AS mfinalfunc, CASE WHEN a.aggmfinalextra THEN 'true' END AS mfinalfunc_extra,
      CASE WHEN a.aggmtransfn <> 0 AND a.aggmfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char" THEN CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END AS mfinalfunc_modify,
      quote_literal(a.aggminitval) AS minitcond,
      (SELECT 'OPERATOR(' || quote_ident(onn.nspname) || '.' || o.oprname || ')' FROM pg_operator o JOIN pg_namespace onn ON onn.oid = o.oprnamespace WHERE o.oid = a.aggsortop) AS sortop,
      CASE WHEN a.aggkind = 'h' THEN '' END AS hypothetical, CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END AS parallel
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER}`);
  const made = new Map<string, string>();
  for (const { id, schema, name, arguments: args, kind, hypothetical, ...options } of rows) {
    const lines = Object.entries(options).flatMap(([option, value]) =>
      value === null ? [] : [`  ${option.toUpperCase()} = ${value}`],
    );
    if (hypothetical !== null) lines.push("  HYPOTHETICAL");
    made.set(id, `CREATE AGGREGATE ${qualified(schema, name)}(${args || "*"}) (\n${lines.join(",\n")}\n)`);
  }
  return made;
}

interface TriggerRow {
  id: string;
  relation: string;
  name: string;
  definition: string;
  enabled: string;
  comment: string | null;
  local: boolean;
  timing: number;
}

const ENABLED: Record<string, string> = { O: "", D: "disabled", R: "replica", A: "always" };

export async function readTriggers(catalog: Catalog, relations: Relations): Promise<void> {
  const cloned = catalog.version >= 13 ? "t.tgparentid <> 0" : "t.tgisinternal";
  const rows = await catalog.query<TriggerRow>(`
    SELECT t.oid::text AS id, t.tgrelid::text AS relation, t.tgname::text AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled::text AS enabled,
      obj_description(t.oid, 'pg_trigger') AS comment, NOT (${cloned}) AS local, t.tgtype::int AS timing
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (NOT t.tgisinternal OR ${cloned} AND t.tgconstraint = 0) AND ${USER} ORDER BY t.tgrelid, t.tgname`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    if (!known(catalog, "pg_trigger", row, keyOf.trigger(table.schema, table.name, row.name))) continue;
    catalog.schema.triggers.push({
      schema: table.schema,
      table: table.name,
      name: row.name,
      definition: row.definition,
      ...timingOf(row.timing),
      enabled: ENABLED[row.enabled] ?? "",
      comment: row.comment ?? "",
      local: row.local,
    });
  }
}

/** The bits of `tgtype` (pg_trigger.h). */
function timingOf(bits: number): Pick<Trigger, "timing" | "events"> {
  const events = [
    bits & 4 ? "INSERT" : "",
    bits & 8 ? "DELETE" : "",
    bits & 16 ? "UPDATE" : "",
    bits & 32 ? "TRUNCATE" : "",
  ];
  return {
    timing: bits & 2 ? "BEFORE" : bits & 64 ? "INSTEAD OF" : "AFTER",
    events: events.filter((event) => event !== ""),
  };
}

export async function readEventTriggers(catalog: Catalog): Promise<void> {
  const rows = await catalog.query<{
    id: string;
    name: string;
    event: string;
    tags: string[] | null;
    routine: string;
    enabled: string;
    owner: string;
    comment: string | null;
  }>(`
    SELECT e.oid::text AS id, e.evtname::text AS name, e.evtevent::text AS event, e.evttags AS tags, quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS routine,
      e.evtenabled::text AS enabled, pg_get_userbyid(e.evtowner)::text AS owner, obj_description(e.oid, 'pg_event_trigger') AS comment
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace ORDER BY 2`);
  for (const row of rows) {
    if (!known(catalog, "pg_event_trigger", row, keyOf.eventTrigger(row.name))) continue;
    const tags = (row.tags ?? []).map((tag) => `'${tag}'`).join(", ");
    catalog.schema.triggers.push({
      schema: "",
      table: "",
      name: row.name,
      definition: `CREATE EVENT TRIGGER ${ident(row.name)} ON ${row.event}${tags === "" ? "" : `\n  WHEN TAG IN (${tags})`}\n  EXECUTE FUNCTION ${row.routine}()`,
      enabled: ENABLED[row.enabled] ?? "",
      owner: ownerName(catalog, row.owner),
      comment: row.comment ?? "",
    });
  }
}

export async function readRules(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<{
    id: string;
    relation: string;
    name: string;
    definition: string;
    enabled: string;
    comment: string | null;
  }>(`
    SELECT r.oid::text AS id, r.ev_class::text AS relation, r.rulename::text AS name, pg_get_ruledef(r.oid) AS definition, r.ev_enabled::text AS enabled,
      obj_description(r.oid, 'pg_rewrite') AS comment
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER} ORDER BY r.ev_class, r.rulename`);
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    const select = row.name === "_RETURN";
    const { schema, name } = table;
    if (!known(catalog, "pg_rewrite", row, select ? keyOf.relation(schema, name) : keyOf.rule(schema, name, row.name)))
      continue;
    if (select) continue;
    catalog.schema.rules.push({
      schema,
      table: name,
      name: row.name,
      definition: row.definition.trim().replace(/;$/, ""),
      enabled: ENABLED[row.enabled] ?? "",
      comment: row.comment ?? "",
    });
  }
}

export async function readPolicies(catalog: Catalog, relations: Relations): Promise<void> {
  const rows = await catalog.query<{
    id: string;
    relation: string;
    name: string;
    permissive: boolean;
    command: string;
    roles: string[];
    using: string | null;
    check: string | null;
    comment: string | null;
  }>(`
    SELECT p.oid::text AS id, p.polrelid::text AS relation, p.polname::text AS name, p.polpermissive AS permissive, p.polcmd::text AS command,
      ARRAY(SELECT CASE WHEN r = 0 THEN '' ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r ORDER BY 1)::text[] AS roles,
      pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check, obj_description(p.oid, 'pg_policy') AS comment
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER} ORDER BY p.polrelid, p.polname`);
  const commands: Record<string, string> = { "*": "ALL", r: "SELECT", a: "INSERT", w: "UPDATE", d: "DELETE" };
  for (const row of rows) {
    const table = relations.get(row.relation);
    if (table === undefined) continue;
    if (!known(catalog, "pg_policy", row, keyOf.policy(table.schema, table.name, row.name))) continue;
    catalog.schema.policies.push({
      schema: table.schema,
      table: table.name,
      name: row.name,
      permissive: row.permissive,
      command: commands[row.command] ?? row.command,
      roles: row.roles,
      using: row.using ?? undefined,
      check: row.check ?? undefined,
      comment: row.comment ?? "",
    });
  }
}
