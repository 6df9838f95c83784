import type { Config } from "../kit/config.ts";

/** One rule as the configuration has it. */
export type Rule = Config["obfuscation"]["rules"][number];

/** A rule in the words of a message: `users.email`, with the JSON path behind it. */
export function nameOf({ schema, table, column, path }: Rule): string {
  const name = `${schema === undefined ? "" : `${schema}.`}${table}.${column}`;
  return path === undefined ? name : `${name} (path ${path})`;
}
