import type { Address } from "./diff-mysql.ts";

/** Numbers that are the same for the same seed. */
export function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 + 1;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 668265263);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % sides;
  };
}

interface Column {
  name: string;
  type: string;
  attributes: string;
  kind: "number" | "text" | "time" | "other";
}

interface Table {
  name: string;
  columns: Column[];
  auto: boolean;
  keys: string[];
  /** Name → columns, or whole text. */
  indexes: Map<string, string>;
  checks: Map<string, string>;
  links: Map<string, string>;
  options: string[];
  partitions: string;
}

interface Model {
  tables: Map<string, Table>;
  views: Map<string, string>;
  programs: Map<string, string>;
  triggers: Map<string, { table: string; body: string; moment: string }>;
}

type Roll = (sides: number) => number;

/** A random schema and what random changes make of it, as SQL. */
export function generatePair(seed: number, { flavour }: Pick<Address, "flavour">): { before: string; after: string } {
  const roll = dice(seed);
  const model: Model = { tables: new Map(), views: new Map(), programs: new Map(), triggers: new Map() };
  for (let count = 2 + roll(3); count > 0; count--) addTable(model, roll, flavour);
  for (let count = roll(4); count > 0; count--) addOther(model, roll);
  const before = write(model, roll, true);
  for (let count = 1 + roll(10); count > 0; count--) change(model, roll, flavour);
  return { before, after: write(model, roll, false) };
}

const NAMES = ["id", "a", "b c", "order", "select", "Name", "état", "x`y", "value", "n1", "n2", "t1", "total", "p.q"];

function freshName(taken: Iterable<string>, roll: Roll, some: string[] = NAMES): string {
  const known = new Set([...taken].map((name) => name.toLowerCase()));
  for (let at = 0; ; at++) {
    const name = at < 20 ? (some[roll(some.length)] ?? "z") : `z${at}`;
    if (!known.has(name.toLowerCase())) return name;
  }
}

const quoted = (name: string) => `\`${name.replaceAll("`", "``")}\``;

function pick<T>(list: readonly T[], roll: Roll): T {
  return list[roll(list.length)] as T;
}

function newColumn(name: string, roll: Roll, flavour: string): Column {
  const number = [
    ["int", "0"],
    ["bigint unsigned", "7"],
    ["smallint", "-3"],
    ["decimal(10,2)", "1.50"],
    ["tinyint(1)", "1"],
    ["double", "2.5"],
  ];
  const text = [
    ["varchar(20)", "'x'"],
    ["varchar(300)", "'it''s'"],
    ["char(5)", "''"],
    ["enum('a','b','c')", "'b'"],
    ["varchar(40) character set latin1", "'q'"],
    ["varchar(40) collate utf8mb4_bin", "'Q'"],
  ];
  const time = [
    ["datetime", "'2020-01-01 00:00:00'"],
    ["date", "'2020-02-02'"],
    ["timestamp", "'2021-01-01 00:00:00'"],
    ["datetime(3)", "current_timestamp(3)"],
  ];
  const other = [
    ["text", ""],
    ["json", ""],
    ["blob", ""],
    ["varbinary(8)", "'ab'"],
    ["bit(4)", "b'101'"],
    ["set('p','q')", "'p'"],
  ];
  const kind = pick(["number", "number", "text", "text", "time", "other"] as const, roll);
  const [type = "int", value = ""] = pick({ number, text, time, other }[kind], roll);
  const parts: string[] = [];
  const required = roll(3) === 0;
  if (required) parts.push("not null");
  else if (type === "timestamp") parts.push("null");
  if (value !== "" && (roll(3) === 0 || (required && kind === "time"))) parts.push(`default ${value}`);
  if (/^(datetime|timestamp)$/.test(type) && roll(4) === 0) parts.push("on update current_timestamp");
  if (roll(5) === 0) parts.push(`comment '${pick(["note", "it''s", "a, b (c)", "`q`"], roll)}'`);
  if (roll(9) === 0 && flavour === "mysql") parts.push("invisible");
  return { name, type, attributes: parts.join(" "), kind };
}

