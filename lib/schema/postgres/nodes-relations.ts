import type { Destructive, Hazard } from "../change.ts";
import type { Column, Table } from "../model.ts";
import type { ObjectKind } from "../model-objects.ts";
import { columnGrantsLeft, commentDraft, describeChange, describeNew, grantDrafts, type Named } from "./access.ts";
import { exclusive, foreignOptions } from "./column-parts.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Draft, hazardsOn, type Node, node, textWords, versionOf, type World } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

const KEYWORDS: Record<Table["kind"], string> = {
  table: "TABLE",
  partitioned: "TABLE",
  partition: "TABLE",
  view: "VIEW",
  "materialized view": "MATERIALIZED VIEW",
  "foreign table": "FOREIGN TABLE",
};

const DROPS: Record<Table["kind"], Destructive> = {
  table: "drop-table",
  partitioned: "drop-table",
  partition: "drop-partition",
  view: "drop-view",
  "materialized view": "drop-materialized-view",
  "foreign table": "drop-foreign-table",
};

/** A partition is a table that is attached; attaching is a thing of its own. */
export function kindOf(table: Table): ObjectKind {
  return table.kind === "partitioned" || table.kind === "partition" ? "table" : table.kind;
}

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
    destructive: DROPS[table.kind],
    create: (members) => [
      { sql: view ? viewSql(table) : tableSql(table, members) },
      ...afterRelation(world, table, named),
      ...members.flatMap((member) => member.after()),
    ],
    drop: () => [{ sql: `DROP ${named.sqlName}`, ...hazardsOn(world, key, ...lost, exclusive(table)) }],
    compare: (a, b) => compareRelations(world, a, b),
  });
}

