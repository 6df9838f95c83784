import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Change, DiffOptions, Rename, Statement } from "../change.ts";
import type { Table } from "../model.ts";
import type { FullSchema, NotCompared } from "../model-objects.ts";
import { alterStatements, COMMITS } from "./alter.ts";
import { columnParts } from "./columns.ts";
import { createTables } from "./create-tables.ts";
import { definitionOf, type ForeignKeyText } from "./definition.ts";
import { checkParts, indexParts } from "./indexes.ts";
import { planKeys } from "./links.ts";
import { fixedOptions, optionPart, periodParts } from "./options.ts";
import { pairOf, type TablePair } from "./pair.ts";
import { changeOf, type Part, RANK } from "./part.ts";
import { partitionPart } from "./partitions.ts";
import { proposeColumns, proposeTables, type Renames } from "./renames.ts";
import { namesIn } from "./tokens.ts";

/** What becomes of the tables, in the order in which it must be done. */
export interface TablePlan {
  changes: Change[];
  drops: Statement[];
  linkDrops: Statement[];
  renames: Statement[];
  creates: Statement[];
  alters: Statement[];
  links: Statement[];
  proposed: Rename[];
  notCompared: NotCompared[];
}

/** Both sides' tables, A's with the names that confirmed renames give them. */
export interface Sides {
  a: FullSchema;
  b: FullSchema;
  renames: Renames;
  chosen(kind: Change["kind"], ...names: string[]): boolean;
}

export type Prepared = { pair: TablePair; parts: Part[] };

/** Compares the tables of two schemas. */
export function planTables(sides: Sides, options: DiffOptions): TablePlan {
  const { a, b, renames, chosen } = sides;
  const before = new Map(tablesOf(a).map((table) => [renames.tables.get(table.name) ?? table.name, table]));
  const wanted = tablesOf(b).filter(({ name }) => chosen("table", name) || before.has(name));
  const plan: TablePlan = {
    changes: [],
    drops: [],
    linkDrops: [],
    renames: [],
    creates: [],
    alters: [],
    links: [],
    proposed: [],
    notCompared: [],
  };
  const referenced = referencedColumns(b);
  const created = wanted.filter(({ name }) => !before.has(name));
  const pairs = wanted.flatMap((table) => {
    const old = before.get(table.name);
    return old === undefined ? [] : [prepare(sides, { old, table, referenced })];
  });
  const kept = new Set(tablesOf(b).map(({ name }) => name));
  const dropped = [...before].filter(([name]) => !kept.has(name) && chosen("table", name)).map(([, table]) => table);
  planRenames(sides, plan);
  for (const table of dropped) planDrop(table, dropped, plan);
  const made = createTables(created, {
    flavour: a.server.flavour === "mariadb" ? "mariadb" : "mysql",
    plan,
    existing: new Set(pairs.filter(({ parts }) => parts.length === 0).map(({ pair }) => pair.name)),
  });
  planKeys(sides, plan, { pairs, created, inline: made });
  for (const early of movedChecks(pairs, created)) plan.linkDrops.push(...early);
  for (const { pair, parts } of pairs) {
    plan.changes.push(...parts.map(({ change }) => change));
    plan.alters.push(
      ...historyKept(pair, parts),
      ...alterStatements(pair.name, parts, { online: options.online, innodb: pair.innodb }),
    );
    plan.notCompared.push(...fixedOptions(pair), ...unknownItems(pair));
  }
  plan.proposed = [
    ...proposeTables(dropped, created),
    ...pairs.flatMap(({ pair, parts }) => proposeColumns(pair, parts)),
  ];
  return plan;
}

function tablesOf({ tables }: FullSchema): Table[] {
  return tables.filter(({ kind }) => kind !== "view");
}

/** The parts of one table that are chosen, foreign keys left for later. */
function prepare(
  { a, b, renames, chosen }: Sides,
  { old, table, referenced }: { old: Table; table: Table; referenced: Map<string, Set<string>> },
): Prepared {
  const linked = referenced.get(table.name) ?? new Set<string>();
  const columns = new Map([...caseRenames(old, table), ...(renames.columns.get(table.name) ?? [])]);
  const pair = pairOf(old, table, { servers: { a: a.server, b: b.server }, renames: columns, linked });
  if (!pair.crossing && columns.size === 0 && isUntouched(old, table)) return { pair, parts: [] };
  const ofColumns = columnParts(pair);
  const remade = new Set(
    ofColumns
      .filter(
        ({ clauses }) =>
          clauses.some(({ rank }) => rank === RANK.dropColumn) && clauses.some(({ rank }) => rank === RANK.add),
      )
      .map(({ change }) => change.name.slice(table.name.length + 1)),
  );
  const option = optionPart(pair);
  const partition = partitionPart(pair);
  const parts = [
    ...(option === undefined ? [] : [option]),
    ...ofColumns,
    ...indexParts(pair, remade),
    ...checkParts(pair, remade),
    ...periodParts(pair),
    ...(partition === undefined ? [] : [partition]),
  ];
  return { pair, parts: parts.filter(({ change }) => chosen(change.kind, table.name, change.name)) };
}

