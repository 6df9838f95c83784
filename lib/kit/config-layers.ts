import { dirname } from "node:path";
import type { z } from "zod";
import type { Config, ConfigRequest } from "./config.ts";
import { readEnvironment } from "./config-env.ts";
import { invalidConfig, type Places } from "./config-errors.ts";
import { findConfig, readConfigFile, repositoryRoot } from "./config-file.ts";
import { type FileConfig, fileSchema, sections } from "./config-schema.ts";
import { absolutePaths, isTree, mergeTrees, type Tree } from "./config-tree.ts";
import { usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { projectOf } from "./projects.ts";
import { homePath } from "./state.ts";

type Chosen = Pick<Config, "sourceName" | "source" | "dump" | "copy" | "obfuscation">;

/** Finds, reads, checks and merges everything that configures a command. */
export async function readLayers(request: ConfigRequest): Promise<Config> {
  const { cwd = process.cwd(), env = process.env } = request;
  const file = findConfig(request.configPath ?? (env.DITTO_CONFIG || undefined), cwd);
  const directory = file === undefined ? cwd : dirname(file);
  const written = file === undefined ? {} : await checkedFile(file);
  const set = checkedEnvironment(env);
  const below = absolutePaths(namedSources(written, "default"), directory);
  const above = absolutePaths(namedSources(set, onlySource(below)), cwd);
  const whole = check(fileSchema, mergeTrees(withoutOldAddress(below, above), above), nowhere);
  const chosen = choose(whole, below, above, request.sourceName ?? (env.DITTO_SOURCE || undefined));
  refuseLater(chosen);
  const unnamed = whole.project === undefined ? await projectOf(repositoryRoot(cwd) ?? directory) : undefined;
  return {
    ...(file === undefined ? {} : { file }),
    directory,
    project: whole.project ?? unnamed?.name ?? "",
    ...(unnamed === undefined ? {} : { unnamed }),
    sources: Object.keys(whole.sources ?? {}),
    ...chosen,
    runtime: whole.runtime,
    storage: whole.storage,
    disk: whole.disk,
  };
}

const nowhere: Places = { file: undefined, lineOf: () => undefined, variableOf: () => undefined };

/** Files and variables are checked as they were written, so that errors name the keys and lines that the user knows. */
async function checkedFile(file: string): Promise<Tree> {
  const { tree, lineOf } = await readConfigFile(file);
  check(fileSchema, tree, { file, lineOf, variableOf: () => undefined });
  return tree;
}

function checkedEnvironment(env: Record<string, string | undefined>): Tree {
  const { tree, origins } = readEnvironment(env);
  const variableOf = (path: PropertyKey[]) => {
    const key = path.join(".");
    return [...origins].find(([set]) => key === set || key.startsWith(`${set}.`))?.[1];
  };
  check(fileSchema, tree, { file: undefined, lineOf: () => undefined, variableOf });
  return tree;
}

function check<T>(schema: z.ZodType<T>, value: unknown, places: Places): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalidConfig(result.error.issues, places);
}

function sourcesOf(tree: Tree): Tree {
  return isTree(tree.sources) ? tree.sources : {};
}

/** What `source:` and DITTO_SOURCE_… mean where one source has another name than "default". */
function onlySource(tree: Tree): string {
  const [name, ...others] = Object.keys(sourcesOf(tree));
  return name !== undefined && others.length === 0 ? name : "default";
}

/** Writes `source: {…}` out as the source that it is short for. */
function namedSources(tree: Tree, name: string): Tree {
  const { source, ...rest } = tree;
  if (source === undefined) return rest;
  if (sourcesOf(tree)[name] !== undefined) {
    throw usageError(
      `Cannot use the configuration: "source" and "sources.${name}" are the same source`,
      'Keep one of them: "source" is short for "sources.default"',
      "CONFIG_INVALID",
    );
  }
  return { ...rest, sources: { ...sourcesOf(tree), [name]: source } };
}

const ADDRESS = ["engine", "host", "port", "database", "user", "password"];

/** A URL from the environment replaces the whole address of the file, not only the file's URL. */
function withoutOldAddress(below: Tree, above: Tree): Tree {
  const kept: Tree = {};
  for (const [name, source] of Object.entries(sourcesOf(below))) {
    const replacing = sourcesOf(above)[name];
    const replaced = isTree(replacing) && replacing.url !== undefined && isTree(source);
    kept[name] = replaced
      ? Object.fromEntries(Object.entries(source).filter(([key]) => !ADDRESS.includes(key)))
      : source;
  }
  return Object.keys(kept).length === 0 ? below : { ...below, sources: kept };
}

function choose(whole: FileConfig, below: Tree, above: Tree, wanted: string | undefined): Chosen {
  const names = Object.keys(whole.sources ?? {});
  const sourceName = wanted ?? (names.length === 1 && names[0] !== undefined ? names[0] : "default");
  if (wanted !== undefined && !names.includes(wanted)) {
    const hint = didYouMean(wanted, names) || `The sources are: ${names.join(", ") || "none"}`;
    throw usageError(`Cannot use the source "${wanted}": none of that name is configured`, hint, "SOURCE_UNKNOWN");
  }
  const section = <T>(schema: z.ZodType<T>, key: keyof typeof sections): T => {
    const own = (tree: Tree) => {
      const source = sourcesOf(tree)[sourceName];
      return isTree(source) ? source[key] : undefined;
    };
    return check(schema, mergeTrees(below[key], own(below), above[key], own(above)), nowhere);
  };
  const dump = section(sections.dump, "dump");
  const obfuscation = section(sections.obfuscation, "obfuscation");
  const found = whole.sources?.[sourceName];
  const { dump: _dump, copy: _copy, obfuscation: _obfuscation, ...source } = found ?? {};
  return {
    sourceName,
    ...(found === undefined ? {} : { source: source as NonNullable<Config["source"]> }),
    dump: { ...dump, store: dump.store || homePath("dumps") },
    copy: section(sections.copy, "copy"),
    obfuscation: { ...obfuscation, key_secret: obfuscation.key_secret || `file:${homePath("mask.key")}` },
  };
}

/** Keys of a later version may stand there with their default, but must not look as if they did something. */
function refuseLater({ dump, copy }: Chosen): void {
  const set = {
    "dump.schedule": dump.schedule !== "",
    "copy.warm_pool_size": copy.warm_pool_size > 0,
  };
  const late = Object.entries(set).find(([, used]) => used)?.[0];
  if (late === undefined) return;
  const instead = late === "dump.schedule" ? ', and let cron run "bun scripts/reseed.ts --quiet"' : "";
  throw usageError(
    `Cannot use the configuration: "${late}" is not in this version`,
    `Remove "${late}"${instead}`,
    "NOT_IN_THIS_VERSION",
  );
}
