import { WHOLE } from "../../../lib/schema/change.ts";
import type { DiffCase } from "./diff-postgres.ts";

/** Numbers that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Column {
  name: string;
  type: string;
  default: string;
  notNull: boolean;
  comment: string;
}

interface Table {
  name: string;
  columns: Column[];
  extras: string[];
}

interface Model {
  labels: string[];
  domainCheck: number;
  tables: Table[];
  /** View's name → the table it reads and how many of its columns. */
  views: Map<string, { table: string; width: number; of: string }>;
  functions: Map<string, string>;
}

const TYPES: [string, string][] = [
  ["integer", "7"],
  ["bigint", "70"],
  ["text", "'x'"],
  ["varchar(20)", "'v'"],
  ["numeric(8,2)", "1.5"],
  ["boolean", "true"],
  ["timestamptz", "now()"],
  ["jsonb", "'{}'"],
  ["text[]", "'{a}'"],
  ["mood", "'ok'"],
  ["mood[]", "'{ok}'"],
  ["positive", "3"],
];
const NAMES = ["id2", "name", "Mixed Case", "select", "amount", "é😀", "state", 'quo"te', "other", "tags"];

class Maker {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("The list is empty");
    return item;
  }

  column(name: string): Column {
    const [type, value] = this.pick(TYPES);
    return {
      name,
      type,
      default: this.chance(0.4) ? value : "",
      notNull: this.chance(0.3),
      comment: this.chance(0.2) ? `about ${name}` : "",
    };
  }

  table(name: string): Table {
    const columns = NAMES.filter(() => this.chance(0.5)).map((one) => this.column(one));
    return { name, columns, extras: this.extras({ name, columns, extras: [] }) };
  }

  /** Constraints, indexes, triggers and policies that name its columns. */
  extras({ name, columns }: Table): string[] {
    const found: string[] = [];
    const table = quote(name);
    for (const { name: own, type } of columns) {
      const column = quote(own);
      if (type === "jsonb") continue;
      if (this.chance(0.2))
        found.push(
          `CREATE INDEX ${quote(`i ${name} ${own}`)} ON ${table} (${column}${this.chance(0.3) ? " DESC" : ""})${this.chance(0.3) ? ` WHERE ${column} IS NOT NULL` : ""}`,
        );
      if (this.chance(0.15))
        found.push(`ALTER TABLE ${table} ADD CONSTRAINT ${quote(`u ${name} ${own}`)} UNIQUE (${column})`);
      if (this.chance(0.15))
        found.push(
          `ALTER TABLE ${table} ADD CONSTRAINT ${quote(`c ${name} ${own}`)} CHECK (${column} IS NOT NULL OR key > ${this.below(5)})`,
        );
      if (this.chance(0.1)) found.push(`CREATE POLICY ${quote(`p ${own}`)} ON ${table} USING (${column} IS NOT NULL)`);
      if (this.chance(0.1))
        found.push(
          `CREATE TRIGGER ${quote(`t ${own}`)} BEFORE UPDATE OF ${column} ON ${table} FOR EACH ROW EXECUTE FUNCTION touch()`,
        );
    }
    if (this.chance(0.3))
      found.push(
        `GRANT ${this.pick(["SELECT", "INSERT, UPDATE", "ALL"])} ON ${table} TO ${this.pick(["PUBLIC", "pg_monitor"])}`,
      );
    if (this.chance(0.2)) found.push(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    if (this.chance(0.2)) found.push(`COMMENT ON TABLE ${table} IS 'comment ${this.below(3)}'`);
    return found;
  }

  model(): Model {
    const tables = ["a", "B b", "c", "d"].filter(() => this.chance(0.8)).map((name) => this.table(name));
    const views: Model["views"] = new Map();
    for (const { name, columns } of tables)
      if (columns.length > 0 && this.chance(0.6))
        views.set(`v ${name}`, { table: name, width: 1 + this.below(columns.length), of: "" });
    for (const name of [...views.keys()])
      if (this.chance(0.4)) views.set(`w ${name}`, { table: "", width: 0, of: name });
    const functions = new Map(
      ["f", "g"].filter(() => this.chance(0.6)).map((name) => [name, this.pick(["integer", "text", "mood"])]),
    );
    return { labels: this.labels(), domainCheck: this.below(3), tables, views, functions };
  }

  labels(): string[] {
    return ["ok", ...["sad", "glad", "so-so"].filter(() => this.chance(0.5))].sort(() => this.#random() - 0.5);
  }

  /** The same database some time later. */
  later(model: Model): Model {
    const fresh = this.model();
    const tables = model.tables.flatMap((table) => {
      if (this.chance(0.1)) return [];
      const columns = table.columns.flatMap((column) => {
        if (this.chance(0.12)) return [];
        return [this.chance(0.25) ? this.column(column.name) : column];
      });
      for (const name of NAMES)
        if (!columns.some((one) => one.name === name) && this.chance(0.1)) columns.push(this.column(name));
      const changed = { ...table, columns };
      return [
        {
          ...changed,
          extras: this.chance(0.5)
            ? this.extras(changed)
            : table.extras.filter(
                (extra) =>
                  columns.some(({ name }) => extra.includes(quote(name))) &&
                  !goneIn(table, columns).some((name) => extra.includes(quote(name))),
              ),
        },
      ];
    });
    for (const table of fresh.tables) if (!tables.some(({ name }) => name === table.name)) tables.push(table);
    return {
      labels: this.chance(0.4) ? this.labels() : model.labels,
      domainCheck: this.chance(0.3) ? this.below(3) : model.domainCheck,
      tables,
      views: this.chance(0.5) ? fresh.views : model.views,
      functions: this.chance(0.5) ? fresh.functions : model.functions,
    };
  }
}

function goneIn(table: Table, columns: Column[]): string[] {
  return table.columns.map(({ name }) => name).filter((name) => !columns.some((one) => one.name === name));
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sqlOf(model: Model): string {
  const lines = [
    `CREATE TYPE mood AS ENUM (${model.labels.map((label) => `'${label}'`).join(", ")})`,
    `CREATE DOMAIN positive AS integer CHECK (VALUE > ${model.domainCheck - 5})`,
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
  ];
  for (const [name, type] of model.functions)
    lines.push(`CREATE FUNCTION ${name}(x integer) RETURNS ${type} LANGUAGE sql AS 'select null::${type}'`);
  for (const { name, columns, extras } of model.tables) {
    const own = columns.map(
      (column) =>
        `  ${quote(column.name)} ${column.type}${column.default === "" ? "" : ` DEFAULT ${column.default}`}${column.notNull ? " NOT NULL" : ""}`,
    );
    lines.push(`CREATE TABLE ${quote(name)} (\n${["  key serial PRIMARY KEY", ...own].join(",\n")}\n)`);
    for (const column of columns)
      if (column.comment !== "")
        lines.push(`COMMENT ON COLUMN ${quote(name)}.${quote(column.name)} IS '${column.comment}'`);
    lines.push(...extras);
  }
  const [first, second] = model.tables;
  if (first !== undefined && second !== undefined)
    lines.push(
      `ALTER TABLE ${quote(first.name)} ADD COLUMN up integer REFERENCES ${quote(second.name)}`,
      `ALTER TABLE ${quote(second.name)} ADD COLUMN down integer REFERENCES ${quote(first.name)} ON DELETE CASCADE`,
    );
  for (const [name, view] of model.views) {
    const table = model.tables.find((one) => one.name === view.table);
    const columns = table?.columns.slice(0, view.width).map((column) => quote(column.name)) ?? [];
    if (table !== undefined)
      lines.push(`CREATE VIEW ${quote(name)} AS SELECT ${["key", ...columns].join(", ")} FROM ${quote(table.name)}`);
    else if (view.of !== "" && model.tables.some((one) => one.name === model.views.get(view.of)?.table))
      lines.push(`CREATE VIEW ${quote(name)} AS SELECT * FROM ${quote(view.of)}`);
  }
  return `${lines.join(";\n")};\n`;
}

/** A random schema and what became of it; the same for the same seed. */
export function randomCase(seed: number): DiffCase {
  const maker = new Maker(seed);
  const model = maker.model();
  const after = maker.later(model);
  return { name: `seed ${seed}`, before: sqlOf(model), after: sqlOf(after), options: WHOLE, since: 0, sharing: true };
}
