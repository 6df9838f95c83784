import { afterAll, afterEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DatabaseUrl } from "../../../lib/kit/url.ts";
import { alembicFile, sqlalchemyUrl } from "../../../lib/migrate/alembic.ts";
import { projectFolder } from "../../../lib/migrate/project-folder.ts";
import type { Tool, ToolName } from "../../../lib/migrate/tool.ts";
import { tools } from "../../../lib/migrate/tools.ts";

const access: DatabaseUrl = {
  ...{ engine: "postgres", host: "127.0.0.1", port: 5555, user: "ditto", password: "p@ss%w/rd", database: "shop" },
  ...{ params: {}, dropped: [] },
};
const mysql: DatabaseUrl = { ...access, engine: "mysql" };

const PATH = process.env.PATH;
const folder = mkdtempSync(join(tmpdir(), "ditto-tools-"));
mkdirSync(join(folder, ".git"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  process.env.PATH = PATH;
});

let numbered = 0;

/** A project whose PATH has these programs, and nothing else. */
function project(files: string[], programs: string[] = []) {
  const place = join(folder, String(++numbered));
  for (const name of [...files, ...programs.map((program) => `path/${program}`)]) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), "#!/bin/sh\n");
    chmodSync(join(place, name), 0o755);
  }
  process.env.PATH = join(place, "path");
  return projectFolder(place);
}

function start(
  tool: ToolName,
  at: ReturnType<typeof project>,
  to = access,
  found?: { file: string; migrations?: string },
) {
  return (tools[tool] as Tool).start({ folder: at, found, access: to });
}

test.each([
  ["bun.lock", "bunx", ["bunx"]],
  ["pnpm-lock.yaml", "pnpm", ["pnpm", "exec"]],
  ["yarn.lock", "yarn", ["yarn", "run"]],
  ["package-lock.json", "npx", ["npx", "--no-install"]],
])("with %s an npm tool is started by %s", async (lock, program, runner) => {
  const at = project([lock, "node_modules/.bin/prisma"], [program]);
  expect((await start("prisma", at)).argv).toEqual([...runner, "prisma", "migrate", "deploy"]);
});

test("a package's tool is found from a folder below the lock file", async () => {
  project(["pnpm-lock.yaml", "node_modules/.bin/knex", "apps/api/knexfile.js"], ["pnpm"]);
  const below = projectFolder(join(folder, String(numbered), "apps/api"));
  expect((await start("knex", below)).argv).toEqual(["pnpm", "exec", "knex", "migrate:latest"]);
});

test.each<[ToolName, RegExp]>([
  ["prisma", /npm install -D prisma/],
  ["knex", /npm install -D knex/],
  ["drizzle", /npm install -D drizzle-kit/],
  ["dbmate", /dbmate/],
  ["goose", /go install/],
  ["flyway", /flywaydb\.org/],
  ["liquibase", /liquibase\.com/],
  ["alembic", /pip install alembic/],
  ["django", /Python/],
  ["rails", /bundle install/],
])("%s that is not installed is named with what installs it", async (tool, hint) => {
  const failing = start(tool, project(["package.json"]));
  await expect(failing).rejects.toMatchObject({ code: "TOOL_MISSING", hint: expect.stringMatching(hint) });
});

test("passwords are never in an argument", async () => {
  const programs = ["goose", "dbmate", "flyway", "liquibase", "alembic", "python", "ruby", "npx"];
  const bins = ["prisma", "knex", "drizzle-kit", "node-pg-migrate"].map((name) => `node_modules/.bin/${name}`);
  const at = project([...bins, "package.json"], programs);
  writeFileSync(join(at.path, "alembic.ini"), "[alembic]\nsqlalchemy.url = postgresql://u:p@prod/app\n");
  for (const tool of Object.keys(tools) as ToolName[]) {
    for (const to of [access, mysql]) {
      const { argv } = await start(tool, at, to);
      expect(argv.join(" ")).not.toMatch(/p@ss|p%40ss/);
    }
  }
});

