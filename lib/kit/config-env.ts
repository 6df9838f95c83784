import { z } from "zod";
import { fileSchema } from "./config-schema.ts";
import { leafPaths, schemaAt, setIn, type Tree, unwrap } from "./config-tree.ts";
import { usageError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";

/** Variables that mean something of their own. */
const RESERVED = [
  "HOME",
  "CONFIG",
  "SOURCE",
  "COPY_ID",
  "OFFLINE",
  "SERVER",
  "TOKEN",
  "PORT_POOL_START",
  "PORT_POOL_END",
];
/** What ditto sets for processes that it starts, which may well run ditto again. */
const FOR_CHILDREN = ["NO_SWEEP", "SECRET", "ERROR", "LAST_DUMP_AGE", "DUMP_KEY"];

/** Names that are no path of a key: the Go tool's, and the one of the address that URLs show. */
const OTHER_NAMES: Record<string, string[]> = {
  ADVERTISE_HOST: ["copy", "advertise_host"],
  COPY_TTL_SECONDS: ["copy", "ttl"],
  WARM_POOL_SIZE: ["copy", "warm_pool_size"],
  DUMP_STALE_THRESHOLD: ["dump", "stale_after"],
};

/** What the environment says: a tree as of a file, and which variable set which key. */
export interface Overlay {
  tree: Tree;
  /** Dotted key → name of the variable. */
  origins: Map<string, string>;
}

/** Reads every `DITTO_*` variable. Throws exit 2 for one that means nothing. */
export function readEnvironment(env: Record<string, string | undefined>): Overlay {
  const overlay: Overlay = { tree: {}, origins: new Map() };
  for (const [variable, text] of Object.entries(env).sort()) {
    // An empty variable is how CI systems leave one unset.
    if (!variable.startsWith("DITTO_") || text === undefined || text === "") continue;
    const name = variable.slice("DITTO_".length);
    if (RESERVED.includes(name) || FOR_CHILDREN.includes(name) || name.startsWith("TEST_")) continue;
    const path = pathOf(name);
    if (path === undefined) throw unknown(variable);
    setIn(overlay.tree, path, readValue(path, text));
    overlay.origins.set(path.join("."), variable);
  }
  const { DITTO_PORT_POOL_START: from, DITTO_PORT_POOL_END: to } = env;
  if (from && to) {
    setIn(overlay.tree, ["copy", "ports"], `${from}-${to}`);
    overlay.origins.set("copy.ports", "DITTO_PORT_POOL_START");
  }
  return overlay;
}

function pathOf(name: string): string[] | undefined {
  if (OTHER_NAMES[name] !== undefined) return OTHER_NAMES[name];
  if (!name.includes("__")) return leafPaths(fileSchema).find((path) => path.join("_").toUpperCase() === name);
  const path = name.split("__").map((part) => part.toLowerCase());
  // What stands under env is the name of a variable, and variables are upper case.
  const env = path.lastIndexOf("env", path.length - 2);
  if (env === path.length - 2) path[env + 1] = name.split("__").at(-1) ?? "";
  const schema = schemaAt(fileSchema, path);
  return schema === undefined || schema instanceof z.ZodObject || schema instanceof z.ZodRecord ? undefined : path;
}

function readValue(path: string[], text: string): unknown {
  const schema = unwrap(schemaAt(fileSchema, path));
  if (schema instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  const takesList = schema instanceof z.ZodArray || (schema instanceof z.ZodUnion && text !== "auto");
  if (!takesList) return text;
  if (!text.trim().startsWith("[")) return text.split(",").map((part) => part.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unknown(variable: string): Error {
  const separator = variable.includes("__") ? "__" : "_";
  const keys = leafPaths(fileSchema).map((path) => path.join(separator).toUpperCase());
  const names = [...RESERVED, ...Object.keys(OTHER_NAMES), ...keys].map((name) => `DITTO_${name}`);
  const hint = didYouMean(variable, names);
  const docker = variable === "DITTO_DOCKER_HOST" ? "Docker's own variable DOCKER_HOST is used" : "";
  return usageError(
    `Cannot read the environment: "${variable}" is no setting`,
    docker || hint || "Unset it, or name a key of ditto.yaml: DITTO_COPY__TTL is copy.ttl",
    "CONFIG_UNKNOWN",
  );
}
