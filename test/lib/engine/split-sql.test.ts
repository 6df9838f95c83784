import { expect, test } from "bun:test";
import { splitSql } from "../../../lib/engine/postgres/split.ts";

const split = (text: string) => splitSql(text).statements.map(({ sql }) => sql);

test.each<[string, string[]]>([
  ["", []],
  [" ; ;\n-- nothing\n;", []],
  ["SELECT 1", ["SELECT 1"]],
  ["SELECT ';'; SELECT 2;", ["SELECT ';'", "SELECT 2"]],
  ["SELECT 'it''s;'; SELECT E'\\';'; SELECT 3", ["SELECT 'it''s;'", "SELECT E'\\';'", "SELECT 3"]],
  ['CREATE TABLE "a;b" (i int); SELECT 1', ['CREATE TABLE "a;b" (i int)', "SELECT 1"]],
  ["/* a; /* b; */ c; */ SELECT 1; -- x; y\nSELECT 2", ["SELECT 1", "SELECT 2"]],
  ["DO $$ BEGIN PERFORM 1; END $$; SELECT 1", ["DO $$ BEGIN PERFORM 1; END $$", "SELECT 1"]],
  ["SELECT $a$ $b$ ; $a$; SELECT $1; SELECT 2", ["SELECT $a$ $b$ ; $a$", "SELECT $1", "SELECT 2"]],
  ["SELECT a$b$c; SELECT 1", ["SELECT a$b$c", "SELECT 1"]],
  [
    "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
    ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"],
  ],
  [
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
    ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3"],
  ],
  ["BEGIN; SELECT 1; END; SELECT 2", ["BEGIN", "SELECT 1", "END", "SELECT 2"]],
  ["COPY t FROM stdin;\n1;2\n\\.\nSELECT 1;", ["COPY t FROM stdin", "SELECT 1"]],
  ["SELECT 'open ; ", ["SELECT 'open ;"]],
  ["SELECT 🐘; SELECT 2", ["SELECT 🐘", "SELECT 2"]],
])("%j", (text, statements) => {
  expect(split(text)).toEqual(statements);
});

test("psql's commands are told from statements", () => {
  const { statements, commands } = splitSql("\\set x 1\nSELECT 1;\n\\i a.sql\nSELECT 2;");
  expect(statements.map(({ sql }) => sql)).toEqual(["SELECT 1", "SELECT 2"]);
  expect(commands.map(({ text }) => text)).toEqual(["\\set x 1", "\\i a.sql"]);
});
