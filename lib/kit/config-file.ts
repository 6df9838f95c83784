import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { dropEmptyKeys, isTree, type Tree } from "./config-tree.ts";
import { usageError } from "./errors.ts";
import { shortest } from "./shell.ts";
import { homePath } from "./state.ts";

const FILE_NAME = "ditto.yaml";

/** A configuration file as it was written. */
export interface ConfigFile {
  file: string;
  tree: Tree;
  lineOf(path: PropertyKey[]): number | undefined;
}

/** The root of the repository that `directory` lies in, if any. */
export function repositoryRoot(directory: string): string | undefined {
  // In a worktree .git is a file.
  for (const folder of parents(directory)) if (existsSync(join(folder, ".git"))) return folder;
  return undefined;
}

/** The configuration that applies: the given one, else the nearest up to the repository's root, `~/.ditto`, `/etc/ditto`. */
export function findConfig(given: string | undefined, cwd: string): string | undefined {
  if (given !== undefined) {
    const file = resolve(cwd, given);
    if (existsSync(file)) return file;
    throw usageError(`Cannot read the configuration "${given}": there is no such file`, undefined, "CONFIG_MISSING");
  }
  const root = repositoryRoot(cwd);
  // Without a repository only the folder itself: its parents may be anybody's, and the file may hold commands.
  const near =
    root === undefined ? [resolve(cwd)] : parents(cwd).filter((folder) => `${folder}/`.startsWith(`${root}/`));
  return [...near.map((folder) => join(folder, FILE_NAME)), homePath(FILE_NAME), `/etc/ditto/${FILE_NAME}`].find(
    (file) => existsSync(file),
  );
}

function parents(directory: string): string[] {
  const folders = [resolve(directory)];
  for (let folder = resolve(directory); dirname(folder) !== folder; folder = dirname(folder))
    folders.push(dirname(folder));
  return folders;
}

/** Reads a YAML file strictly: a key twice or a syntax error is exit 2 with its line. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "EACCES" ? "permission denied" : (error as Error).message;
    throw usageError(`Cannot read the configuration "${shortest(file)}": ${reason}`, undefined, "CONFIG_MISSING");
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw usageError(
      `Cannot read the configuration: ${error.message} (${shortest(file)}:${line})`,
      undefined,
      "CONFIG_INVALID",
    );
  }
  const content: unknown = document.toJS() ?? {};
  if (!isTree(content)) {
    throw usageError(
      `Cannot read the configuration "${shortest(file)}": it is not a map of keys`,
      undefined,
      "CONFIG_INVALID",
    );
  }
  return { file, tree: dropEmptyKeys(content), lineOf };

  function lineOf(path: PropertyKey[]): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}
