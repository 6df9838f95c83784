import type { Session } from "../../engine/index.ts";
import type { SchemaDialect } from "../dialect.ts";
import { diffMysql, SQL_MODE } from "./diff.ts";
import { readMysql } from "./read.ts";
import { readMysqlTables } from "./read-tables.ts";

/** MySQL and MariaDB. Their changes of a schema commit by themselves, so that nothing stands around them. */
export const mysqlDialect: SchemaDialect = {
  read: readMysql,
  readTables: (session) => readMysqlTables(session as Session),
  diff: diffMysql,
  script: {
    begin: "",
    commit: "",
    before: ["SET NAMES utf8mb4", `SET SESSION sql_mode = '${SQL_MODE}'`, "SET SESSION time_zone = '+00:00'"],
    after: [],
    terminated,
  },
};

const PROGRAM = /^CREATE (OR REPLACE )?(DEFINER|FUNCTION|PROCEDURE|TRIGGER|EVENT|PACKAGE|AGGREGATE)/i;

/** The client cuts at semicolons, unless it is told of another sign for what holds some. */
function terminated(sql: string): string {
  if (!PROGRAM.test(sql)) return `${sql};`;
  // A body may end in a comment, in which the sign says nothing.
  const end = /(--|#).*$/.test(sql) ? "\n" : "";
  if (!sql.includes(";")) return `${sql}${end};`;
  let sign = "//";
  while (sql.includes(sign)) sign += "/";
  return `DELIMITER ${sign}\n${sql}${end}${sign}\nDELIMITER ;`;
}
