import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** A pattern of a workspace that takes a folder in, and the file that it stands in. */
export interface TakenIn {
  pattern: string;
  file: string;
}

/**
 * The workspace pattern that makes a package of the folder, whose packages the workspace's own lock file would then decide.
 * Looks at every folder between it and the repository's root.
 */
export async function workspaceTaking(folder: string, root: string): Promise<TakenIn | undefined> {
  for (let parent = dirname(folder); `${parent}/`.startsWith(`${root}/`); parent = dirname(parent)) {
    for (const [name, read] of Object.entries(READERS)) {
      const file = join(parent, name);
      const text = await readFile(file, "utf8").catch(() => undefined);
      const pattern = text === undefined ? undefined : takes(await read(text), relative(parent, folder));
      if (pattern !== undefined) return { pattern, file };
    }
    if (parent === dirname(parent)) break;
  }
  return undefined;
}

const READERS: Record<string, (text: string) => Promise<unknown>> = {
  "package.json": async (text) => {
    const workspaces = parsed<{ workspaces?: unknown }>(text)?.workspaces;
    return (workspaces as { packages?: unknown } | undefined)?.packages ?? workspaces;
  },
  "pnpm-workspace.yaml": async (text) => {
    const { parse } = await import("yaml");
    try {
      return (parse(text) as { packages?: unknown } | null)?.packages;
    } catch {
      return undefined;
    }
  },
};

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** The last pattern that says something about the path decides; one with "!" takes out. */
function takes(patterns: unknown, path: string): string | undefined {
  if (!Array.isArray(patterns)) return undefined;
  const about = patterns
    .filter((pattern) => typeof pattern === "string")
    .findLast((pattern) => new Bun.Glob(plain(pattern.replace(/^!/, ""))).match(path));
  return about?.startsWith("!") ? undefined : about;
}

function plain(pattern: string): string {
  return pattern.replace(/^\.\//, "").replace(/\/+$/, "");
}
