/** Numbers that are the same for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 + 1;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 668265263);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % sides;
  };
}

type Roll = (sides: number) => number;

interface Table {
  name: string;
  /** Name → type and attributes. */
  columns: Map<string, string>;
  constraints: string[];
  tail: string;
  auto: boolean;
}

interface Model {
  tables: Table[];
  indexes: Map<string, { table: string; unique: string; text: string }>;
  views: Map<string, { table: string; text: string }>;
  triggers: Map<string, { table: string; text: string }>;
}

const NAMES = ["a", "b c", "order", "select", "Name", "état", 'x"y', "n1", "p.q", "[z]", "value", "t1"];

function pick<T>(list: readonly T[], roll: Roll): T {
  return list[roll(list.length)] as T;
}

function fresh(taken: Iterable<string>, roll: Roll, some: string[]): string {
  const known = new Set([...taken].map((name) => name.toLowerCase()));
  for (let at = 0; ; at++) {
    const name = at < 20 ? pick(some, roll) : `z${at}`;
    if (!known.has(name.toLowerCase())) return name;
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A random schema with some rows, and what random changes make of it, as SQL. */
export function generatePair(seed: number): { before: string; after: string } {
  const roll = dice(seed);
  const model: Model = { tables: [], indexes: new Map(), views: new Map(), triggers: new Map() };
  for (let count = 2 + roll(3); count > 0; count--) addTable(model, roll);
  for (let count = roll(5); count > 0; count--) addOther(model, roll);
  const before = write(model, roll);
  for (let count = 1 + roll(8); count > 0; count--) change(model, roll);
  return { before, after: write(model, undefined) };
}

function column(roll: Roll): string {
  const type = pick(["int", "text", "real", "blob", "varchar(20)", "numeric(10, 2)", ""], roll);
  const attributes = [
    "",
    "",
    "",
    "default 5",
    "default 'it''s'",
    "default null",
    "not null default 'q'",
    "collate nocase",
    "default (1 + 2)",
    "default current_timestamp",
    "unique",
    "check (1 > 0)",
    "constraint nn not null default 1",
  ];
  return `${type} ${pick(attributes, roll)}`.trim();
}

function addTable(model: Model, roll: Roll): void {
  const name = fresh(
    model.tables.map((table) => table.name),
    roll,
    ["users", "orders", "Line items", "select", 't"k', "größe", "log"],
  );
  const table: Table = {
    name,
    columns: new Map(),
    constraints: [],
    tail: pick(["", "", "", " without rowid"], roll),
    auto: false,
  };
  table.auto = table.tail === "" && roll(3) === 0;
  for (let count = 1 + roll(5); count > 0; count--)
    table.columns.set(fresh(["id", ...table.columns.keys()], roll, NAMES), column(roll));
  model.tables.push(table);
  if (roll(3) === 0) addLink(model, table, roll);
  if (roll(4) === 0) table.constraints.push(`unique (${quoted(pick([...table.columns.keys()], roll))}, id)`);
  if (roll(4) === 0) table.constraints.push(`check (id > -${1 + roll(5)})`);
}

function addLink(model: Model, table: Table, roll: Roll): void {
  const target = pick(model.tables, roll);
  const action = pick(["", " on delete cascade", " on update set null", " deferrable initially deferred"], roll);
  table.columns.set(
    fresh(["id", ...table.columns.keys()], roll, ["ref a", "ref_b", "ref_c"]),
    `int references ${quoted(target.name)} (id)${action}`,
  );
}

function addOther(model: Model, roll: Roll): void {
  const table = pick(model.tables, roll);
  const name = quoted(pick([...table.columns.keys()], roll));
  const choice = roll(3);
  if (choice === 0) {
    const text = pick(
      [name, `${name} desc, id`, `id, ${name} collate nocase`, `lower(${name})`, `id) where (${name} is not null`],
      roll,
    );
    const unique = roll(4) === 0 && text.includes("id") ? "unique " : "";
    model.indexes.set(fresh(model.indexes.keys(), roll, ["i1", "i 2", "I3", 'i"4', "i5"]), {
      table: table.name,
      unique,
      text,
    });
  } else if (choice === 1) {
    const names = [...model.views.keys(), ...model.tables.map((one) => one.name)];
    model.views.set(fresh(names, roll, ["v1", "v 2", "View"]), {
      table: table.name,
      text: `select id, ${name} as "x y" from ${quoted(table.name)}`,
    });
  } else {
    const text = `after insert on ${quoted(table.name)} begin update ${quoted(table.name)} set ${name} = 'a;b' where id = new.id + ${roll(5)}; end`;
    model.triggers.set(fresh(model.triggers.keys(), roll, ["t 1", "t2", "t3"]), { table: table.name, text });
  }
}

function change(model: Model, roll: Roll): void {
  const table = pick(model.tables, roll);
  const name = pick([...table.columns.keys()], roll);
  const choice = roll(12);
  if (choice === 0) addTable(model, roll);
  else if (choice === 1 && model.tables.length > 1) dropTable(model, table);
  else if (choice <= 4) {
    const added = fresh(["id", ...table.columns.keys()], roll, NAMES);
    const entries = [...table.columns];
    entries.splice(roll(entries.length + 1), 0, [added, column(roll)]);
    table.columns = new Map(entries);
  } else if (choice <= 6 && table.columns.size > 1) {
    table.columns.delete(name);
    forget(model, table, name);
  } else if (choice <= 8) table.columns.set(name, column(roll));
  else if (choice === 9) addOther(model, roll);
  else if (choice === 10) {
    const some = pick([model.indexes, model.views, model.triggers] as Map<string, unknown>[], roll);
    some.delete(pick([...some.keys(), ""], roll));
  } else {
    table.constraints = table.constraints.length > 0 ? [] : ["check (id <> -99)"];
    if (roll(3) === 0 && table.tail === "") table.auto = !table.auto;
  }
}

function dropTable(model: Model, table: Table): void {
  model.tables = model.tables.filter((one) => one !== table);
  for (const one of model.tables)
    for (const [name, text] of one.columns) {
      if (!text.includes(`references ${quoted(table.name)} `)) continue;
      if (one.columns.size > 1) one.columns.delete(name);
      else one.columns.set(name, "int");
      forget(model, one, name);
    }
  for (const map of [model.indexes, model.views, model.triggers])
    for (const [name, one] of map) if (one.table === table.name) map.delete(name);
}

/** What names a column goes with it. */
function forget(model: Model, table: Table, column: string): void {
  table.constraints = table.constraints.filter((text) => !text.includes(quoted(column)));
  for (const map of [model.indexes, model.views, model.triggers])
    for (const [name, one] of map) if (one.table === table.name && one.text.includes(quoted(column))) map.delete(name);
}

function write(model: Model, rows: Roll | undefined): string {
  const statements: string[] = [];
  for (const { name, columns, constraints, tail, auto } of model.tables) {
    const items = [
      `id integer primary key${auto ? " autoincrement" : ""}`,
      ...[...columns].map(([key, text]) => `${quoted(key)} ${text}`),
      ...constraints,
    ];
    statements.push(`create table ${quoted(name)} (${items.join(", ")})${tail}`);
    if (rows?.(2) === 0) statements.push(`insert or ignore into ${quoted(name)} (id) values (1), (7)`);
  }
  for (const [name, { table, unique, text }] of model.indexes)
    statements.push(`create ${unique}index ${quoted(name)} on ${quoted(table)} (${text})`);
  for (const [name, { text }] of model.views) statements.push(`create view ${quoted(name)} as ${text}`);
  for (const [name, { text }] of model.triggers) statements.push(`create trigger ${quoted(name)} ${text}`);
  return `${statements.join(";\n")};\n`;
}
