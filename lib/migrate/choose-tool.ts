import { relative } from "node:path";
import { type DittoError, usageError } from "../kit/errors.ts";
import { type ProjectFolder, projectFolder } from "./project-folder.ts";
import { type Finding, type ToolName, toolNames } from "./tool.ts";
import { tools } from "./tools.ts";

/** What is run. */
export type Choice =
  | { kind: "sql"; folder: ProjectFolder; why: string }
  | { kind: "tool"; tool: ToolName; folder: ProjectFolder; found: Finding | undefined; why: string }
  | { kind: "command"; argv: string[]; why: string };

/** What a user says about the tool. */
export interface ToolWishes {
  tool: ToolName | "sql" | "auto" | undefined;
  folder: string | undefined;
  /** What stands behind `--`. */
  command: string[];
}

/** Folders in which plain files may lie. */
const SQL_FOLDERS = ["", "migrations", "db/migrations", "sql", "db"];

/** The tool that is meant: as said, or by its files. Throws exit 2 for none and for two. */
export async function chooseTool({ tool, folder: named, command }: ToolWishes): Promise<Choice> {
  const folder = projectFolder(named === undefined ? process.cwd() : await realFolder(named));
  if (command.length > 0) {
    if (tool !== undefined || named !== undefined) {
      const flag = tool === undefined ? "--folder" : "--tool";
      throw usageError(`Cannot use ${flag}: the command behind "--" says already what to run`, "Say one of them");
    }
    return { kind: "command", argv: command, why: "as said" };
  }
  if (tool === "sql") return { kind: "sql", folder: await sqlFolder(folder), why: "as said" };
  if (tool !== undefined && tool !== "auto") {
    const found = await tools[tool].find(folder);
    return { kind: "tool", tool, folder, found, why: found ? `${found.file} is its` : "as said" };
  }
  return byFiles(folder);
}

async function byFiles(folder: ProjectFolder): Promise<Choice> {
  const candidates: { tool: ToolName; found: Finding }[] = [];
  for (const tool of toolNames) {
    const found = await tools[tool].find(folder);
    if (found) candidates.push({ tool, found });
  }
  // A dependency tells less than a file of the tool's own.
  const sure = candidates.filter(({ found }) => found.file !== "package.json");
  const [only, ...others] = sure.length > 0 ? sure : candidates;
  if (only && others.length > 0) throw several(folder, [only, ...others]);
  if (only) return { kind: "tool", folder, ...only, why: `found ${only.found.file}` };
  const plain = await sqlFolder(folder);
  const files = (await plain.list()).filter((name) => /\.sql$/i.test(name));
  if (files.length > 0) {
    const place = relative(process.cwd(), plain.path) || ".";
    return {
      kind: "sql",
      folder: plain,
      why: `found ${files.length} .sql file${files.length === 1 ? "" : "s"} in ${place}`,
    };
  }
  throw usageError(
    `Cannot tell how to migrate: "${folder.path}" has the files of no tool that ditto knows`,
    `Say --folder F where they are, --tool ${toolNames.slice(0, 3).join("|")}|…, or the command itself: -- npm run migrate`,
    "TOOL_UNKNOWN",
  );
}

async function sqlFolder(folder: ProjectFolder): Promise<ProjectFolder> {
  for (const place of SQL_FOLDERS) {
    if ((await folder.list(place)).some((name) => /\.sql$/i.test(name)))
      return projectFolder(`${folder.path}/${place}`.replace(/\/$/, ""));
  }
  return folder;
}

function several(folder: ProjectFolder, candidates: { tool: ToolName; found: Finding }[]): DittoError {
  const all = candidates.map(({ tool, found }) => `${tool} (${found.file})`).join(" and ");
  return usageError(
    `Cannot tell which tool to use: "${folder.path}" has files of ${all}`,
    `Say which: ${candidates.map(({ tool }) => `--tool ${tool}`).join(" or ")}`,
    "TOOL_AMBIGUOUS",
  );
}

async function realFolder(named: string): Promise<string> {
  const { resolve } = await import("node:path");
  const { stat } = await import("node:fs/promises");
  const path = resolve(named);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) return path;
  throw usageError(
    `Cannot migrate: ${facts ? `"${named}" is no folder` : `there is no folder "${named}"`}`,
    "Name the project's folder, or the one that holds the .sql files",
    "NO_MIGRATIONS",
  );
}
