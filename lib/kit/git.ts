import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DittoError } from "./errors.ts";
import { run, which } from "./exec.ts";

/** What git thinks of a file; `outside`: it is in no repository. */
export type GitState = "tracked" | "ignored" | "untracked" | "outside";

/** Asks the repository that the file lies in, be it a submodule or a worktree. Throws `GIT_UNKNOWN` when it can't tell. */
export async function gitStateOf(file: string): Promise<GitState> {
  if (which("git") === undefined) {
    if (!hasRepository(dirname(file))) return "outside";
    throw unknown(file, "the command git was not found", "Install git");
  }
  const listed = await git(file, ["--literal-pathspecs", "ls-files", "--error-unmatch", "--", basename(file)]);
  if (listed.status === 0) return "tracked";
  if (/not a git repository|must be run in a work tree/.test(listed.stderr)) return "outside";
  if (listed.status !== 1) throw unknown(file, listed.stderr.trim().split("\n")[0] ?? "");
  const ignored = await git(file, ["check-ignore", "--quiet", "--", `./${basename(file)}`]);
  return ignored.status === 0 ? "ignored" : "untracked";
}

function git(file: string, args: string[]) {
  // In a hook these lead to the hook's repository.
  const hooks = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"];
  const env = Object.entries(process.env as Record<string, string>).filter(([name]) => !hooks.includes(name));
  // Git's words are read.
  return run(["git", "-C", dirname(file), ...args], {
    env: { ...Object.fromEntries(env), LC_ALL: "C" },
    bare: true,
    check: false,
  });
}

function hasRepository(folder: string): boolean {
  if (existsSync(join(folder, ".git"))) return true;
  return dirname(folder) !== folder && hasRepository(dirname(folder));
}

function unknown(
  file: string,
  state: string,
  hint = "Put that right, or name a file outside of the repository",
): DittoError {
  return new DittoError(`Cannot tell whether git tracks "${file}": ${state}`, { code: "GIT_UNKNOWN", hint });
}
