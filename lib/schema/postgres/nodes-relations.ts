import type { Hazard } from "../change.ts";
import type { Column, Table } from "../model.ts";
import { columnGrantsLeft, describeChange, describeNew, type Named } from "./access.ts";
import { exclusive, foreignOptions } from "./column-parts.ts";
import { keyOf, nameIn } from "./keys.ts";
import { Differences, type Draft, hazardsOn, type Node, node, type World } from "./node.ts";
import { compareViews, viewColumn, viewSql } from "./nodes-views.ts";
import { ident, qualified, shown } from "./quote.ts";
import { kindOf, namedOf, RELATION_DROPS, RELATION_KEYWORDS } from "./relation-kinds.ts";
import { compareStorage, optionDrafts, type RelationPair, withOptions } from "./relation-storage.ts";

export function relationNode(world: World, table: Table): Node {
  const key = keyOf.relation(table.schema, table.name);
  const named = namedOf(table);
  const view = table.kind === "view" || table.kind === "materialized view";
  const lost: Hazard[] =
    view || table.kind === "foreign table"
      ? []
      : [{ name: "deletes-data", detail: `the rows of ${shown(table.schema, table.name)}` }];
  return node<Table>({
    key,
    kind: kindOf(table),
    schema: table.schema,
    title: shown(table.schema, table.name),
    it: table,
    needs: [
      keyOf.schema(table.schema),
      ...(table.postgres?.server === undefined ? [] : [keyOf.other("server", "", ident(table.postgres.server))]),
    ],
    slots: [`class:${qualified(table.schema, table.name)}`, `type:${qualified(table.schema, table.name)}`],
    destructive: RELATION_DROPS[table.kind],
    create: (members) => [
      { sql: view ? viewSql(table) : tableSql(table, members) },
      ...afterRelation(world, table, named),
      ...members.flatMap((member) => member.after()),
    ],
    drop: () => [{ sql: `DROP ${named.sqlName}`, ...hazardsOn(world, key, ...lost, exclusive(table)) }],
    compare: (a, b) => compareRelations(world, a, b),
  });
}

function tableSql(table: Table, members: readonly Node[]): string {
  const { postgres } = table;
  const name = qualified(table.schema, table.name);
  const lines = members.map((member) => member.line?.(members) ?? "").filter((line) => line !== "");
  const parents = members
    .filter(({ kind, key }) => kind === "table" && key.startsWith("inheritance:"))
    .map(({ it }) => it as string);
  const body = lines.length > 0 ? `(\n${lines.map((line) => `    ${line}`).join(",\n")}\n)` : "()";
  const typed = members.some(({ key }) => key.startsWith("typing:"));
  const ofType = typed ? ` OF ${postgres?.ofType}${lines.length > 0 ? ` ${body}` : ""}` : ` ${body}`;
  if (table.kind === "foreign table") {
    const options = postgres?.serverOptions?.length ? `\nOPTIONS (${postgres.serverOptions.join(", ")})` : "";
    return `CREATE FOREIGN TABLE ${name}${ofType}${inherits(parents)}\nSERVER ${ident(postgres?.server ?? "")}${options}`;
  }
  const clauses = [
    postgres?.partitionBy ? `\nPARTITION BY ${postgres.partitionBy}` : "",
    postgres?.accessMethod ? `\nUSING ${ident(postgres.accessMethod)}` : "",
    withOptions(table.options),
    postgres?.tablespace ? `\nTABLESPACE ${ident(postgres.tablespace)}` : "",
  ];
  return `CREATE ${postgres?.unlogged ? "UNLOGGED " : ""}TABLE ${name}${ofType}${inherits(parents)}${clauses.join("")}`;
}

function inherits(parents: string[]): string {
  return parents.length === 0 ? "" : `\nINHERITS (${parents.map(nameIn).join(", ")})`;
}

function afterRelation(world: World, table: Table, named: Named): Draft[] {
  const drafts = describeNew(world, named, table);
  const alter = `ALTER ${named.sqlName}`;
  const { postgres } = table;
  if (postgres?.rowSecurity) drafts.push({ sql: `${alter} ENABLE ROW LEVEL SECURITY` });
  if (postgres?.forceRowSecurity) drafts.push({ sql: `${alter} FORCE ROW LEVEL SECURITY` });
  if (postgres?.replicaIdentity === "full" || postgres?.replicaIdentity === "nothing")
    drafts.push({ sql: `${alter} REPLICA IDENTITY ${postgres.replicaIdentity.toUpperCase()}` });
  if (table.kind === "view" || table.kind === "materialized view")
    for (const column of table.columns) drafts.push(...viewColumn(world, table, undefined, column).drafts);
  return drafts;
}

