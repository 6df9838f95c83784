import { expect, test } from "bun:test";
import type { Selection } from "../../../lib/bases/build.ts";
import { choose } from "../../../lib/bases/selection.ts";
import type { Key, Schema, Table } from "../../../lib/schema/model.ts";
import { table as makeTable } from "../schema/table.ts";

function table(name: string, more: Partial<Table> = {}): Table {
  return makeTable(name, [], { schema: "public", storage: "", ...more });
}

function reference(to: string): Key {
  return {
    name: `fk_${to}`,
    kind: "foreign key",
    columns: ["id"],
    references: { schema: "public", table: to, columns: ["id"] },
    validated: true,
  };
}

const schema: Schema = {
  engine: "postgres",
  database: "shop",
  tables: [
    table("users"),
    table("orders", { keys: [reference("users")] }),
    table("Events", { kind: "partitioned" }),
    table("events_2026", { kind: "partition", parents: ["public.Events"] }),
    table("spatial_ref_sys", { extension: "postgis" }),
  ],
};

const everything: Selection = {
  tables: [],
  excludeTables: [],
  excludeTableData: [],
  rows: {},
  excludeExtensions: "auto",
  roles: "drop",
  largeObjects: "keep",
  schemaOnly: false,
};
const names = (tables: Table[]) => tables.map(({ name }) => name);

test("without a selection every table with rows is taken whole, those of extensions aside", () => {
  expect(names(choose(schema, everything).whole)).toEqual(["users", "orders", "events_2026"]);
});

test("a table whose rows its extension calls the user's is chosen, and never left out: the extension makes it", () => {
  const jobs = table("job", { extension: "pg_cron", configuration: "jobid > 9" });
  const all: Schema = { ...schema, tables: [...schema.tables, jobs] };
  expect(choose(all, everything).whole).toContain(jobs);
  expect(choose(all, { ...everything, rows: { job: "active" } }).filtered).toEqual([
    { table: jobs, condition: "(active\n) AND (jobid > 9\n)" },
  ]);
  for (const more of [{ excludeTableData: ["job"] }, { excludeTables: ["job"] }, { tables: ["users"] }]) {
    const chosen = choose(all, { ...everything, ...more });
    expect(chosen.emptied).toContain(jobs);
    expect(chosen.left).not.toContain(jobs);
  }
  const { whole, emptied } = choose(all, { ...everything, excludeExtensions: ["pg_*"] });
  expect([...whole, ...emptied]).not.toContain(jobs);
});

test("a partitioned table means its partitions too", () => {
  expect(names(choose(schema, { ...everything, excludeTableData: ["Events"] }).emptied)).toEqual(["events_2026"]);
});

test("a name that matches nothing is refused with what there is", () => {
  expect(() => choose(schema, { ...everything, excludeTables: ["user"] })).toThrow(
    'Cannot use "user" of dump.exclude_tables',
  );
});

test("emptying a table that others refer to names the foreign key", () => {
  expect(() => choose(schema, { ...everything, excludeTableData: ["users"] })).toThrow(
    "public.orders.fk_users → public.users",
  );
});

test("emptying the referring table as well is fine", () => {
  expect(names(choose(schema, { ...everything, excludeTableData: ["users", "orders"] }).whole)).toEqual([
    "events_2026",
  ]);
});

test("a glob matches names and qualified names", () => {
  expect(names(choose(schema, { ...everything, tables: ["public.user*"] }).whole)).toEqual(["users"]);
});