function addTable(model: Model, roll: Roll, flavour: string): void {
  const name = freshName(model.tables.keys(), roll, [
    "users",
    "orders",
    "Line items",
    "select",
    "t`k",
    "größe",
    "log",
    "x1",
  ]);
  const table: Table = {
    name,
    columns: [],
    auto: roll(2) === 0,
    keys: ["id"],
    indexes: new Map(),
    checks: new Map(),
    links: new Map(),
    options: [],
    partitions: "",
  };
  table.columns.push({ name: "id", type: pick(["int", "bigint"], roll), attributes: "not null", kind: "number" });
  for (let count = 1 + roll(5); count > 0; count--) {
    table.columns.push(
      newColumn(
        freshName(
          table.columns.map((column) => column.name),
          roll,
        ),
        roll,
        flavour,
      ),
    );
  }
  if (roll(3) === 0) table.options.push(`comment='${pick(["t", "it''s"], roll)}'`);
  if (roll(4) === 0)
    table.options.push(`default charset=${pick(["latin1", "utf8mb4 collate utf8mb4_bin", "utf8mb3"], roll)}`);
  model.tables.set(name, table);
  for (let count = roll(4); count > 0; count--) addPart(model, table, roll);
}

function indexable(table: Table): Column[] {
  return table.columns.filter(({ type }) => !/^(text|json|blob)/.test(type));
}

function addPart(model: Model, table: Table, roll: Roll): void {
  const choice = roll(6);
  const names = [...table.indexes.keys()];
  if (choice <= 2) {
    const columns = [...new Set([pick(indexable(table), roll), pick(indexable(table), roll)])];
    const list = columns.map(
      ({ name, type }) =>
        `${quoted(name)}${/^varchar/.test(type) && roll(3) === 0 ? "(4)" : ""}${roll(5) === 0 ? " desc" : ""}`,
    );
    table.indexes.set(
      freshName(names, roll, ["k1", "k 2", "key", "K3", "k`4", "k5"]),
      `key %(${list.join(", ")})${roll(6) === 0 ? " comment 'c''c'" : ""}`,
    );
  } else if (choice === 3) {
    const column = pick(
      indexable(table).filter(({ name }) => name !== "id"),
      roll,
    );
    if (column === undefined) return;
    table.indexes.set(freshName(names, roll, ["u1", "u 2", "u3"]), `unique key %(${quoted(column.name)}, \`id\`)`);
  } else if (choice === 4) {
    const numbers = table.columns.filter(({ kind, type }) => kind === "number" && type !== "double");
    const taken = [...model.tables.values()].flatMap(({ checks }) => [...checks.keys()]);
    const column = pick(numbers, roll);
    if (!(table.auto && column.name === "id"))
      table.checks.set(
        freshName(taken, roll, ["c1", "c 2", "c3", "check", "c5", "c6"]),
        `${quoted(column.name)} ${pick([">", ">=", "<>"], roll)} ${-100 - roll(9)}`,
      );
  } else {
    const target = pick([...model.tables.values()], roll);
    const key = target.columns[0];
    if (key === undefined || target.partitions !== "" || table.partitions !== "") return;
    const taken = [...model.tables.values()].flatMap(({ links }) => [...links.keys()]);
    const name = freshName(
      table.columns.map((column) => column.name),
      roll,
      ["ref_a", "ref b", "ref_c", "ref_d"],
    );
    table.columns.push({ name, type: key.type, attributes: "", kind: "number" });
    table.links.set(
      freshName(taken, roll, ["f1", "f 2", "f3", "f4", "f5", "f6"]),
      `foreign key (${quoted(name)}) references ${quoted(target.name)} (\`id\`) ${pick(["", "on delete cascade", "on delete set null on update cascade"], roll)}`,
    );
  }
}

function addOther(model: Model, roll: Roll): void {
  const table = pick([...model.tables.values()], roll);
  const choice = roll(4);
  if (choice === 0) {
    const columns = table.columns.filter(() => roll(2) === 0).map(({ name }) => quoted(name));
    model.views.set(
      freshName([...model.tables.keys(), ...model.views.keys()], roll, ["v1", "v 2", "View", "v`4"]),
      `select ${["`id` as `k`", ...columns.filter((name) => name !== "`id`")].join(", ")} from ${quoted(table.name)}${roll(2) ? " where `id` > 3" : ""}`,
    );
  } else if (choice === 1) {
    model.programs.set(
      freshName(model.programs.keys(), roll, ["p1", "p 2", "p3"]),
      pick(
        [
          "select 1",
          "begin declare x int; set x = 1; select x; end",
          "comment 'it''s' select 'a;b'",
          "sql security invoker select 2",
        ],
        roll,
      ),
    );
  } else {
    const moment = pick(["before insert", "after update", "before delete"], roll);
    model.triggers.set(freshName(model.triggers.keys(), roll, ["tr1", "tr 2", "tr3", "tr4"]), {
      table: table.name,
      moment,
      body: pick(["set @x = 1", "begin set @x = 2; set @y = 'a;b'; end", "set @z = 3"], roll),
    });
  }
}

