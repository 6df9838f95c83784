import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DittoError } from "./errors.ts";
import { howToRun } from "./runner.ts";
import { quoteWord, shortest } from "./shell.ts";

/** What a vendored copy of the toolkit holds in its folder, and a clone doesn't. */
export const VENDOR_LOCK = "ditto.lock.json";

const ROOT = resolve(import.meta.dir, "../..");

/** A package that is not there as package.json pins it. */
export interface MissingPackage {
  name: string;
  pinned: string;
  /** The other version that would be loaded; absent when there is none. */
  found?: string;
}

/**
 * Throws `PACKAGES_MISSING` when a package would be loaded in another version than the pinned one, or can't be. In a clone
 * without any node_modules Bun installs the pinned ones by itself.
 */
export function requirePackages(root = ROOT): void {
  const [first] = missingPackages(root);
  if (first === undefined) return;
  const vendored = isVendored(root);
  const installsItself = !vendored && process.env.DITTO_OFFLINE !== "1" && !hasModules(root);
  if (first.found === undefined && installsItself) return;
  const state =
    first.found === undefined
      ? `the package "${first.name}" ${first.pinned} is not installed in "${root}"`
      : `the package "${first.name}" would be ${first.found}, and ditto is tried with ${first.pinned}`;
  throw new DittoError(`Cannot run: ${state}`, {
    code: "PACKAGES_MISSING",
    hint: `Run "${installLine(root, howToRun())}"`,
  });
}

/** The dependencies that package.json pins and that are not found so. A vendored copy takes them from its own folder only. */
export function missingPackages(root: string): MissingPackage[] {
  const { dependencies = {} } = readJson<{ dependencies?: Record<string, string> }>(join(root, "package.json")) ?? {};
  const folders = isVendored(root) ? [root] : parents(root);
  return Object.entries(dependencies).flatMap(([name, pinned]) => {
    const found = versionIn(folders, name);
    if (found === pinned) return [];
    return [{ name, pinned, ...(found === undefined ? {} : { found }) }];
  });
}

/** The line that installs what package.json and the lock file pin, to be typed in the working directory. */
export function installLine(root: string, runner = "bun"): string {
  return `${runner} install --frozen-lockfile --production --cwd ${quoteWord(shortest(root))}`;
}

function isVendored(root: string): boolean {
  return existsSync(join(root, VENDOR_LOCK));
}

function hasModules(root: string): boolean {
  return parents(root).some((folder) => existsSync(join(folder, "node_modules")));
}

function versionIn(folders: string[], name: string): string | undefined {
  for (const folder of folders) {
    const found = readJson<{ version?: string }>(join(folder, "node_modules", name, "package.json"));
    if (found !== undefined) return found.version ?? "of no version";
  }
  return undefined;
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

function parents(folder: string): string[] {
  return dirname(folder) === folder ? [folder] : [folder, ...parents(dirname(folder))];
}
