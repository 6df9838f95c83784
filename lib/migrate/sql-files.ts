import { join } from "node:path";
import type { EngineName } from "../engine/index.ts";
import { splitSql } from "../engine/postgres/split.ts";
import { type DittoError, usageError } from "../kit/errors.ts";
import type { ProjectFolder } from "./project-folder.ts";
import { FLYWAY_NAME, markerIn } from "./sql-markers.ts";

/** The files of a folder that are run, in their order. */
export interface SqlFiles {
  names: string[];
  /** Ways back, which are not run. */
  leftOut: string[];
}

const byName = new Intl.Collator("en", { numeric: true });

/** The SQL files of a folder: 2 before 10, and of pairs the way up. Throws exit 2 for a tool's own files, and when there are none. */
export async function sqlFiles(folder: ProjectFolder, engine: EngineName): Promise<SqlFiles> {
  const all = (await folder.list()).filter((name) => /\.sql$/i.test(name));
  if (all.length === 0) {
    const hint = "Name the folder that holds the .sql files: --folder db/migrations";
    throw usageError(`Cannot migrate: there is no .sql file in "${folder.path}"`, hint, "NO_MIGRATIONS");
  }
  const down = new Set(all.filter((name) => isWayBack(name, all)));
  const names = all.filter((name) => !down.has(name)).sort((a, b) => byName.compare(a, b) || (a < b ? -1 : 1));
  await refuseForeign(folder, names);
  for (const name of names) refuseCommands(join(folder.path, name), await folder.read(name), engine);
  return { names, leftOut: [...down].sort() };
}

/** `3_users.down.sql`, also as `down.sql` and `3_users_down.sql` where the way up stands beside it. */
function isWayBack(name: string, all: string[]): boolean {
  if (/\.down\.sql$/i.test(name)) return true;
  const match = /^(?:(.+)[_-])?down\.sql$/i.exec(name);
  if (!match) return false;
  const [, stem] = match;
  const ways = (stem === undefined ? ["up"] : [stem, `${stem}_up`, `${stem}-up`, `${stem}.up`]).map((way) =>
    `${way}.sql`.toLowerCase(),
  );
  return all.some((one) => ways.includes(one.toLowerCase()));
}

async function refuseForeign(folder: ProjectFolder, names: string[]): Promise<void> {
  const journal = await folder.first("meta/_journal.json", "migration_lock.toml");
  if (journal) throw foreign(journal, journal.startsWith("meta") ? "drizzle" : "prisma", "in the project's folder");
  for (const name of names) {
    if (FLYWAY_NAME.test(name)) throw foreign(name, "flyway", `--folder ${folder.path}`);
    const tool = markerIn(await folder.read(name));
    if (tool === "sql-migrate") throw foreign(name, tool, "");
    if (tool) throw foreign(name, tool, `--folder ${folder.path}`);
  }
}

function foreign(file: string, tool: string, where: string): DittoError {
  const way = where === "" ? `its own command behind "--": -- ${tool} up` : `--tool ${tool} ${where}`;
  return usageError(
    `Cannot run these files as plain SQL: "${file}" is one of ${tool}'s, which keeps account of what it has run`,
    `Use ${way}`,
    "FOREIGN_FILES",
  );
}

/** psql's commands that read no file, start nothing, and connect nowhere else. */
const HARMLESS =
  /^\\(\.|;|echo|qecho|warn|set|unset|pset|timing|x|encoding|if|elif|else|endif|gset|gexec|gx?\s*(?:\([^)]*\)\s*)?$|errverbose|restrict|unrestrict|a|t)(?![a-z])/;

/** A backtick starts a shell's command; a variable may hold a command of psql's, which a backslash begins there. */
function isHarmless(command: string): boolean {
  return (
    HARMLESS.test(command) &&
    !command.replace(/"[^"\n]*"|'(?:[^'\\]|\\.|'')*'/g, "").includes("`") &&
    !/^\\set\b.*\\/.test(command)
  );
}

/** The client runs beside the copy's server, where the repository's files are not. */
function refuseCommands(path: string, text: string, engine: EngineName): void {
  if (engine !== "postgres") return;
  const found = splitSql(text).commands.find((command) => !isHarmless(command.text));
  if (!found) return;
  const word = /^\\\S*/.exec(found.text)?.[0] ?? found.text;
  throw usageError(
    `Cannot run ${path}:${lineAt(text, found.at)}: psql's ${word} would work beside the copy's server, not here`,
    'Use psql of your own: -- psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f FILE',
    "CLIENT_COMMAND",
  );
}

/** The line of a place in a text, counted from 1. */
function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
