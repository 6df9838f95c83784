import { quoteIdentifier, quoteQualified } from "../../engine/mysql/quote.ts";
import { buildBrackets } from "../../engine/mysql/settings.ts";
import { DittoError } from "../../kit/errors.ts";
import { holdsRows, type Key, type Schema, type Table } from "../../schema/model.ts";
import { readMysqlTables } from "../../schema/mysql/read-tables.ts";
import type { Build } from "../build.ts";
import { sql, withWorkshopSession } from "./admin.ts";

/** The base's schema; throws when rows refer to rows that are not there, which the server doesn't check while loading. */
export async function inspect(build: Build): Promise<Schema> {
  const schema = await withWorkshopSession(build, readMysqlTables);
  const checks = schema.tables.flatMap((table) =>
    table.keys.filter((key) => key.references?.schema === build.database).map((key) => ({ table, key })),
  );
  if (checks.length === 0) return schema;
  const script = checks
    .map(({ table, key }, index) => `SELECT ${index} FROM (${antiJoin(table, key)}) broken;\n`)
    .join("");
  const output = await sql(build, script, { database: build.database, action: "check the foreign keys" });
  const broken = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => checks[Number(line)])
    .map((check) => `"${check?.key.name}" of "${check?.table.name}"`);
  if (broken.length === 0) return schema;
  throw new DittoError(`Cannot use the base: rows refer to rows that are not there, by ${broken.join(", ")}`, {
    code: "BROKEN_KEYS",
    hint: "The source breaks these foreign keys as well, or dump.rows and dump.exclude_table_data leave rows out that others need",
  });
}

/** One row when a row's reference, all of its columns given, finds nothing. */
function antiJoin(table: Table, key: Key): string {
  const pairs = key.columns.map((column, index) => {
    const target = key.references?.columns[index] ?? "";
    return { own: `c.${quoteIdentifier(column)}`, target: `p.${quoteIdentifier(target)}` };
  });
  const given = pairs.map(({ own }) => `${own} IS NOT NULL`).join(" AND ");
  const joined = pairs.map(({ own, target }) => `${own} = ${target}`).join(" AND ");
  const parent = { schema: key.references?.schema ?? "", name: key.references?.table ?? "" };
  return `SELECT 1 FROM ${quoteQualified(table)} c WHERE ${given} AND NOT EXISTS (SELECT 1 FROM ${quoteQualified(parent)} p WHERE ${joined}) LIMIT 1`;
}

/** Statistics for the first query of every copy; the redo log is on again, or small. */
export async function settle(build: Build): Promise<void> {
  const { tables } = await withWorkshopSession(build, readMysqlTables);
  const names = tables.filter(holdsRows).map((table) => quoteIdentifier(table.name));
  const statements: string[] = [];
  for (let at = 0; at < names.length; at += 100) {
    statements.push(`ANALYZE NO_WRITE_TO_BINLOG TABLE ${names.slice(at, at + 100).join(", ")}`);
  }
  statements.push(...buildBrackets(build.server).end, "FLUSH TABLES");
  await sql(build, `${statements.join(";\n")};\n`, { database: build.database, action: "analyze the tables" });
}