function compareRelations(world: World, a: Table, b: Table) {
  const found = new Differences();
  if (RELATION_KEYWORDS[a.kind] !== RELATION_KEYWORDS[b.kind]) {
    found.anew("kind", a.kind, b.kind);
    return found;
  }
  const named = namedOf(b);
  if (b.kind === "view" || b.kind === "materialized view") compareViews(world, found, { a, b, named });
  else compareTables(world, found, { a, b, named });
  if (found.replace) return found;
  found.join(describeChange(world, named, a, b));
  if (b.kind === "view" || b.kind === "materialized view")
    for (const [at, column] of b.columns.entries()) {
      const before = a.columns[at];
      const privileges = columnGrantsLeft(a, b, before?.privileges);
      found.join(viewColumn(world, b, before && { ...before, privileges }, column));
    }
  return found;
}

function compareTables(world: World, found: Differences, { a, b, named }: RelationPair): void {
  const alter = `ALTER ${named.sqlName}`;
  const [old, now] = [a.postgres, b.postgres];
  if (old === undefined || now === undefined) return;
  found.anew("partitioned by", old.partitionBy, now.partitionBy);
  for (const column of b.columns) {
    if (!world.partitionKeys.has(keyOf.column(b.schema, b.name, column.name))) continue;
    const before = a.columns.find(({ name }) => name === column.name);
    found.anew(`type of ${column.name}, by which it is partitioned`, before?.type, column.type);
    found.anew(`collation of ${column.name}`, before?.postgres?.collate, column.postgres?.collate);
  }
  found.anew("server", old.server, now.server);
  // A type says in which order, and what is added comes last.
  if (now.ofType) found.anew("order of its columns", orderAfter(a, b), b.columns.map(({ name }) => name).join(", "));
  if (found.replace) return;
  const logged = (unlogged: boolean) => (unlogged ? "unlogged" : "logged");
  found.note("persistence", logged(old.unlogged), logged(now.unlogged), {
    sql: `${alter} SET ${logged(now.unlogged).toUpperCase()}`,
    hazards: [exclusive(b), { name: "rewrites-table", detail: shown(b.schema, b.name) }],
  });
  found.join(optionDrafts(named, a.options ?? {}, b.options ?? {}));
  compareStorage(world, found, { a, b, named });
  if (found.replace) return;
  const on = (value: boolean) => (value ? "on" : "off");
  const access: Hazard = { name: "access", detail: `row level security of ${shown(b.schema, b.name)}` };
  found.note("row level security", on(old.rowSecurity), on(now.rowSecurity), {
    sql: `${alter} ${now.rowSecurity ? "ENABLE" : "DISABLE"} ROW LEVEL SECURITY`,
    hazards: [access],
  });
  found.note("row level security for the owner", on(old.forceRowSecurity), on(now.forceRowSecurity), {
    sql: `${alter} ${now.forceRowSecurity ? "FORCE" : "NO FORCE"} ROW LEVEL SECURITY`,
    hazards: [access],
  });
  // That of an index is set with the index.
  if (!now.replicaIdentity.startsWith("index"))
    found.note(
      "replica identity",
      old.replicaIdentity,
      now.replicaIdentity,
      `${alter} REPLICA IDENTITY ${now.replicaIdentity.toUpperCase()}`,
    );
  const options = foreignOptions(old.serverOptions ?? [], now.serverOptions ?? []);
  if (options !== "")
    found.note("options", old.serverOptions?.join(", "), now.serverOptions?.join(", "), `${alter} ${options}`);
}

/** The columns of A's table as they stand once it has those of B. */
function orderAfter(a: Table, b: Table): string {
  const has = (table: Table, { name }: Column) => table.columns.some((one) => one.name === name);
  const kept = a.columns.filter((column) => has(b, column));
  return [...kept, ...b.columns.filter((column) => !has(a, column))].map(({ name }) => name).join(", ");
}
