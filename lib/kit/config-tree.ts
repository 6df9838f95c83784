import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

/** A configuration as it was written, before it is checked. */
export type Tree = { [key: string]: unknown };

/** True for a map of a YAML file. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts later trees over earlier ones; maps are merged, lists and values replaced. */
export function mergeTrees(...trees: unknown[]): Tree {
  const merged: Tree = {};
  for (const tree of trees) {
    for (const [key, value] of Object.entries(isTree(tree) ? tree : {})) {
      merged[key] = isTree(value) ? mergeTrees(merged[key], value) : value;
    }
  }
  return merged;
}

/** A key with nothing behind it means its default. */
export function dropEmptyKeys(tree: Tree): Tree {
  const kept = Object.entries(tree).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept.map(([key, value]) => [key, isTree(value) ? dropEmptyKeys(value) : value]));
}

/** Sets the value at a path, making the maps on the way. */
export function setIn(tree: Tree, [key = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  if (!isTree(tree[key])) tree[key] = {};
  setIn(tree[key] as Tree, rest, value);
}

/** Removes what only adds a default or an option to a schema. */
export function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  return inner;
}

/** The schema that describes what stands at a path, undefined where there is no such key. */
export function schemaAt(schema: unknown, path: PropertyKey[]): unknown {
  const [key, ...rest] = path;
  const here = unwrap(schema);
  if (key === undefined) return here;
  if (here instanceof z.ZodObject) return key in here.shape ? schemaAt(here.shape[key as string], rest) : undefined;
  if (here instanceof z.ZodRecord) return schemaAt(here.valueType, rest);
  if (here instanceof z.ZodArray) return schemaAt(here.element, rest);
  return undefined;
}

/** Paths of all values that have a fixed name, so not of those in a map with free names. */
export function leafPaths(schema: unknown, path: string[] = []): string[][] {
  const here = unwrap(schema);
  if (here instanceof z.ZodRecord) return [];
  if (!(here instanceof z.ZodObject)) return [path];
  return Object.entries(here.shape).flatMap(([key, inner]) => leafPaths(inner, [...path, key]));
}

const FILES = ["path", "store", "schema_path"];
const TLS_FILES = ["ca", "cert", "key"];
const REFERENCES = ["url", "password_secret", "key_secret"];

/** Makes the paths of a tree absolute, counted from `directory`; `~` is the home folder. */
export function absolutePaths(tree: Tree, directory: string): Tree {
  const fixed = mergeTrees(tree);
  fixNames(fixed.dump, FILES, (path) => absolute(path, directory));
  fixNames(fixed.obfuscation, REFERENCES, (text) => reference(text, directory));
  for (const source of Object.values(isTree(fixed.sources) ? fixed.sources : {})) {
    if (!isTree(source)) continue;
    fixNames(source, REFERENCES, (text) => reference(text, directory));
    fixNames(source.tls, TLS_FILES, (path) => absolute(path, directory));
    fixNames(source.dump, FILES, (path) => absolute(path, directory));
    fixNames(source.obfuscation, REFERENCES, (text) => reference(text, directory));
  }
  return fixed;
}

function fixNames(tree: unknown, names: string[], fix: (text: string) => string): void {
  if (!isTree(tree)) return;
  for (const name of names) {
    const value = tree[name];
    if (typeof value === "string") tree[name] = fix(value);
  }
}

function reference(text: string, directory: string): string {
  return text.startsWith("file:") ? `file:${absolute(text.slice(5), directory)}` : text;
}

/** An absolute path; "" and addresses such as `s3://…` stay as they are. */
export function absolute(path: string, directory: string): string {
  if (path === "" || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return path;
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return resolve(directory, path);
}
