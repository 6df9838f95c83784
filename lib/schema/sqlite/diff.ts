import { quoteIdentifier } from "../../engine/sqlite/quote.ts";
import {
  type Change,
  type Destructive,
  type DiffOptions,
  type Hazard,
  kindsOf,
  type Plan,
  type Statement,
} from "../change.ts";
import type { Table } from "../model.ts";
import { type FullSchema, OBJECT_KINDS, type ObjectKind } from "../model-objects.ts";
import { selector } from "../select.ts";
import { canonicalText } from "./definition.ts";
import { guarded } from "./guard.ts";
import { takenRenames } from "./renames.ts";
import { compareTables, type Difference, pairOf, rebuild, type TablePair } from "./table.ts";
import { indexesOf, planTexts, type Text, triggersOf, viewsOf } from "./texts.ts";
import { recreateVirtual } from "./virtual.ts";
import { byName, namesIn, note, type Work } from "./work.ts";

/** The SQL that turns `a` into `b`, for one transaction with foreign keys off. */
export function diffSqlite(a: FullSchema, b: FullSchema, options: DiffOptions): Plan {
  const met = new Set<string>();
  const choose = selector({ ...options, schemas: [] }, met);
  const renames = takenRenames(a, b, options);
  const work: Work = {
    a,
    b,
    chosen: (kind, ...names) => choose({ kind, schema: "", names }),
    changes: [],
    taken: new Set(
      [...a.tables, ...b.tables].flatMap(({ name, indexes }) =>
        [name, ...indexes.map((index) => index.name)].map((taken) => taken.toLowerCase()),
      ),
    ),
    rebuilt: new Map(),
    counted: new Set(),
    renamedTables: renames.tables,
    names: namesIn(a).intersection(namesIn(b)),
    resolves: renames.tables.size > 0 || renames.columns.size > 0,
    gone: new Set(),
    proposed: [],
  };
  const tables = planTables(work, renames.columns);
  const views = planTexts(work, "view", { before: viewsOf(a), after: viewsOf(b) });
  const triggers = planTexts(work, "trigger", { before: triggersOf(a), after: triggersOf(b) });
  const indexes = planTexts(work, "index", { before: indexesOf(work, a), after: indexesOf(work, b) });
  const body = [
    ...triggers.drops,
    ...views.drops,
    ...indexes.drops,
    ...tables.renames,
    ...tables.drops,
    ...tables.creates,
    ...tables.changes,
    ...indexes.makes,
    ...views.makes,
    ...triggers.makes,
  ];
  return {
    changes: sorted(work.changes),
    statements: guarded(body, work),
    renames: work.proposed,
    notCompared: [...a.notCompared, ...b.notCompared],
    unmatched: options.ignore.filter((glob) => !met.has(glob)),
  };
}

function sorted(changes: Change[]): Change[] {
  const place = (change: Change) => OBJECT_KINDS.indexOf(change.kind);
  return changes.toSorted((x, y) => place(x) - place(y) || (x.name < y.name ? -1 : x.name > y.name ? 1 : 0));
}

interface TablePlan {
  renames: Statement[];
  drops: Statement[];
  creates: Statement[];
  changes: Statement[];
}

function planTables(work: Work, columnRenames: Map<string, Map<string, string>>): TablePlan {
  const plan: TablePlan = { renames: [], drops: [], creates: [], changes: [] };
  const kindOf = (table: Table): ObjectKind => (table.sqlite?.virtual ? "virtual table" : "table");
  const own = (schema: FullSchema) =>
    schema.tables.filter((table) => table.kind !== "view" && work.chosen(kindOf(table), table.name));
  const before = byName(
    own(work.a).map((table) => ({ ...table, name: work.renamedTables.get(table.name) ?? table.name })),
  );
  for (const [from, to] of work.renamedTables) {
    const change = note(work, "table", to, { action: "rename", words: [`name: ${from} → ${to}`] });
    plan.renames.push({
      sql: `ALTER TABLE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`,
      hazards: [],
      transactional: true,
      change,
    });
  }
  const after = byName(own(work.b));
  const dropped = [...before.values()].filter(({ name }) => !after.has(name.toLowerCase()));
  const created = [...after.values()].filter(({ name }) => !before.has(name.toLowerCase()));
  for (const table of dropped) plan.drops.push(dropTable(work, table, kindOf(table)));
  for (const table of created) {
    const change = note(work, kindOf(table), table.name, {
      action: "create",
      words: table.columns.map(({ name, type }) => `${name} ${type}`.trim()),
    });
    plan.creates.push({ sql: table.definition ?? "", hazards: [], transactional: true, change });
  }
  for (const [key, table] of after) {
    const old = before.get(key);
    if (old === undefined || (old.definition === table.definition && !columnRenames.has(table.name))) continue;
    if (table.sqlite?.virtual || old.sqlite?.virtual) plan.changes.push(...changeVirtual(work, old, table));
    else plan.changes.push(...changeTable(work, pairOf(old, table, columnRenames.get(table.name) ?? new Map())));
  }
  proposeTables(work, dropped, created);
  return plan;
}

