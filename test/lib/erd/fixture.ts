import type { Column, Key, Schema, Table } from "../../../lib/schema/model.ts";

/** `name type`, `name type?` where it may be NULL. */
export function columns(...texts: string[]): Column[] {
  return texts.map((text, at) => {
    const [, name = "", type = "", optional] = /^(.*) (\S+?)(\?)?$/s.exec(text) ?? [];
    return {
      name,
      type,
      nullable: optional !== undefined,
      default: undefined,
      generated: "no",
      baseType: "",
      labels: [],
      collation: "",
      ignores: "nothing",
      comment: "",
      identity: "no",
      position: at + 1,
    };
  });
}

/** A table of `public`; `extra` goes over everything. */
export function table(name: string, fields: Column[], keys: Key[] = [], extra: Partial<Table> = {}): Table {
  return {
    ...{ schema: "public", name, kind: "table", columns: fields, keys, indexes: [], checks: [], partitionKey: [] },
    ...{ parents: [], storage: "", estimatedRows: -1, bytes: 0, extension: "" },
    ...extra,
  };
}

export function primary(...names: string[]): Key {
  return { name: "pk", kind: "primary key", columns: names, references: undefined, validated: true };
}

export function unique(...names: string[]): Key {
  return { name: "uq", kind: "unique", columns: names, references: undefined, validated: true };
}

/** A foreign key to the column `id` of another table of `public`. */
export function foreign(column: string, parent: string, schema = "public"): Key {
  const references = { schema, table: parent, columns: ["id"] };
  return { name: `fk_${column}`, kind: "foreign key", columns: [column], references, validated: true };
}

export function schemaOf(...tables: Table[]): Schema {
  return { engine: "postgres", database: "shop", tables };
}

/** A small shop: every kind of relation there is. */
export const SHOP = schemaOf(
  table("customers", columns("id int", "email text", "referrer int?"), [
    primary("id"),
    unique("email"),
    foreign("referrer", "customers"),
  ]),
  table("profiles", columns("id int", "bio text?"), [primary("id"), foreign("id", "customers")]),
  table("orders", columns("id int", "customer int", "coupon int?"), [
    primary("id"),
    foreign("customer", "customers"),
    foreign("coupon", "coupons"),
  ]),
  table("coupons", columns("id int"), [primary("id")]),
  table("products", columns("id int", "name varchar(100)"), [primary("id")]),
  table("order_products", columns("order int", "product int", "amount int"), [
    primary("order", "product"),
    foreign("order", "orders"),
    foreign("product", "products"),
  ]),
);

/** Names that end a string, a comment or a tag somewhere. */
export const HOSTILE = schemaOf(
  table(
    `a "quoted" <b>name</b> & 100% \\ 'x'`,
    columns(`id" int`, "for character varying(10)?", "😀 text"),
    [primary(`id"`)],
    {
      comment: `</script><script>alert(1)</script> "''' --> %% \n second line`,
    },
  ),
  table("select", columns("id int", "group text"), [
    primary("id"),
    foreign("id", `a "quoted" <b>name</b> & 100% \\ 'x'`),
  ]),
  table("with space.and dot", columns("id numeric(10,2)"), [primary("id")], { schema: "Other Schema" }),
);
