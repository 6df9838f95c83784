import { shortest } from "../kit/shell.ts";
import type { EnvFile } from "./env-file.ts";
import type { Unpatched } from "./patch.ts";
import type { CopyRecord } from "./record.ts";

/** What was written where, and how it goes away again. */
export function renderPatch({ path }: EnvFile, copy: CopyRecord, variables: string[]): string {
  const undo = `"bun scripts/env.ts destroy ${copy.name || copy.id}" puts the old value${variables.length === 1 ? "" : "s"} back`;
  return `Wrote ${variables.join(", ")} to ${shortest(path)}; ${undo}`;
}

/** Warns of a file that the next `git add .` would take along, the copy's password in it. */
export function sayWhenUnignored({ path, git }: EnvFile, say: (text: string) => void): void {
  if (git === "untracked")
    say(`Note: git doesn't ignore ${shortest(path)}; a line in .gitignore keeps it out of commits`);
}

/** Says which files are as they were before, and what in them was changed meanwhile. */
export function sayUnpatched(files: Unpatched[], say: (text: string) => void): void {
  for (const { file, restored, left } of files) {
    if (restored.length > 0) say(`Put back ${restored.join(", ")} in ${shortest(file)}`);
    if (left.length > 0) say(`Note: ${left.join(", ")} in ${shortest(file)} has another value by now, which stays`);
  }
}
