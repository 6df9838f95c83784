import type { Destructive } from "../change.ts";
import type { Table } from "../model.ts";
import type { ObjectKind } from "../model-objects.ts";
import type { Named } from "./access.ts";
import { qualified } from "./quote.ts";

/** What statements call a relation. */
export const RELATION_KEYWORDS: Record<Table["kind"], string> = {
  table: "TABLE",
  partitioned: "TABLE",
  partition: "TABLE",
  view: "VIEW",
  "materialized view": "MATERIALIZED VIEW",
  "foreign table": "FOREIGN TABLE",
};

/** What its end destroys. */
export const RELATION_DROPS: Record<Table["kind"], Destructive> = {
  table: "drop-table",
  partitioned: "drop-table",
  partition: "drop-partition",
  view: "drop-view",
  "materialized view": "drop-materialized-view",
  "foreign table": "drop-foreign-table",
};

/** A partition is a table that is attached; attaching is a thing of its own. */
export function kindOf(table: Table): ObjectKind {
  return table.kind === "partitioned" || table.kind === "partition" ? "table" : table.kind;
}

/** A relation as statements about it name it. */
export function namedOf(table: Table): Named {
  const name = qualified(table.schema, table.name);
  return {
    sqlName: `${RELATION_KEYWORDS[table.kind]} ${name}`,
    grantOn: { keyword: "TABLE", name },
    schema: table.schema,
  };
}