function namedOf(table: Table): Named {
  const name = qualified(table.schema, table.name);
  return { sqlName: `${KEYWORDS[table.kind]} ${name}`, grantOn: { keyword: "TABLE", name }, schema: table.schema };
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

/** The name in a key. */
export function nameIn(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}

function withOptions(options: Record<string, string> | undefined): string {
  const pairs = Object.entries(options ?? {}).map(optionText);
  return pairs.length === 0 ? "" : `\nWITH (${pairs.join(", ")})`;
}

/** Values may hold what only a string may. */
export function optionText([name, value]: [string, string]): string {
  return `${name}=${/^[\w.-]+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`}`;
}

function viewSql(table: Table, verb = "CREATE"): string {
  const { check_option: check, ...options } = table.options ?? {};
  const head = `${verb} ${KEYWORDS[table.kind]} ${qualified(table.schema, table.name)}`;
  const method = table.postgres?.accessMethod ? `\nUSING ${ident(table.postgres.accessMethod)}` : "";
  const space = table.postgres?.tablespace ? `\nTABLESPACE ${ident(table.postgres.tablespace)}` : "";
  const end =
    table.kind === "view"
      ? check === undefined
        ? ""
        : `\nWITH ${check.toUpperCase()} CHECK OPTION`
      : table.postgres?.populated
        ? ""
        : "\nWITH NO DATA";
  const values = valuesOf(table);
  if (values !== undefined) {
    const columns = table.columns.map(({ name }) => ident(name)).join(", ");
    return `${head} (${columns})${method}${withOptions(options)}${space} AS\n${values}${end}`;
  }
  return `${head}${method}${withOptions(options)}${space} AS\n${table.definition}${end}`;
}

/** A view of bare VALUES, which the server writes as a SELECT that it would itself read as another one. */
function valuesOf({ definition = "" }: Table): string | undefined {
  const [, values] =
    /^SELECT (?:"\*VALUES\*"\.)?column1\b[^()]*\sFROM \((VALUES .*)\) "\*VALUES\*"$/s.exec(definition) ?? [];
  return values;
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

/** Comment, privileges and settings of a view's column; undefined when it is new. */
function viewColumn(world: World, table: Table, a: Column | undefined, b: Column): Differences {
  const found = new Differences();
  const name = qualified(table.schema, table.name);
  found.note(`comment of ${b.name}`, a?.comment, b.comment, commentDraft(`COLUMN ${name}.${ident(b.name)}`, b.comment));
  const on = { keyword: "TABLE", name, columns: ident(b.name) };
  const owner = table.owner || (world.a.postgres?.databaseOwner ?? "");
  const grants = grantDrafts(world, on, { before: a?.privileges ?? [], after: b.privileges ?? [], owner });
  if (grants.length > 0) found.words.push(`privileges of ${b.name} differ`);
  found.add(...grants);
  const alter = `ALTER MATERIALIZED VIEW ${name} ALTER COLUMN ${ident(b.name)}`;
  const target = (column: Column | undefined) => String(column?.postgres?.statistics ?? -1);
  if (table.kind === "materialized view") {
    found.note(`statistics of ${b.name}`, target(a), target(b), `${alter} SET STATISTICS ${target(b)}`);
    if (b.postgres?.storage || a?.postgres?.storage)
      found.note(
        `storage of ${b.name}`,
        a?.postgres?.storage,
        b.postgres?.storage,
        `${alter} SET STORAGE ${b.postgres?.storage || (versionOf(world) >= 16 ? "DEFAULT" : b.postgres?.usualStorage)}`,
      );
  }
  return found;
}

function compareRelations(world: World, a: Table, b: Table) {
  const found = new Differences();
  if (KEYWORDS[a.kind] !== KEYWORDS[b.kind]) {
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

interface Pair {
  a: Table;
  b: Table;
  named: Named;
}

function compareViews(world: World, found: Differences, { a, b, named }: Pair): void {
  const shape = (column: Column | undefined) => `${column?.name} ${column?.type} ${column?.postgres?.collate}`;
  const extended = a.columns.every((column, at) => shape(column) === shape(b.columns[at]));
  const bare = ({ definition = "" }: Table) => definition.replaceAll("( VALUES ", "(VALUES ");
  const query = bare(a) !== bare(b);
  const checks = [a.options?.check_option, b.options?.check_option];
  if (query || checks[0] !== checks[1]) {
    found.words.push(...textWords("query", a.definition ?? "", b.definition ?? ""));
    if (checks[0] !== checks[1]) found.words.push(`check option: ${checks[0] ?? "none"} → ${checks[1] ?? "none"}`);
    if (b.kind === "materialized view" || !extended) found.replace = true;
    else found.add(viewSql(b, "CREATE OR REPLACE"));
  } else if (!extended) {
    found.words.push("columns differ");
    found.replace = true;
  }
  if (found.replace) return;
  const replaced = found.drafts.length > 0;
  const { words, drafts } = optionDrafts(named, a.options ?? {}, b.options ?? {});
  found.words.push(...words.filter((word) => !word.startsWith("check_option")));
  if (!replaced) found.add(...drafts);
  if (b.kind === "materialized view") compareStorage(world, found, { a, b, named });
}

/** Storage parameters and view options: SET and RESET. */
export function optionDrafts(
  named: Pick<Named, "sqlName">,
  a: Record<string, string>,
  b: Record<string, string>,
): { words: string[]; drafts: Draft[] } {
  const gone = Object.keys(a).filter((name) => !(name in b));
  const come = Object.entries(b).filter(([name, value]) => a[name] !== value);
  const words = [
    ...gone.map((name) => `${name}: ${a[name]} → default`),
    ...come.map(([name, value]) => `${name}: ${a[name] ?? "default"} → ${value}`),
  ];
  const drafts: Draft[] = [];
  if (gone.length > 0) drafts.push({ sql: `ALTER ${named.sqlName} RESET (${gone.join(", ")})` });
  // Those that are set move to the end, and the server tells them in their order.
  const kept = Object.keys(a).filter((name) => a[name] === b[name]);
  const ordered = [...kept, ...come.map(([name]) => name)].join() === Object.keys(b).join();
  const set = ordered || words.length === 0 ? come : Object.entries(b);
  if (set.length > 0) drafts.push({ sql: `ALTER ${named.sqlName} SET (${set.map(optionText).join(", ")})` });
  return { words, drafts };
}

function compareStorage(world: World, found: Differences, { a, b, named }: Pair): void {
  const alter = `ALTER ${named.sqlName}`;
  const [old, now] = [a.postgres, b.postgres];
  const rewrite: Hazard = { name: "rewrites-table", detail: shown(b.schema, b.name) };
  // 15 brought the statement.
  if (versionOf(world) < 15) found.anew("access method", old?.accessMethod, now?.accessMethod);
  if (found.replace) return;
  found.note("access method", old?.accessMethod, now?.accessMethod, {
    sql: `${alter} SET ACCESS METHOD ${now?.accessMethod ? ident(now.accessMethod) : "heap"}`,
    hazards: [exclusive(b), rewrite],
  });
  found.note("tablespace", old?.tablespace, now?.tablespace, {
    sql: `${alter} SET TABLESPACE ${now?.tablespace ? ident(now.tablespace) : "pg_default"}`,
    hazards: [exclusive(b), rewrite],
  });
  if (old?.clusteredOn && !now?.clusteredOn)
    found.note("clustered on", old.clusteredOn, "", `${alter} SET WITHOUT CLUSTER`);
}

function compareTables(world: World, found: Differences, { a, b, named }: Pair): void {
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

/** That a table is one of a composite type; it steps aside while that changes. */
export function typingNode(table: Table): Node {
  const relation = keyOf.relation(table.schema, table.name);
  const name = qualified(table.schema, table.name);
  const type = table.postgres?.ofType ?? "";
  return node<string>({
    key: `typing:${name}`,
    kind: "table",
    schema: table.schema,
    title: `${shown(table.schema, table.name)} of type ${type}`,
    it: type,
    parents: [relation],
    needs: [relation, `type:${type}`],
    follows: table.columns.map((column) => keyOf.column(table.schema, table.name, column.name)),
    line: () => "",
    create: `ALTER TABLE ${name} OF ${type}`,
    drop: `ALTER TABLE ${name} NOT OF`,
    compare: (a, b) => (a === b ? undefined : { words: [`of type: ${a} → ${b}`], replace: true }),
  });
}

/** Being a partition of another table, or inheriting from one. `apart`: it leaves that before its end. */
export function parentNode(
  world: World,
  table: Table,
  parent: string,
  { followers, apart }: { followers: string[]; apart: boolean },
): Node {
  const child = keyOf.relation(table.schema, table.name);
  const name = qualified(table.schema, table.name);
  const partition = table.postgres?.partitionBound ?? "";
  const needs = [child, parent];
  if (partition === "") {
    return node<string>({
      key: `inheritance:${name} ${nameIn(parent)}`,
      kind: "table",
      schema: table.schema,
      title: `${shown(table.schema, table.name)} inherits ${nameIn(parent)}`,
      it: parent,
      needs,
      follows: followers.filter((key) => /^(column|constraint):/.test(key)),
      parents: [child],
      line: () => "",
      create: `ALTER TABLE ${name} INHERIT ${nameIn(parent)}`,
      drop: `ALTER TABLE ${name} NO INHERIT ${nameIn(parent)}`,
      compare: () => undefined,
    });
  }
  return node<string>({
    key: keyOf.partition(table.schema, table.name),
    kind: "partition",
    schema: table.schema,
    title: shown(table.schema, table.name),
    it: `${nameIn(parent)} ${partition}`,
    needs,
    follows: followers,
    parents: apart ? [] : [child],
    create: () => [
      {
        sql: `ALTER TABLE ONLY ${nameIn(parent)} ATTACH PARTITION ${name} ${partition}`,
        ...hazardsOn(
          world,
          child,
          {
            name: "scans-table",
            detail: `every row of ${shown(table.schema, table.name)} is checked against its bounds`,
          },
          { name: "locks", detail: `ACCESS EXCLUSIVE on ${shown(table.schema, table.name)}` },
        ),
      },
    ],
    drop: () => [
      {
        sql: `ALTER TABLE ONLY ${nameIn(parent)} DETACH PARTITION ${name}`,
        ...hazardsOn(world, parent, { name: "locks", detail: `ACCESS EXCLUSIVE on ${nameIn(parent)}` }),
      },
    ],
    compare: (a, b) => (a === b ? undefined : { words: [`partition: ${a} → ${b}`], replace: true }),
  });
}
