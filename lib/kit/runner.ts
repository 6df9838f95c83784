import { readFileSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { quoteWord, shortest } from "./shell.ts";

const SCRIPTS = resolve(import.meta.dir, "../../scripts");

/** "bun", without an installed one npx with the tested version. */
export function howToRun(): string {
  const { packageManager } = JSON.parse(readFileSync(resolve(SCRIPTS, "../package.json"), "utf8"));
  return Bun.which("bun", { PATH: lastingPath() }) ? "bun" : `npx -y ${packageManager}`;
}

/** PATH as it will be in the next shell: what npx has fetched for this one command is on it now, and won't be later. */
export function lastingPath(): string {
  const passing = /\/_npx\/|\/bun-node-|node_modules/;
  return (process.env.PATH ?? "")
    .split(":")
    .filter((folder) => !passing.test(folder))
    .join(":");
}

/** A text for a person, with its `bun scripts/…` as that is typed here: without an installed Bun, or from another folder. */
export function asTypedHere(text: string): string {
  if (!text.includes("bun scripts/")) return text;
  const command = `${howToRun()} ${wayToScripts()}/`;
  return text.replace(/\bbun scripts\//g, () => command);
}

function wayToScripts(): string {
  try {
    if (realpathSync("scripts") === SCRIPTS) return "scripts";
  } catch {
    // There is no such folder here.
  }
  return quoteWord(shortest(SCRIPTS));
}
