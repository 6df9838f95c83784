import { join } from "node:path";
import { DittoError } from "../kit/errors.ts";
import { which } from "../kit/exec.ts";
import { type DatabaseUrl, formatAs, formatDatabaseUrl } from "../kit/url.ts";
import { alembicFile, sqlalchemyUrl } from "./alembic.ts";
import { nodeTool, type ProjectFolder, plainTool, pythonTool } from "./project-folder.ts";
import { FLYWAY_NAME, markerIn } from "./sql-markers.ts";
import type { Finding, Tool, ToolName } from "./tool.ts";

const CONFIG_ENDINGS = ["ts", "js", "mjs", "cjs", "mts", "cts", "json"];

/** Every tool, told by its files and started as its own users start it. */
export const tools = {
  prisma: {
    async find(folder) {
      const own = await folder.first(
        "prisma/schema.prisma",
        "schema.prisma",
        "prisma.config.ts",
        "prisma.config.js",
        "prisma/schema",
      );
      if (own) return { file: own };
      return /"prisma"\s*:\s*\{/.test(await folder.read("package.json")) ? { file: "package.json" } : undefined;
    },
    async start({ folder, access }) {
      const url = formatAs(access, "url").replace(/^postgres:/, "postgresql:");
      return {
        argv: [...(await nodeTool(folder, "prisma", "prisma")), "migrate", "deploy"],
        env: await prismaVariables(folder, url),
      };
    },
  },
  drizzle: {
    find: (folder) => configFile(folder, "drizzle.config"),
    async start({ folder, found }) {
      const usual = /^drizzle\.config\.(ts|js|json)$/.test(found?.file ?? "drizzle.config.ts");
      const config = found && !usual ? [`--config=${found.file}`] : [];
      return { argv: [...(await nodeTool(folder, "drizzle-kit", "drizzle-kit")), "migrate", ...config], env: {} };
    },
  },
  knex: {
    find: (folder) => configFile(folder, "knexfile"),
    start: async ({ folder }) => ({ argv: [...(await nodeTool(folder, "knex", "knex")), "migrate:latest"], env: {} }),
  },
  "node-pg-migrate": {
    async find(folder) {
      return /"node-pg-migrate"\s*:/.test(await folder.read("package.json")) ? { file: "package.json" } : undefined;
    },
    start: async ({ folder }) => ({
      argv: [...(await nodeTool(folder, "node-pg-migrate", "node-pg-migrate")), "up"],
      env: {},
    }),
  },
  alembic: {
    find: (folder) => fileAt(folder, "alembic.ini"),
    async start({ folder, access }) {
      const argv = await pythonTool(
        folder,
        ["alembic"],
        'Install it into the project\'s environment ("pip install alembic"), or Debian\'s package "alembic"',
      );
      const file = alembicFile(await folder.read("alembic.ini"), folder.path, access);
      const config = file === undefined ? [] : ["-c", "{file}"];
      const env = { DATABASE_URL: sqlalchemyUrl(access, process.env.DATABASE_URL ?? "") };
      return {
        argv: [...argv, ...config, "upgrade", "head"],
        env,
        ...(file === undefined ? {} : { file: { name: "alembic.ini", content: file } }),
      };
    },
  },
  flyway: {
    async find(folder) {
      const config = await folder.first("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf");
      if (config) return { file: config };
      return inMigrations(
        folder,
        ["", "sql", "migrations", "db/migration", "src/main/resources/db/migration"],
        (name) => FLYWAY_NAME.test(name),
      );
    },
    async start({ folder, found, access }) {
      const argv = await plainTool(
        folder,
        "flyway",
        "Install Flyway's command-line tool: https://flywaydb.org/download",
      );
      const locations =
        found?.migrations === undefined
          ? {}
          : { FLYWAY_LOCATIONS: `filesystem:${join(folder.path, found.migrations)}` };
      // FLYWAY_URL is that of the environment "default" alone; what a .conf configures knows no environments.
      const toml = await folder.first("flyway.toml", "conf/flyway.toml");
      const environment = toml === undefined ? [] : ["-environment=default"];
      return {
        argv: [...argv, ...environment, "migrate"],
        env: { ...locations, FLYWAY_URL: jdbcUrl(access), FLYWAY_USER: access.user, FLYWAY_PASSWORD: access.password },
      };
    },
  },
  liquibase: {
    async find(folder) {
      const config = await folder.first("liquibase.properties");
      if (config) return { file: config };
      const found = await inMigrations(
        folder,
        ["", "changelog", "db/changelog", "src/main/resources/db/changelog", "liquibase"],
        (name) => /(^|[._-])change-?log.*\.(xml|ya?ml|json|sql)$/i.test(name),
      );
      return found && { file: found.file, migrations: found.file };
    },
    async start({ folder, found, access }) {
      const argv = await plainTool(folder, "liquibase", "Install Liquibase: https://www.liquibase.com/download");
      const changelog = found?.migrations === undefined ? {} : { LIQUIBASE_COMMAND_CHANGELOG_FILE: found.migrations };
      const login = { LIQUIBASE_COMMAND_USERNAME: access.user, LIQUIBASE_COMMAND_PASSWORD: access.password };
      return { argv: [...argv, "update"], env: { ...changelog, LIQUIBASE_COMMAND_URL: jdbcUrl(access), ...login } };
    },
  },
  dbmate: {
    find: (folder) => inSql(folder, "dbmate"),
    async start({ folder, found, access }) {
      const argv = await plainTool(
        folder,
        "dbmate",
        'Install it: "npm install -D dbmate", or see https://github.com/amacneil/dbmate',
      );
      const migrations = found?.migrations === undefined ? {} : { DBMATE_MIGRATIONS_DIR: found.migrations };
      // Its own dump of the schema would change a file of the repository, and needs the server's tools on this machine.
      return {
        argv: [...argv, "up"],
        env: { DBMATE_NO_DUMP_SCHEMA: "true", ...migrations, DATABASE_URL: goUrl(access) },
      };
    },
  },
  goose: {
    find: (folder) => inSql(folder, "goose"),
    async start({ folder, found, access }) {
      const argv = await plainTool(
        folder,
        "goose",
        "Install it: go install github.com/pressly/goose/v3/cmd/goose@latest",
      );
      const dsn = access.engine === "mysql" ? `${formatAs(access, "dsn-go")}?parseTime=true` : goUrl(access);
      const env = {
        GOOSE_DRIVER: access.engine,
        GOOSE_DBSTRING: dsn,
        GOOSE_MIGRATION_DIR: found?.migrations ?? process.env.GOOSE_MIGRATION_DIR ?? ".",
      };
      return { argv: [...argv, "up"], env };
    },
  },
  django: {
    find: (folder) => fileAt(folder, "manage.py"),
    async start({ folder }) {
      const python = await pythonTool(folder, ["python", "python3"], "Install Python and the project's requirements");
      return { argv: [...python, "manage.py", "migrate", "--no-input"], env: {} };
    },
  },
  rails: {
    async find(folder) {
      return (await folder.has("bin/rails")) && (await folder.has("config/application.rb"))
        ? { file: "bin/rails" }
        : undefined;
    },
    async start() {
      if (!which("ruby")) throw notInstalled("ruby", 'Install Ruby and the project\'s gems ("bundle install")');
      return { argv: ["bin/rails", "db:migrate"], env: {} };
    },
  },
} satisfies Record<ToolName, Tool>;

async function fileAt(folder: ProjectFolder, name: string): Promise<Finding | undefined> {
  return (await folder.has(name)) ? { file: name } : undefined;
}

async function configFile(folder: ProjectFolder, name: string): Promise<Finding | undefined> {
  const file = await folder.first(...CONFIG_ENDINGS.map((ending) => `${name}.${ending}`));
  return file === undefined ? undefined : { file };
}

async function inMigrations(
  folder: ProjectFolder,
  places: string[],
  fits: (name: string) => boolean,
): Promise<Finding | undefined> {
  for (const place of places) {
    const file = (await folder.list(place)).find(fits);
    if (file) return { file: join(place, file), migrations: place || "." };
  }
  return undefined;
}

/** A folder whose SQL files have a tool's marks. */
async function inSql(folder: ProjectFolder, tool: "dbmate" | "goose"): Promise<Finding | undefined> {
  for (const place of ["", "db/migrations", "migrations", "db", "sql"]) {
    for (const name of (await folder.list(place)).filter((one) => /\.sql$/i.test(one))) {
      const file = join(place, name);
      if (markerIn(await folder.read(file)) === tool) return { file, migrations: `./${place || "."}` };
    }
  }
  return undefined;
}

/** Every variable that the schema reads a URL from. */
async function prismaVariables(folder: ProjectFolder, url: string): Promise<Record<string, string>> {
  const files = ["prisma/schema.prisma", "schema.prisma", "prisma.config.ts", "prisma.config.js"];
  const text = (await Promise.all(files.map((file) => folder.read(file)))).join("\n");
  const named = [...text.matchAll(/\b(?:url|directUrl)\s*[=:]\s*(?:env\(\s*["'](\w+)["']\s*\)|process\.env\.(\w+))/g)];
  const names = named.map(([, first, second]) => first ?? second ?? "DATABASE_URL");
  return Object.fromEntries(["DATABASE_URL", ...names].map((name) => [name, url]));
}

/** Without the login, which goes another way. */
function jdbcUrl(access: DatabaseUrl): string {
  return formatAs({ ...access, user: "", password: "" }, "jdbc");
}

/** Go's Postgres driver wants a server with TLS where it isn't told otherwise; copies have none. */
function goUrl(access: DatabaseUrl): string {
  const params = access.engine === "postgres" ? { ...access.params, sslmode: "disable" } : access.params;
  return formatDatabaseUrl({ ...access, params });
}

function notInstalled(tool: string, hint: string): DittoError {
  return new DittoError(`Cannot run the migration: "${tool}" is not installed`, { code: "TOOL_MISSING", hint });
}