/** The names of columns are the same in any case; one that is written otherwise now is no other column. */
function caseRenames(old: Table, table: Table): [string, string][] {
  const exact = new Set(table.columns.map(({ name }) => name));
  const lower = new Map(table.columns.map(({ name }) => [name.toLowerCase(), name]));
  return old.columns.flatMap(({ name }) => {
    const now = lower.get(name.toLowerCase());
    return exact.has(name) || now === undefined ? [] : [[name, now]];
  });
}

/** The same text under the same collation is the same table: most are. */
function isUntouched(old: Table, table: Table): boolean {
  return old.mysql?.create === table.mysql?.create && old.mysql?.collation === table.mysql?.collation;
}

/** Table → the columns that a foreign key's list begins with: they want an index at any time. */
function referencedColumns(schema: FullSchema): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { table, referenced } of tablesOf(schema).flatMap(linksOf)) {
    const columns = found.get(table) ?? new Set();
    found.set(table, columns.add(referenced[0] ?? ""));
  }
  return found;
}

function linksOf(table: Table): ForeignKeyText[] {
  return definitionOf(table).foreignKeys;
}

function planRenames({ renames }: Sides, plan: TablePlan): void {
  for (const [from, to] of renames.tables) {
    const change = changeOf("table", to, "rename", [`name: ${from} → ${to}`]);
    plan.changes.push(change);
    const sql = `RENAME TABLE ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`;
    plan.renames.push({ sql, hazards: [COMMITS], transactional: false, change: change.id });
  }
}

function planDrop(table: Table, dropped: Table[], plan: TablePlan): void {
  const change = changeOf("table", table.name, "drop", [`${table.columns.length} columns, ${rowsOf(table)}`]);
  plan.changes.push(change);
  plan.drops.push({
    sql: `DROP TABLE ${quoteIdentifier(table.name)}`,
    hazards: [{ name: "deletes-data", detail: `all rows of ${table.name}` }, COMMITS],
    destructive: "drop-table",
    transactional: false,
    change: change.id,
  });
  // Keys between tables that go would keep those that go first.
  const among = new Set(dropped.filter((other) => other !== table).map(({ name }) => name));
  for (const { name, table: target, database } of linksOf(table)) {
    if (database !== undefined || !among.has(target)) continue;
    const sql = `ALTER TABLE ${quoteIdentifier(table.name)} DROP FOREIGN KEY ${quoteIdentifier(name)}`;
    plan.linkDrops.push({
      sql,
      hazards: [COMMITS],
      destructive: "drop-table",
      transactional: false,
      change: change.id,
    });
  }
}

function rowsOf({ estimatedRows }: Table): string {
  return estimatedRows < 0 ? "rows not counted" : `about ${estimatedRows} rows`;
}

/** MySQL's checks have names that are unique in the database: one that another table gets must be gone by then. */
function movedChecks(pairs: Prepared[], created: Table[]): Statement[][] {
  const added = new Set(created.flatMap((table) => definitionOf(table).checks.map(({ name }) => name)));
  const nameOf = ({ pair }: Prepared, part: Part) => part.change.name.slice(pair.name.length + 1);
  const checks = (action: string, { parts }: Prepared) =>
    parts.filter(({ change }) => change.kind === "check" && change.action === action);
  for (const one of pairs) for (const part of checks("create", one)) added.add(nameOf(one, part));
  return pairs.map((one) => {
    const moved = checks("drop", one).filter((part) => added.has(nameOf(one, part)));
    const statements = alterStatements(one.pair.name, moved, { online: false, innodb: one.pair.innodb });
    for (const part of moved) part.clauses = [];
    return statements;
  });
}

/** MariaDB alters a table with a history only when told what to do with that. */
function historyKept(pair: TablePair, parts: Part[]): Statement[] {
  const [first] = parts;
  if (first === undefined || !(pair.a.systemVersioned || pair.b.systemVersioned)) return [];
  return [
    {
      sql: "SET SESSION system_versioning_alter_history = KEEP",
      hazards: [],
      transactional: false,
      change: first.change.id,
    },
  ];
}

function unknownItems({ a, b, name }: TablePair): NotCompared[] {
  const differ = [
    ...a.unknown.filter((item) => !b.unknown.includes(item)),
    ...b.unknown.filter((item) => !a.unknown.includes(item)),
  ];
  return differ.map((item) => ({
    what: `${namesIn(item)[0] ?? item} of table ${name}`,
    why: `a kind that ditto doesn't know: ${item}`,
  }));
}