test("Flyway and Liquibase get a JDBC URL without the login, which goes beside it", async () => {
  const at = project([], ["flyway", "liquibase"]);
  expect((await start("flyway", at, access, { file: "sql/V1__a.sql", migrations: "sql" })).env).toEqual({
    FLYWAY_URL: "jdbc:postgresql://127.0.0.1:5555/shop",
    FLYWAY_USER: "ditto",
    FLYWAY_PASSWORD: "p@ss%w/rd",
    FLYWAY_LOCATIONS: `filesystem:${join(at.path, "sql")}`,
  });
  expect((await start("liquibase", at, mysql)).env).toMatchObject({
    LIQUIBASE_COMMAND_URL: "jdbc:mysql://127.0.0.1:5555/shop",
    LIQUIBASE_COMMAND_PASSWORD: "p@ss%w/rd",
  });
});

test.each([
  ["flyway.toml", ["-environment=default"]],
  ["conf/flyway.toml", ["-environment=default"]],
  ["flyway.conf", []],
  ["sql/V1__a.sql", []],
])("Flyway's environment is the one of the URL beside %s", async (file, environment) => {
  const at = project([file], ["flyway"]);
  const { argv } = await start("flyway", at);
  expect(argv.slice(argv.findIndex((word) => word.endsWith("flyway")) + 1)).toEqual([...environment, "migrate"]);
});

test("Go's tools get the form of their drivers", async () => {
  const at = project([], ["goose", "dbmate"]);
  expect((await start("dbmate", at)).env.DATABASE_URL).toBe(
    "postgres://ditto:p%40ss%25w%2Frd@127.0.0.1:5555/shop?sslmode=disable",
  );
  expect((await start("goose", at, mysql)).env).toMatchObject({
    GOOSE_DRIVER: "mysql",
    GOOSE_DBSTRING: "ditto:p@ss%w/rd@tcp(127.0.0.1:5555)/shop?parseTime=true",
  });
});

test("Prisma gets every variable that its schema reads", async () => {
  const at = project(["node_modules/.bin/prisma", "prisma/schema.prisma"], ["npx"]);
  writeFileSync(
    join(at.path, "prisma/schema.prisma"),
    'datasource db {\n  url = env("POSTGRES_PRISMA_URL")\n  directUrl = env("POSTGRES_DIRECT")\n}',
  );
  const { env } = await start("prisma", at);
  expect(Object.keys(env)).toEqual(["DATABASE_URL", "POSTGRES_PRISMA_URL", "POSTGRES_DIRECT"]);
});

test("a Python project's own environment comes before PATH", async () => {
  const at = project([".venv/bin/alembic", "alembic.ini"], ["alembic"]);
  expect((await start("alembic", at)).argv).toEqual([join(at.path, ".venv/bin/alembic"), "upgrade", "head"]);
  const managed = project(["uv.lock", "alembic.ini"], ["uv"]);
  expect((await start("alembic", managed)).argv).toEqual(["uv", "run", "alembic", "upgrade", "head"]);
});

test("alembic.ini's own URL, which may be production's, never reaches Alembic", () => {
  const ini =
    "[alembic]\nscript_location = migs\nversion_locations = %(here)s/more\nsqlalchemy.url = postgresql+psycopg://u:pa%%s@prod/app\n";
  const file = alembicFile(ini, "/home/me/50%/api", access);
  expect(file).toContain("sqlalchemy.url = postgresql+psycopg://ditto:p%%40ss%%25w%%2Frd@127.0.0.1:5555/shop\n");
  expect(file).toContain("script_location = /home/me/50%%/api/migs\n");
  expect(file).toContain("version_locations = /home/me/50%%/api/more\n");
  expect(file).not.toContain("prod");
  expect(alembicFile("[alembic]\nscript_location = migs\n", "/x", access)).toBeUndefined();
});

test("SQLAlchemy's driver stays what it was", () => {
  expect(sqlalchemyUrl(access, "postgresql+asyncpg://x/y")).toStartWith("postgresql+asyncpg://ditto:");
  expect(sqlalchemyUrl(access, "postgres://x/y")).toStartWith("postgresql://ditto:");
  expect(sqlalchemyUrl(mysql, "")).toStartWith("mysql+pymysql://ditto:");
  expect(sqlalchemyUrl(mysql, "postgresql+psycopg://x")).toStartWith("mysql+pymysql://ditto:");
});
