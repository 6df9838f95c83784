import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Change, DiffOptions, Rename, Statement } from "../change.ts";
import type { Table } from "../model.ts";
import type { FullSchema, NotCompared } from "../model-objects.ts";
import { alterStatements, COMMITS } from "./alter.ts";
import { columnParts, defaultless, written } from "./columns.ts";
import { definitionOf, type ForeignKeyText, type TableText } from "./definition.ts";
import { type Links, planLinks } from "./foreign-keys.ts";
import { checkParts, indexParts } from "./indexes.ts";
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
interface Sides {
  a: FullSchema;
  b: FullSchema;
  renames: Renames;
  chosen(kind: Change["kind"], ...names: string[]): boolean;
}

type Prepared = { pair: TablePair; parts: Part[] };

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
  for (const table of dropped) planDrop(table, plan);
  const made = createTables(created, {
    flavour: a.server.flavour === "mariadb" ? "mariadb" : "mysql",
    plan,
    existing: new Set(pairs.filter(({ parts }) => parts.length === 0).map(({ pair }) => pair.name)),
  });
  planKeys(sides, plan, { pairs, created, inline: made });
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
  const columns = renames.columns.get(table.name) ?? new Map<string, string>();
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

function planDrop(table: Table, plan: TablePlan): void {
  const change = changeOf("table", table.name, "drop", [`${table.columns.length} columns, ${rowsOf(table)}`]);
  plan.changes.push(change);
  // Others' foreign keys to it, and its own in a circle, would keep it.
  plan.drops.push({
    sql: `DROP TABLE ${quoteIdentifier(table.name)}`,
    hazards: [{ name: "deletes-data", detail: `all rows of ${table.name}` }, COMMITS],
    destructive: "drop-table",
    transactional: false,
    change: change.id,
  });
  for (const { name } of linksOf(table)) {
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

/** New tables, those that others refer to first; foreign keys within each as far as their targets are there. */
function createTables(
  tables: Table[],
  { plan, existing, flavour }: { plan: TablePlan; existing: Set<string>; flavour: TablePair["flavour"] },
): Map<string, Set<string>> {
  const inline = new Map<string, Set<string>>();
  const waiting = [...tables];
  const there = new Set(existing);
  while (waiting.length > 0) {
    const ready = waiting.findIndex((table) =>
      linksOf(table).every((key) => key.database !== undefined || key.table === table.name || there.has(key.table)),
    );
    const [table] = waiting.splice(Math.max(0, ready), 1);
    if (table === undefined) break;
    const text = definitionOf(table);
    const fits = text.foreignKeys.filter(
      (key) => key.database !== undefined || key.table === table.name || there.has(key.table),
    );
    inline.set(table.name, new Set(fits.map(({ name }) => name)));
    there.add(table.name);
    const change = changeOf("table", table.name, "create", describe(table, text));
    plan.changes.push(change);
    plan.creates.push({
      sql: createText(table, text, { inline: inline.get(table.name) ?? new Set(), flavour }),
      hazards: [COMMITS],
      transactional: false,
      change: change.id,
    });
    for (const column of text.columns)
      for (const sql of defaultless({ flavour, name: table.name }, column))
        plan.creates.push({ sql, hazards: [COMMITS], transactional: false, change: change.id });
  }
  return inline;
}

function describe({ columns }: Table, { columns: texts }: TableText): string[] {
  return texts.length > 0
    ? texts.map(({ name, text }) => `${name} ${text}`)
    : columns.map(({ name, type }) => `${name} ${type}`);
}

/** The server's own text without a counter, unless somebody set it, and without keys whose targets aren't there yet. */
function createText(
  table: Table,
  text: TableText,
  { inline, flavour }: { inline: Set<string>; flavour: TablePair["flavour"] },
): string {
  const collation = table.mysql?.collation ?? "";
  const ground = { flavour, tableCollation: { a: collation, b: collation } };
  const late = text.foreignKeys
    .filter(({ name }) => !inline.has(name))
    .map(({ name }) => `CONSTRAINT ${quoteIdentifier(name)} FOREIGN`);
  const items = text.items
    .filter((item) => !late.some((start) => item.startsWith(start)))
    .map((item, at) => {
      const column = text.columns[at];
      return column === undefined ? item : `${quoteIdentifier(column.name)} ${written(ground, column)}`;
    });
  const counted = table.mysql?.autoIncrement !== undefined;
  const tail = counted ? text.tail : text.tail.replace(/^(\) [^'"`]*?)AUTO_INCREMENT=\d+ ?/, "$1");
  return `CREATE TABLE ${quoteIdentifier(table.name)} (\n  ${items.join(",\n  ")}\n${tail}`;
}

/** Foreign keys of all tables, once what happens to columns is known. */
function planKeys(
  { a, renames, chosen }: Sides,
  plan: TablePlan,
  { pairs, created, inline }: { pairs: Prepared[]; created: Table[]; inline: Map<string, Set<string>> },
): void {
  const moved = new Set(pairs.flatMap(({ pair, parts }) => movedColumns(pair, parts)));
  const engines = new Map(tablesOf(a).map(({ name, storage }) => [name, storage]));
  const links: Links[] = pairs.map(({ pair }) => ({
    table: pair.name,
    a: pair.a.foreignKeys.map((key) => underNewNames(key, renames, { table: pair.name, oldTable: pair.oldTable })),
    b: pair.b.foreignKeys,
    inline: new Set(),
  }));
  for (const table of created)
    links.push({ table: table.name, a: [], b: linksOf(table), inline: inline.get(table.name) ?? new Set() });
  const keys = planLinks(
    links.map((link) => ({
      ...link,
      a: link.a.filter(({ name }) => chosen("foreign key", link.table, `${link.table}.${name}`)),
      b: link.b.filter(({ name }) => chosen("foreign key", link.table, `${link.table}.${name}`)),
    })),
    (table, column) => moved.has(`${table}\0${column}`) || (moved.has(`${table}\0`) && engines.has(table)),
  );
  plan.changes.push(...keys.parts.map(({ change }) => change));
  plan.linkDrops.push(...keys.drops);
  plan.links.push(...keys.adds);
}

/** Columns whose type, collation, nullability or expression changes; all of them where the engine does. */
function movedColumns(pair: TablePair, parts: Part[]): string[] {
  const columns = parts
    .filter(({ change }) => change.kind === "column" && change.action !== "create")
    .filter(
      ({ change }) =>
        change.action !== "alter" ||
        change.words.some((word) => /^(type|collation|its|generated|null|not null|auto)/.test(word)),
    )
    .map(({ change }) => `${pair.name}\0${change.name.slice(pair.name.length + 1)}`);
  const moves = parts.some(({ clauses }) => clauses.some(({ sql }) => /^ENGINE=/.test(sql)));
  return moves ? [...columns, `${pair.name}\0`] : columns;
}

/** A foreign key of A with the names that its tables, columns and itself get by renames. */
function underNewNames(
  key: ForeignKeyText,
  renames: Renames,
  { table, oldTable }: { table: string; oldTable: string },
): ForeignKeyText {
  const target = key.database === undefined ? (renames.tables.get(key.table) ?? key.table) : key.table;
  const columns = key.database === undefined ? renames.columns.get(target) : undefined;
  const referenced = key.referenced.map((column) => columns?.get(column) ?? column);
  const list = (names: string[]) => names.map(quoteIdentifier).join(",");
  const text =
    key.database !== undefined || (target === key.table && referenced.join("\0") === key.referenced.join("\0"))
      ? key.text
      : key.text.replace(
          /REFERENCES `(?:[^`]|``)*` \((?:`(?:[^`]|``)*`,? ?)*\)/,
          () => `REFERENCES ${quoteIdentifier(target)} (${list(referenced)})`,
        );
  // The server renames what it named itself.
  const own = `${oldTable}_ibfk_`;
  const name =
    table !== oldTable && key.name.startsWith(own) ? `${table}_ibfk_${key.name.slice(own.length)}` : key.name;
  return { ...key, name, table: target, referenced, text };
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
