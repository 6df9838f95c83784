import type { SchemaDialect } from "../dialect.ts";
import { diffSqlite } from "./diff.ts";
import { readSqlite } from "./read.ts";

/** SQLite: everything is one transaction, before which foreign keys must be off, for in it they can't be switched. */
export const sqliteDialect: SchemaDialect = {
  read: readSqlite,
  readTables: readSqlite,
  diff: diffSqlite,
  script: {
    begin: "BEGIN IMMEDIATE",
    commit: "COMMIT",
    before: ["PRAGMA foreign_keys = OFF"],
    after: [],
    // A text may end in a comment, in which a semicolon says nothing.
    terminated: (sql) => (/--[^\n]*$/.test(sql) ? `${sql}\n;` : `${sql};`),
  },
};
