import { describe, expect, test } from "bun:test";
import { isOneExpression } from "../../../lib/mask/expression.ts";
import { planMasks } from "../../../lib/mask/plan.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import type { Key, Schema, Table } from "../../../lib/schema/model.ts";
import { column, table } from "../schema/table.ts";

const primary = (...columns: string[]): Key => ({
  name: "pk",
  kind: "primary key",
  columns,
  references: undefined,
  validated: true,
});
const reference = (own: string, to: string, target: string): Key => ({
  name: `${own}_to_${to}`,
  kind: "foreign key",
  columns: [own],
  references: { schema: "shop", table: to, columns: [target] },
  validated: true,
});

const schema = (tables: Table[]): Schema => ({ engine: "postgres", database: "shop", tables });
const users = table(
  "users",
  [column("email", "character varying(60)", { nullable: false }), "name text", "born date"],
  { keys: [primary("email")] },
);
const orders = table("orders", ["id integer", column("customer", "character varying(40)")], {
  keys: [primary("id"), reference("customer", "users", "email")],
});

const rule = (text: Partial<Rule>): Rule => ({ table: "users", column: "email", strategy: "replace", ...text }) as Rule;
const plan = (rules: Rule[], tables = [users, orders]) => planMasks("postgres", schema(tables), rules);
const EMAIL = rule({ type: "email" });

