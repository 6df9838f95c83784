import type { Column, Table } from "../../../lib/schema/model.ts";

/** A column of the model. */
export function column(name: string, type: string, more: Partial<Column> = {}): Column {
  return {
    name,
    type,
    nullable: true,
    default: undefined,
    generated: "no",
    baseType: "",
    labels: [],
    collation: "",
    ignores: "nothing",
    comment: "",
    identity: "no",
    position: 1,
    ...more,
  };
}

/** A table of the model, its columns whole or as `name type`. */
export function table(
  name: string,
  columns: (string | Column)[],
  options: Partial<Table> & { generated?: string[] } = {},
): Table {
  const { generated = [], ...rest } = options;
  return {
    schema: "shop",
    name,
    kind: "table",
    columns: columns.map((given, index) => {
      if (typeof given !== "string") return { ...given, position: index + 1 };
      const [own = "", ...type] = given.split(" ");
      const kept = generated.includes(own) ? "stored" : "no";
      return column(own, type.join(" "), { generated: kept, position: index + 1 });
    }),
    keys: [],
    indexes: [],
    checks: [],
    partitionKey: [],
    parents: [],
    storage: "InnoDB",
    estimatedRows: -1,
    bytes: 0,
    extension: "",
    ...rest,
  };
}
