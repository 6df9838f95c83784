import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DittoError } from "../kit/errors.ts";
import { which } from "../kit/exec.ts";

/** A folder of the user's in which tools look for their files. */
export interface ProjectFolder {
  readonly path: string;
  /** True where there is such a file or folder. */
  has(name: string): Promise<boolean>;
  /** The first of these names that there is. */
  first(...names: string[]): Promise<string | undefined>;
  /** The text of a file; "" when there is none. */
  read(name: string): Promise<string>;
  /** The names in a folder, sorted; none when there is no such folder. */
  list(name?: string): Promise<string[]>;
}

/** Looks at a folder; what can't be read is not there. */
export function projectFolder(path: string): ProjectFolder {
  const has = async (name: string) => (await stat(join(path, name)).catch(() => undefined)) !== undefined;
  return {
    path,
    has,
    async first(...names) {
      for (const name of names) if (await has(name)) return name;
      return undefined;
    },
    read: (name) => readFile(join(path, name), "utf8").catch(() => ""),
    list: async (name = "") => (await readdir(join(path, name)).catch(() => [])).sort(),
  };
}

/** The folder itself and those around it, up to the repository's root. */
async function around(folder: ProjectFolder): Promise<ProjectFolder[]> {
  const folders = [folder];
  for (let at = folder; !(await at.has(".git")) && dirname(at.path) !== at.path; ) {
    at = projectFolder(dirname(at.path));
    folders.push(at);
  }
  return folders;
}

/** By whose lock file which package manager runs a project's tools. */
const NODE_RUNNERS: [lock: string[], runner: string[]][] = [
  [["bun.lock", "bun.lockb"], ["bunx"]],
  [["pnpm-lock.yaml"], ["pnpm", "exec"]],
  [["yarn.lock"], ["yarn", "run"]],
  [
    ["package-lock.json", "package.json"],
    ["npx", "--no-install"],
  ],
];

/** argv of a tool that npm packages bring. Throws `TOOL_MISSING` naming what installs the package. */
export async function nodeTool(folder: ProjectFolder, tool: string, packageName: string): Promise<string[]> {
  const folders = await around(folder);
  const holder = await firstWith(folders, `node_modules/.bin/${tool}`);
  const runner = await nodeRunner(folders);
  if (!holder) {
    const add = { bunx: "bun add -d", pnpm: "pnpm add -D", yarn: "yarn add -D" }[runner[0] ?? ""] ?? "npm install -D";
    if (which(tool)) return [tool];
    throw missing(tool, `It is not in node_modules: "${add} ${packageName}", or install what package.json names`);
  }
  if (!which(runner[0] ?? "")) return [join(holder.path, "node_modules/.bin", tool)];
  return [...runner, tool];
}

async function nodeRunner(folders: ProjectFolder[]): Promise<string[]> {
  for (const folder of folders) {
    for (const [locks, runner] of NODE_RUNNERS) if (await folder.first(...locks)) return runner;
  }
  return ["npx", "--no-install"];
}

const PYTHON_RUNNERS: [lock: string, runner: string[]][] = [
  ["uv.lock", ["uv", "run"]],
  ["poetry.lock", ["poetry", "run"]],
  ["Pipfile.lock", ["pipenv", "run"]],
];

/** argv of a command of a Python project: by its manager, of its virtual environment, or from PATH. */
export async function pythonTool(folder: ProjectFolder, tools: string[], install: string): Promise<string[]> {
  const [tool = ""] = tools;
  const folders = await around(folder);
  for (const at of folders) {
    for (const [lock, runner] of PYTHON_RUNNERS) {
      if ((await at.has(lock)) && which(runner[0] ?? "")) return [...runner, tool];
    }
  }
  const active = process.env.VIRTUAL_ENV;
  for (const at of [...(active ? [projectFolder(dirname(active))] : []), ...folders]) {
    const venvs = active && at === folders[0] ? [active] : [".venv", "venv", "env"];
    const found = await at.first(...venvs.map((venv) => `${venv}/bin/${tool}`));
    if (found) return [join(at.path, found)];
  }
  const onPath = tools.find((name) => which(name));
  if (onPath) return [onPath];
  throw missing(tool, install);
}

/** argv of a program of its own: from PATH, or where an npm package brings it. */
export async function plainTool(folder: ProjectFolder, tool: string, install: string): Promise<string[]> {
  if (which(tool)) return [tool];
  if (await firstWith(await around(folder), `node_modules/.bin/${tool}`)) return nodeTool(folder, tool, tool);
  throw missing(tool, install);
}

async function firstWith(folders: ProjectFolder[], name: string): Promise<ProjectFolder | undefined> {
  for (const folder of folders) if (await folder.has(name)) return folder;
  return undefined;
}

function missing(tool: string, hint: string): DittoError {
  return new DittoError(`Cannot run the migration: "${tool}" is not installed`, { code: "TOOL_MISSING", hint });
}