describe("a rule", () => {
  test("goes to the columns that reference its own, in the form that fits the shortest of them", () => {
    const { tables, problems } = plan([EMAIL]);
    expect(problems).toEqual([]);
    const [child] = tables.get("shop.orders")?.columns ?? [];
    expect(child).toMatchObject({
      column: { name: "customer" },
      max: 40,
      unique: true,
      rules: [{ strategy: "replace", type: "email" }],
    });
    expect(tables.get("shop.users")?.columns[0]).toMatchObject({ max: 40, unique: true, linked: true });
  });

  test("is refused on a child alone, and as another than the parent's", () => {
    expect(plan([rule({ table: "orders", column: "customer", type: "email" })]).problems).toEqual([
      expect.stringContaining("references shop.users.email, which has no rule"),
    ]);
    expect(plan([EMAIL, rule({ table: "orders", column: "customer", strategy: "hash" })]).problems[0]).toContain(
      "which has another rule",
    );
    expect(plan([EMAIL, rule({ table: "orders", column: "customer", strategy: "nullify" })]).problems).toEqual([]);
  });

  test("can't have a condition where others reference the column", () => {
    expect(plan([rule({ type: "email", where: "born > '2000-01-01'" })]).problems[0]).toContain(
      '"where" can\'t be used',
    );
  });

  test("of another column is taken by same_as", () => {
    const notes = table("notes", ["author text"]);
    const { tables, problems } = plan(
      [EMAIL, rule({ table: "notes", column: "author", same_as: "users.email" })],
      [users, orders, notes],
    );
    expect(problems).toEqual([]);
    expect(tables.get("shop.notes")?.columns[0]?.rules[0]).toMatchObject({ type: "email" });
    expect(
      plan([rule({ table: "notes", column: "author", same_as: "users.mail" })], [users, notes]).problems[0],
    ).toContain('same_as names "users.mail"');
  });

  test("means every part of a partitioned table, and not what spreads the rows", () => {
    const log = table("log", ["who text", "day date"], { kind: "partitioned", partitionKey: ["day"] });
    const part = table("log_1", ["who text", "day date"], { kind: "partition", parents: ["shop.log"] });
    const both = plan(
      [
        rule({ table: "log", column: "who", type: "name" }),
        rule({ table: "log", column: "day", strategy: "shift", days: 3 }),
      ],
      [log, part],
    );
    expect([...both.tables.keys()]).toEqual(["shop.log_1"]);
    expect(both.problems).toEqual([expect.stringContaining("shop.log.day: rows are spread over partitions by it")]);
  });

  test("gives the parts of a table one form with what is linked with it", () => {
    const parted = table("people", [column("email", "character varying(255)"), "day date"], { kind: "partitioned" });
    const part = table("people_1", [column("email", "character varying(255)"), "day date"], {
      kind: "partition",
      parents: ["shop.people"],
    });
    const log = table("log", [column("who", "character varying(30)")], { keys: [primary("who")] });
    const own = rule({ table: "people", type: "email" });
    const { tables, problems } = plan(
      [own, rule({ table: "log", column: "who", same_as: "people.email" })],
      [parted, part, log],
    );
    expect(problems).toEqual([]);
    for (const name of ["shop.people_1", "shop.log"])
      expect(tables.get(name)?.columns[0]).toMatchObject({ max: 30, unique: true, linked: true });
    expect(plan([own], [parted, part]).tables.get("shop.people_1")?.columns[0]).toMatchObject({ linked: false });
  });

  test("that a partitioned table gets by its foreign key goes to its partitions", () => {
    const columns = () => ["id integer", column("customer", "character varying(40)")];
    const root = table("orders", columns(), { kind: "partitioned", keys: [reference("customer", "users", "email")] });
    const middle = table("orders_2024", columns(), { kind: "partitioned", parents: ["shop.orders"] });
    const leaf = table("orders_2024_1", columns(), { kind: "partition", parents: ["shop.orders_2024"] });
    const all = [leaf, middle, root, users];
    const { tables, problems, reviewed } = plan([EMAIL], all);
    expect(problems).toEqual([]);
    expect([...tables.keys()].sort()).toEqual(["shop.orders_2024_1", "shop.users"]);
    expect(tables.get("shop.orders_2024_1")?.columns[0]).toMatchObject({ max: 40, unique: true });
    expect(reviewed.has("shop.orders_2024_1.customer")).toBe(true);
    const other = rule({ table: "orders_2024_1", column: "customer", strategy: "hash" });
    expect(plan([EMAIL, other], all).problems).toEqual([
      expect.stringContaining("shop.orders_2024_1.customer: it is a part of shop.orders_2024.customer"),
    ]);
  });

  test("can't shift by a column that is covered in the source", () => {
    const shifted = rule({ column: "born", strategy: "shift", days: 9, by: "name" });
    for (const strategy of ["redact", "nullify", "mask"] as const)
      expect(plan([shifted, rule({ column: "name", strategy })]).problems).toEqual([
        expect.stringContaining(`"by" names the column "name", which "${strategy}" covers in the source`),
      ]);
    expect(plan([shifted, rule({ column: "name", strategy: "hash" })]).problems).toEqual([]);
    expect(plan([shifted]).problems).toEqual([]);
  });

  test("can't let some of a unique column's numbers change places", () => {
    const keys = table("keys", ["id integer", "size integer"], { keys: [primary("id")] });
    const places = (column: string, where?: string) =>
      plan([rule({ table: "keys", column, type: "number", range: [1, 99], ...(where ? { where } : {}) })], [keys])
        .problems;
    expect(places("id", "size > 3")).toEqual([expect.stringContaining('"range" and "where" don\'t go together')]);
    expect([...places("id"), ...places("size", "id > 3")]).toEqual([]);
  });

  test("is refused for views and for columns that are computed", () => {
    const view = table("people", ["name text"], { kind: "view" });
    const made = table("made", ["name text"], { generated: ["name"] });
    expect(plan([rule({ table: "people", column: "name", type: "name" })], [view]).problems[0]).toContain("is a view");
    expect(plan([rule({ table: "made", column: "name", type: "name" })], [made]).problems[0]).toContain(
      "computed from other columns",
    );
  });

  test("for the paths of a column goes with one that keeps the rest, and with no other", () => {
    const prefs = table("prefs", ["data jsonb"]);
    const path = rule({ table: "prefs", column: "data", type: "email", path: "mail" });
    expect(plan([path, rule({ table: "prefs", column: "data", strategy: "keep" })], [prefs]).problems).toEqual([]);
    expect(plan([path, rule({ table: "prefs", column: "data", strategy: "nullify" })], [prefs]).problems[0]).toContain(
      "2 rules mean it",
    );
  });
});

test("a condition is one expression", () => {
  for (const good of ["a = 1", "a IN (1, 2)", "a = 'it''s; (fine' AND \"b)\" > 2", "x -> 'a' = '[1]'"])
    expect(isOneExpression(good)).toBe(true);
  for (const bad of ["", "a) OR (b", "a; DROP", "a -- b", "a /* b", "a = 'b", "(a", "a # b", "a = $$b$$", "a = 'b\\'"])
    expect(isOneExpression(bad)).toBe(false);
});