function change(model: Model, roll: Roll, flavour: string): void {
  const table = pick([...model.tables.values()], roll);
  const choice = roll(16);
  const free = table.columns.filter((column) => column.name !== "id" && !isUsed(model, table, column));
  const victim = free.length > 0 ? pick(free, roll) : undefined;
  if (choice === 0) addTable(model, roll, flavour);
  else if (choice === 1 && model.tables.size > 1) dropTable(model, table);
  else if (choice <= 4)
    table.columns.splice(
      roll(table.columns.length + 1),
      0,
      newColumn(
        freshName(
          table.columns.map(({ name }) => name),
          roll,
        ),
        roll,
        flavour,
      ),
    );
  else if (choice <= 6 && victim) {
    table.columns = table.columns.filter((column) => column !== victim);
    dropDependents(model, table, victim.name);
  } else if (choice <= 9 && victim) {
    const column = { ...newColumn(victim.name, roll, flavour) };
    table.columns = table.columns.map((old) => (old === victim ? column : old));
    dropDependents(model, table, victim.name);
  } else if (choice === 10) table.indexes.delete(pick([...table.indexes.keys(), ""], roll));
  else if (choice === 11) table.checks.delete(pick([...table.checks.keys(), ""], roll));
  else if (choice === 12) table.links.delete(pick([...table.links.keys(), ""], roll));
  else if (choice === 13)
    table.options = [
      `comment='${pick(["n", "new", ""], roll)}'`,
      `default charset=${pick(["latin1", "utf8mb4", "utf8mb4 collate utf8mb4_bin"], roll)}`,
    ];
  else if (choice === 14) {
    if (!table.auto || table.checks.size === 0) table.auto = !table.auto;
    for (const [name, text] of table.checks) if (text.startsWith("`id`")) table.checks.delete(name);
  } else {
    const others = [model.views, model.programs, model.triggers] as Map<string, unknown>[];
    const some = pick(others, roll);
    if (roll(2)) some.delete(pick([...some.keys(), ""], roll));
    else addOther(model, roll);
  }
  if (roll(3) === 0) addPart(model, table, roll);
}

function isUsed(_model: Model, table: Table, column: Column): boolean {
  return [...table.links.values()].some((text) => text.includes(`(${quoted(column.name)})`));
}

function dropTable(model: Model, table: Table): void {
  model.tables.delete(table.name);
  for (const other of model.tables.values())
    for (const [name, text] of other.links)
      if (text.includes(`references ${quoted(table.name)} `)) other.links.delete(name);
  for (const [name, text] of model.views) if (text.includes(` from ${quoted(table.name)}`)) model.views.delete(name);
  for (const [name, trigger] of model.triggers) if (trigger.table === table.name) model.triggers.delete(name);
}

function dropDependents(model: Model, table: Table, column: string): void {
  const name = quoted(column);
  for (const map of [table.indexes, table.checks])
    for (const [key, text] of map) if (text.includes(name)) map.delete(key);
  for (const [key, text] of model.views)
    if (text.includes(` from ${quoted(table.name)}`) && text.includes(name)) model.views.delete(key);
}

function write(model: Model, roll: Roll, rows: boolean): string {
  const statements = ["set foreign_key_checks = 0"];
  for (const table of model.tables.values()) {
    const items = table.columns.map(
      ({ name, type, attributes }) =>
        `${quoted(name)} ${type} ${attributes}${table.auto && name === "id" ? " auto_increment" : ""}`,
    );
    items.push(`primary key (${table.keys.map(quoted).join(", ")})`);
    for (const [name, text] of table.indexes) items.push(text.replace("%", () => `${quoted(name)} `));
    for (const [name, text] of table.checks) items.push(`constraint ${quoted(name)} check (${text})`);
    for (const [name, text] of table.links) items.push(`constraint ${quoted(name)} ${text}`);
    statements.push(`create table ${quoted(table.name)} (${items.join(", ")}) ${table.options.join(" ")}`);
    if (rows && roll(2) === 0 && table.checks.size === 0)
      statements.push(`insert ignore into ${quoted(table.name)} (\`id\`) values (1), (2)`);
  }
  for (const [name, text] of model.views) statements.push(`create view ${quoted(name)} as ${text}`);
  for (const [name, text] of model.programs) statements.push(`create procedure ${quoted(name)}() ${text}`);
  for (const [name, { table, moment, body }] of model.triggers)
    statements.push(`create trigger ${quoted(name)} ${moment} on ${quoted(table)} for each row ${body}`);
  return `${statements.join(";\n")};\n`;
}