function dropTable(work: Work, table: Table, kind: ObjectKind): Statement {
  const change = note(work, kind, table.name, { action: "drop", words: [`${table.columns.length} columns`] });
  const hazards: Hazard[] = [{ name: "deletes-data", detail: `all rows of ${table.name}` }];
  return {
    sql: `DROP TABLE ${quoteIdentifier(table.name)}`,
    hazards,
    destructive: "drop-table",
    transactional: true,
    change,
  };
}

function proposeTables(work: Work, dropped: Table[], created: Table[]): void {
  const shape = ({ columns }: Table) =>
    JSON.stringify(columns.map(({ name, type, nullable }) => [name, type, nullable]));
  const free = [...created];
  for (const table of dropped) {
    const at = free.findIndex((other) => shape(other) === shape(table));
    const [twin] = at >= 0 ? free.splice(at, 1) : [];
    if (twin !== undefined) work.proposed.push({ kind: "table", from: table.name, to: twin.name });
  }
}

function changeVirtual(work: Work, old: Table, table: Table): Statement[] {
  if (canonicalText(old.definition ?? "", work.names) === canonicalText(table.definition ?? "", work.names)) return [];
  const words = [`− ${old.definition}`, `+ ${table.definition}`];
  const change = note(work, "virtual table", table.name, { action: "replace", words });
  return recreateVirtual(old, table, { beside: freeName(work, table.name), change, counted: work.counted });
}

function freeName(work: Work, name: string): string {
  for (let at = 0; ; at++) {
    const candidate = at === 0 ? `new_${name}` : `new_${name}_${at}`;
    if (work.taken.has(candidate.toLowerCase())) continue;
    work.taken.add(candidate.toLowerCase());
    return candidate;
  }
}

/** The least that does it: names, then what ADD and DROP COLUMN can, then a new table in place of the old one. */
function changeTable(work: Work, pair: TablePair): Statement[] {
  const { name } = pair;
  const statements: Statement[] = [];
  for (const [from, to] of pair.renames) {
    const change = note(work, "column", `${name}.${to}`, { action: "rename", words: [`name: ${from} → ${to}`] });
    const sql = `ALTER TABLE ${quoteIdentifier(name)} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`;
    statements.push({ sql, hazards: [], transactional: true, change });
  }
  const differences = compareTables(pair).filter((one) =>
    work.chosen(one.kind, one.name === "" ? name : `${name}.${one.name}`, name),
  );
  const ids = differences.map((one) => noteDifference(work, name, one));
  proposeColumns(work, pair, differences);
  if (differences.every(({ alone }) => alone !== undefined)) {
    for (const [at, { alone, name: column }] of differences.entries()) {
      const { sql = "", hazards = [], destructive } = alone ?? {};
      if (destructive === "drop-column") work.gone.add(column.toLowerCase());
      statements.push({
        sql,
        hazards,
        transactional: true,
        change: ids[at] ?? "",
        ...(destructive ? { destructive } : {}),
      });
    }
    return statements;
  }
  const change = ids[0] ?? `table:${name}`;
  const made = rebuild(pair, { beside: freeName(work, name), change, loses: loses(work, pair.old) });
  work.counted.add(name.toLowerCase());
  work.rebuilt.set(name.toLowerCase(), {
    change,
    kinds: made.slice(0, 1).flatMap(kindsOf),
    renames: new Map([...pair.renames].map(([from, to]) => [from.toLowerCase(), to])),
    gone: goneColumns(pair),
  });
  return [...statements, ...made];
}

function goneColumns({ a, b }: TablePair): Set<string> {
  const stay = byName(b.columns);
  return new Set(a.columns.map(({ name }) => name.toLowerCase()).filter((name) => !stay.has(name)));
}

/** A trigger or an index that B doesn't have goes with the old table, so that the whole step asks for it. */
function loses(work: Work, { name }: Table): Destructive | undefined {
  const goes = (kind: "trigger" | "index", before: Text[], after: Text[]) => {
    const kept = byName(after);
    return before.some(
      (text) =>
        (work.renamedTables.get(text.table) ?? text.table).toLowerCase() === name.toLowerCase() &&
        !kept.has(text.name.toLowerCase()) &&
        work.chosen(kind, text.name, `${text.table}.${text.name}`),
    );
  };
  if (goes("trigger", triggersOf(work.a), triggersOf(work.b))) return "drop-trigger";
  return goes("index", indexesOf(work, work.a), indexesOf(work, work.b)) ? "drop-index" : undefined;
}

function noteDifference(work: Work, table: string, { kind, name, action, words }: Difference): string {
  return note(work, kind, name === "" ? table : `${table}.${name}`, { action, words });
}

/** A column that goes and one of the same type and place that comes. */
function proposeColumns(work: Work, { name, a, b }: TablePair, differences: Difference[]): void {
  const named = (action: string) =>
    new Set(differences.filter((one) => one.kind === "column" && one.action === action).map((one) => one.name));
  const [gone, come] = [named("drop"), named("create")];
  for (const [at, column] of a.columns.entries()) {
    const twin = b.columns[at];
    if (!gone.has(column.name) || twin === undefined || !come.has(twin.name)) continue;
    if (twin.type === column.type && twin.attributes.join() === column.attributes.join())
      work.proposed.push({ kind: "column", from: `${name}.${column.name}`, to: `${name}.${twin.name}` });
  }
}
