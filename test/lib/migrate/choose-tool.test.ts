import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chooseTool } from "../../../lib/migrate/choose-tool.ts";

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files; what is no object is empty. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "ditto-choose-"));
  made.push(folder);
  mkdirSync(join(folder, ".git"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const choose = (files: Record<string, string>, tool?: "auto" | "sql") =>
  chooseTool({ tool, folder: folderWith(files), command: [] });

const UP = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n";

test.each([
  ["prisma", { "prisma/schema.prisma": "", "prisma/migrations/1_a/migration.sql": "SELECT 1" }],
  ["prisma", { "prisma.config.ts": "" }],
  ["drizzle", { "drizzle.config.ts": "", "drizzle/0000_a.sql": "SELECT 1" }],
  ["knex", { "knexfile.mjs": "" }],
  ["node-pg-migrate", { "package.json": '{"dependencies":{"node-pg-migrate":"9.0.0"}}' }],
  ["alembic", { "alembic.ini": "" }],
  ["flyway", { "flyway.toml": "" }],
  ["flyway", { "sql/V1__first.sql": "SELECT 1" }],
  ["flyway", { "V1.2__first.sql": "SELECT 1", "R__views.sql": "SELECT 1" }],
  ["liquibase", { "liquibase.properties": "" }],
  ["liquibase", { "db/changelog/db.changelog-master.yaml": "" }],
  ["dbmate", { "db/migrations/20250101000000_a.sql": UP }],
  ["dbmate", { "1_a.sql": UP }],
  ["goose", { "migrations/00001_a.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;" }],
  ["django", { "manage.py": "" }],
  ["rails", { "bin/rails": "", "config/application.rb": "" }],
  // What package.json names tells less than a file of the tool's own.
  ["knex", { "knexfile.js": "", "package.json": '{"dependencies":{"node-pg-migrate":"9.0.0"}}' }],
])("%s is told by its files", async (tool, files) => {
  expect(await choose(files)).toMatchObject({ kind: "tool", tool });
});

test("two tools are named with their files", async () => {
  const chosen = choose({ "alembic.ini": "", "manage.py": "" });
  await expect(chosen).rejects.toMatchObject({ code: "TOOL_AMBIGUOUS", exit: 2 });
  await expect(chosen).rejects.toThrow(/alembic \(alembic\.ini\) and django \(manage\.py\)/);
});

test("plain .sql files need no tool, and are looked for where they usually lie", async () => {
  expect(await choose({ "1.sql": "SELECT 1" })).toMatchObject({
    kind: "sql",
    why: expect.stringContaining("1 .sql file"),
  });
  const chosen = await choose({ "db/migrations/1.sql": "SELECT 1" });
  expect(chosen).toMatchObject({ kind: "sql", folder: { path: expect.stringMatching(/db\/migrations$/) } });
});

test("a folder without anything, and one that is not there, are errors of usage", async () => {
  await expect(choose({ "README.md": "" })).rejects.toMatchObject({ code: "TOOL_UNKNOWN", exit: 2 });
  const nowhere = chooseTool({ tool: "sql", folder: "/nowhere/at all", command: [] });
  await expect(nowhere).rejects.toMatchObject({ code: "NO_MIGRATIONS", exit: 2 });
});

test("a command says all: with --tool or --folder it is refused", async () => {
  expect(await chooseTool({ tool: undefined, folder: undefined, command: ["make"] })).toMatchObject({ argv: ["make"] });
  const both = chooseTool({ tool: "sql", folder: undefined, command: ["make"] });
  await expect(both).rejects.toMatchObject({ exit: 2 });
});
