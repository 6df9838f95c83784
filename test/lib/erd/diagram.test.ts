import { describe, expect, test } from "bun:test";
import { drawAgainst } from "../../../lib/erd/compare.ts";
import { diagramOf } from "../../../lib/erd/diagram.ts";
import { columns, foreign, primary, SHOP, schemaOf, table } from "./fixture.ts";

const relation = (child: string, column: string) =>
  diagramOf(SHOP).relations.find((one) => one.child === `public.${child}` && one.childColumns[0] === column);

describe("cardinality comes from uniqueness and nullability", () => {
  test("many children that must have a parent", () => {
    expect(relation("orders", "customer")).toMatchObject({ children: "0..n", parents: "1" });
  });
  test("many children that may have none", () => {
    expect(relation("orders", "coupon")).toMatchObject({ children: "0..n", parents: "0..1" });
  });
  test("at most one child, where the foreign key is the primary key", () => {
    expect(relation("profiles", "id")).toMatchObject({ children: "0..1", parents: "1" });
  });
  test("a part of a key of two columns is not unique", () => {
    expect(relation("order_products", "order")).toMatchObject({ children: "0..n" });
  });
  test("a unique index over a part of the rows makes nothing unique", () => {
    const index = { name: "i", unique: true, columns: ["owner"], predicate: "active" };
    const schema = schemaOf(
      table("people", columns("id int"), [primary("id")]),
      table("cars", columns("owner int"), [foreign("owner", "people")], { indexes: [index] }),
    );
    expect(diagramOf(schema).relations).toMatchObject([{ children: "0..n" }]);
    const whole = { name: "i", unique: true, columns: ["owner"] };
    const unique = schemaOf(
      table("people", columns("id int"), [primary("id")]),
      table("cars", columns("owner int"), [foreign("owner", "people")], { indexes: [whole] }),
    );
    expect(diagramOf(unique).relations).toMatchObject([{ children: "0..1" }]);
  });
});

test("a table whose key is two foreign keys joins two tables, N-M", () => {
  const { manyToMany, entities } = diagramOf(SHOP);
  expect(manyToMany).toEqual([{ left: "public.orders", right: "public.products", through: "public.order_products" }]);
  expect(entities.filter(({ joins }) => joins).map(({ name }) => name)).toEqual(["order_products"]);
});

test("partitions are one table, with the foreign keys that each of them has", () => {
  const part = (name: string) =>
    table(name, columns("id int", "customer int"), [{ ...foreign("customer", "customers"), name: `fk_${name}` }], {
      kind: "partition",
      parents: ["public.payments"],
    });
  const schema = schemaOf(
    table("customers", columns("id int"), [primary("id")]),
    table("payments", columns("id int", "customer int"), [], { kind: "partitioned" }),
    part("payments_1"),
    part("payments_2"),
  );
  const { entities, relations } = diagramOf(schema);
  expect(entities.map(({ name, partitions }) => [name, partitions])).toEqual([
    ["customers", 0],
    ["payments", 2],
  ]);
  expect(relations).toMatchObject([{ child: "public.payments", parent: "public.customers" }]);
  expect(entities[1]?.fields[1]).toMatchObject({ foreign: true });
});

test("views and tables of extensions are not drawn", () => {
  const schema = schemaOf(
    table("real", columns("id int")),
    table("seen", columns("id int"), [], { kind: "view" }),
    table("spatial_ref_sys", columns("id int"), [], { extension: "postgis" }),
  );
  expect(diagramOf(schema).entities.map(({ name }) => name)).toEqual(["real"]);
});

test("a table is drawn with its neighbours up to a depth, and what is left out is counted", () => {
  const names = (depth?: number) =>
    diagramOf(SHOP, { table: "coupons", ...(depth === undefined ? {} : { depth }) }).entities.map(({ name }) => name);
  expect(names(0)).toEqual(["coupons"]);
  expect(names()).toEqual(["coupons", "orders"]);
  expect(names(2)).toEqual(["coupons", "customers", "order_products", "orders"]);
  expect(diagramOf(SHOP, { table: "public.coupons" }).hidden).toBe(4);
});

test("the same schema gives the same diagram, in whatever order its tables come", () => {
  const turned = { ...SHOP, tables: SHOP.tables.toReversed() };
  expect(diagramOf(turned)).toEqual(diagramOf(SHOP));
});

test("against an older one it is marked what was added, removed and changed", () => {
  const older = schemaOf(
    ...SHOP.tables.filter(({ name }) => name !== "coupons" && name !== "orders"),
    table("orders", columns("id bigint", "customer int", "note text"), [
      primary("id"),
      foreign("customer", "customers"),
    ]),
    table("legacy", columns("id int")),
  );
  const { entities, relations } = drawAgainst(diagramOf(SHOP), diagramOf(older));
  expect(Object.fromEntries(entities.flatMap(({ name, change }) => (change ? [[name, change]] : [])))).toEqual({
    coupons: "added",
    legacy: "removed",
    orders: "changed",
  });
  const orders = entities.find(({ name }) => name === "orders");
  expect(orders?.fields.map(({ name, change }) => [name, change])).toEqual([
    ["id", "changed"],
    ["customer", undefined],
    ["coupon", "added"],
    ["note", "removed"],
  ]);
  expect(relations.filter(({ change }) => change)).toMatchObject([{ childColumns: ["coupon"], change: "added" }]);
  expect(drawAgainst(diagramOf(SHOP), diagramOf(SHOP))).toEqual(diagramOf(SHOP));
});

test("groups are schemas, or clusters of one schema that keep together what is joined", () => {
  const pair = (name: string) => [
    table(name, columns("id int"), [primary("id")]),
    table(`${name}_items`, columns("id int"), [foreign("id", name)]),
  ];
  const { entities } = diagramOf(schemaOf(...pair("bills"), ...pair("visits"), table("alone", columns("id int"))));
  const groups = new Map(entities.map(({ name, group }) => [name, group]));
  expect(groups.get("bills")).toBe(groups.get("bills_items") as string);
  expect(groups.get("bills")).not.toBe(groups.get("visits"));
  expect(groups.get("alone")).toBe("alone");
  const two = schemaOf(table("a", columns("id int")), table("b", columns("id int"), [], { schema: "audit" }));
  expect(diagramOf(two).entities.map(({ group }) => group)).toEqual(["audit", "public"]);
});
