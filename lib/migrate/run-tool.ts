import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessForUser, type CopyRecord } from "../copies/record.ts";
import { environmentOf } from "../copies/variables.ts";
import { withCleanup } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { which } from "../kit/exec.ts";
import { guardPath } from "../kit/guard.ts";
import { runTied } from "../kit/tied.ts";
import { type DatabaseUrl, formatDatabaseUrl } from "../kit/url.ts";
import type { Choice } from "./choose-tool.ts";
import type { ToolStart } from "./tool.ts";
import { tools } from "./tools.ts";

/** A command that is about to migrate a copy. */
export interface Prepared extends ToolStart {
  cwd: string;
  /** As a person would type it. */
  shown: string;
  /** Names of the variables that are set, which hold the connection. */
  variables: string[];
}

/** What would lead libpq elsewhere than the variables that are set. */
const MISLEADING = ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGPASSFILE"];

/** Finds the tool and says how it is started. Throws `TOOL_MISSING`, before anything is done. */
export async function prepareTool(
  choice: Exclude<Choice, { kind: "sql" }>,
  copy: CopyRecord,
  config: Config,
): Promise<Prepared> {
  const access = await accessForUser(copy);
  const common = {
    DATABASE_URL: formatDatabaseUrl(access),
    ...clientVariables(access),
    ...(await environmentOf(copy, config)),
  };
  const start: ToolStart =
    choice.kind === "command" ? { argv: choice.argv, env: {} } : await tools[choice.tool].start({ ...choice, access });
  const env = { ...common, ...start.env };
  const [command = ""] = start.argv;
  const cwd = choice.kind === "command" ? process.cwd() : choice.folder.path;
  if (!command.includes("/") && !which(command)) throw notFound(command);
  const variables = Object.keys(env).filter((name) => name !== "DITTO_COPY_ID" && name !== "DBMATE_NO_DUMP_SCHEMA");
  return { ...start, env, cwd, variables, shown: start.argv.join(" ").replace("-c {file} ", "") };
}

/** The variables of the engine's own clients. */
function clientVariables({ engine, host, port, user, password, database }: DatabaseUrl): Record<string, string> {
  if (engine === "postgres") {
    const login = { PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
    return { PGHOST: host, PGPORT: String(port), ...login, PGSSLMODE: "disable" };
  }
  return { MYSQL_HOST: host, MYSQL_TCP_PORT: String(port), MYSQL_PWD: password };
}

/** Runs it to its end; it dies with ditto. */
export async function runTool({ argv, env, cwd, file }: Prepared, onOutput: (text: string) => void): Promise<number> {
  const run = (place = "") =>
    runTied(
      argv.map((arg) => arg.replaceAll("{file}", place)),
      { env, cwd, unset: MISLEADING, onOutput },
    );
  if (file === undefined) return run();
  const folder = await mkdtemp(join(tmpdir(), "ditto-migrate-"));
  const guard = guardPath(folder);
  return withCleanup(
    async () => {
      await chmod(folder, 0o700);
      await writeFile(join(folder, file.name), file.content, { mode: 0o600 });
      return run(join(folder, file.name));
    },
    async () => {
      await guard.release();
      await rm(folder, { recursive: true, force: true });
    },
  );
}

function notFound(command: string): DittoError {
  return new DittoError(`Cannot run the migration: the command "${command}" was not found`, {
    code: "TOOL_MISSING",
    hint: "Install it, or put it on PATH",
  });
}
