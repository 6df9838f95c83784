import type { SchemaDialect } from "./dialect.ts";
import type { SchemaEngine } from "./model.ts";
import { mysqlDialect } from "./mysql/index.ts";
import { postgresDialect } from "./postgres/index.ts";
import { sqliteDialect } from "./sqlite/index.ts";

/** How each engine's schemas are read and compared. */
export const dialects = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
  sqlite: sqliteDialect,
} satisfies Record<SchemaEngine, SchemaDialect>;
