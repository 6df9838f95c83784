import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectFolder } from "../../../lib/migrate/project-folder.ts";
import { sqlFiles } from "../../../lib/migrate/sql-files.ts";

const root = mkdtempSync(join(tmpdir(), "ditto-sql-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let numbered = 0;

function filesOf(files: Record<string, string>, engine: "postgres" | "mysql" = "postgres") {
  const folder = join(root, String(++numbered));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return sqlFiles(projectFolder(folder), engine);
}

const empty = (...names: string[]) => Object.fromEntries(names.map((name) => [name, ""]));

test("files run by their names, numbers by their size", async () => {
  const { names } = await filesOf(empty("10_c.sql", "2_b.sql", "1_a.SQL", "readme.md", "002_aa.sql"));
  expect(names).toEqual(["1_a.SQL", "002_aa.sql", "2_b.sql", "10_c.sql"]);
});

test("the way back is left out, and a name that only looks like it is not", async () => {
  const files = empty("1.up.sql", "1.down.sql", "2_x_up.sql", "2_x_down.sql", "3_shut_down.sql");
  expect(await filesOf(files)).toEqual({
    names: ["1.up.sql", "2_x_up.sql", "3_shut_down.sql"],
    leftOut: ["1.down.sql", "2_x_down.sql"],
  });
});

test.each([
  [["down.sql", "up.sql"], ["up.sql"]],
  [["001_init.sql", "001_init_down.sql"], ["001_init.sql"]],
  [
    ["1.sql", "1-down.sql", "2_up.sql", "2-Down.sql", "3.up.sql", "3_down.sql"],
    ["1.sql", "2_up.sql", "3.up.sql"],
  ],
  [
    ["down.sql", "other.sql"],
    ["down.sql", "other.sql"],
  ],
  [
    ["shut_down.sql", "up.sql"],
    ["shut_down.sql", "up.sql"],
  ],
])("of %j only %j run", async (all, names) => {
  expect(await filesOf(empty(...all))).toEqual({ names, leftOut: all.filter((name) => !names.includes(name)).sort() });
});

test.each([
  ["dbmate", { "1.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE x;" }],
  ["goose", { "1.sql": "-- +goose Up\nSELECT 1;" }],
  ["sql-migrate", { "1.sql": "-- +migrate Up\nSELECT 1;" }],
  ["liquibase", { "1.sql": "--liquibase formatted sql\nSELECT 1;" }],
  ["flyway", { "V1__a.sql": "SELECT 1", "U1__a.sql": "SELECT 2" }],
  ["drizzle", { "0000_a.sql": "SELECT 1", "meta/_journal.json": "{}" }],
])("files of %s are not run as plain ones", async (tool, files) => {
  const refused = filesOf(files);
  await expect(refused).rejects.toMatchObject({ code: "FOREIGN_FILES", exit: 2, hint: expect.stringContaining(tool) });
});

test.each([
  "\\i other.sql",
  "\\ir ../x.sql",
  "SELECT 1;\n\\! rm -rf /",
  "\\copy t FROM 'x.csv'",
  "\\connect other",
  "\\o /tmp/x",
  "\\g | sh",
  "  \\! ls",
  "SELECT 1 \\gx |id > /tmp/f",
  "SELECT 1 \\g /tmp/f",
  "SELECT 1 \\g (format=csv) | sh",
  "\\set x `id`",
  "\\echo 'a' `id`",
  "\\if `true`",
  `\\echo "'" \`id\` "'"`,
  "\\echo a \\! id",
  "\\echo 'it''s' \\\\ SELECT 1 \\o /tmp/f",
  "\\set x '\\\\! id'",
])("psql's %j is refused, with its line", async (text) => {
  const refused = filesOf({ "1.sql": `SELECT 1;\n${text}\n` });
  await expect(refused).rejects.toMatchObject({ code: "CLIENT_COMMAND", exit: 2 });
  await expect(refused).rejects.toThrow(text.includes("\n") ? /1\.sql:3:/ : /1\.sql:2:/);
});

test("a backslash in a value, in a body, in rows, or of a harmless command is none", async () => {
  const text = [
    "\\set ON_ERROR_STOP on",
    "SELECT '\n\\i x';",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$\n\\! echo\n$body$;",
    "COPY t FROM stdin;\n\\N\t1\n\\.",
    "/*\n\\i x\n*/ SELECT 1;",
    "SELECT 1 \\g (format=csv)\nSELECT 2 \\gx\nSELECT 3\\; SELECT 4 \\gset",
    "\\echo 'a `tick` \\\\ b' \\\\ SELECT E'\\\\! x'; -- \\! x",
  ].join("\n");
  expect((await filesOf({ "1.sql": text })).names).toEqual(["1.sql"]);
  expect((await filesOf({ "1.sql": "\\! ls" }, "mysql")).names).toEqual(["1.sql"]);
});
