import type { Table } from "../../../../lib/schema/model.ts";

/** A table of the model, its columns as `name type`. */
export function table(name: string, columns: string[], options: Partial<Table> & { generated?: string[] } = {}): Table {
  const { generated = [], ...rest } = options;
  return {
    schema: "shop",
    name,
    kind: "table",
    columns: columns.map((column, index) => {
      const [own = "", ...type] = column.split(" ");
      return {
        name: own,
        type: type.join(" "),
        nullable: true,
        default: undefined,
        generated: generated.includes(own) ? "stored" : "no",
        identity: "no",
        position: index + 1,
      };
    }),
    keys: [],
    parents: [],
    storage: "InnoDB",
    estimatedRows: -1,
    bytes: 0,
    extension: "",
    ...rest,
  };
}
