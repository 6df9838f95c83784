import type { SchemaDialect } from "../dialect.ts";
import { diffPostgres } from "./diff.ts";
import { readPostgresOutline, readWholePostgres } from "./read.ts";

/** Postgres 12 and later. */
export const postgresDialect: SchemaDialect = {
  read: readWholePostgres,
  readTables: readPostgresOutline,
  diff: diffPostgres,
  script: {
    begin: "BEGIN",
    commit: "COMMIT",
    // Bodies may name what comes later.
    before: ["SET check_function_bodies = off"],
    after: [],
  },
};
