import { didYouMean } from "../kit/nearest.ts";
import { type Column, isOfUser, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import { nameOf, type Rule } from "./rule.ts";

/** A rule at one column that it means. */
export interface Match {
  rule: Rule;
  table: Table;
  column: Column;
}

export interface Matches {
  matches: Match[];
  /** What makes a rule impossible, in words. */
  problems: string[];
  /** Rules that matched nothing and say `warn_only`. */
  notes: string[];
}

/** Finds the columns that rules mean; a rule for a partitioned or inherited table counts for its parts too. */
export function matchRules(schema: Schema, rules: Rule[]): Matches {
  const found: Matches = { matches: [], problems: [], notes: [] };
  const tables = schema.tables.filter(isOfUser);
  for (const rule of rules) {
    const outcome = matchRule(tables, rule);
    if (typeof outcome !== "string") found.matches.push(...outcome);
    else if (rule.warn_only) found.notes.push(`The rule for ${nameOf(rule)} matched nothing: ${outcome}`);
    else found.problems.push(`${nameOf(rule)}: ${outcome}`);
  }
  found.problems.push(...doubles(found.matches));
  return found;
}

function matchRule(tables: Table[], rule: Rule): Match[] | string {
  const named = tablesOf(tables, rule);
  if (named.length === 0) {
    const names = tables.flatMap((table) => [table.name, qualifiedName(table)]);
    return `there is no table "${rule.table}"${rule.schema === undefined ? "" : ` in schema "${rule.schema}"`}. ${didYouMean(rule.table, names)}`.trimEnd();
  }
  const matches: Match[] = [];
  for (const table of withParts(tables, named)) {
    const column = table.columns.find(({ name }) => name === rule.column);
    if (column !== undefined) matches.push({ rule, table, column });
  }
  const [first] = named;
  if (matches.length > 0) return matches;
  const columns = named.flatMap((table) => table.columns.map(({ name }) => name));
  return `${first ? qualifiedName(first) : rule.table} has no column "${rule.column}". ${didYouMean(rule.column, columns)}`.trimEnd();
}

/** Tables of that very name, with or without their schema; where there is none, those that it matches as a glob. */
function tablesOf(tables: Table[], { schema, table: pattern }: Rule): Table[] {
  const inSchema = tables.filter((table) => schema === undefined || table.schema === schema);
  const exact = inSchema.filter((table) => table.name === pattern || qualifiedName(table) === pattern);
  if (exact.length > 0 || !/[*?[{]/.test(pattern)) return exact;
  // Bun's globs are for paths: "*" stops at "/".
  const glob = new Bun.Glob(pattern.replaceAll("/", "\u2215"));
  return inSchema.filter((table) =>
    [table.name, qualifiedName(table)].some((name) => glob.match(name.replaceAll("/", "\u2215"))),
  );
}

function withParts(tables: Table[], named: Table[]): Set<Table> {
  const all = new Set(named);
  for (const table of all) {
    for (const part of tables) if (part.parents.includes(qualifiedName(table))) all.add(part);
  }
  return all;
}

/** Two rules for one column contradict each other, unless they mean different paths of it, or one keeps what no path means. */
function doubles(matches: Match[]): string[] {
  const problems = new Set<string>();
  const byColumn = Map.groupBy(matches, ({ table, column }) => `${qualifiedName(table)}.${column.name}`);
  for (const [name, same] of byColumn) {
    const paths = same.map(({ rule }) => rule.path ?? (rule.strategy === "keep" ? "*keep" : ""));
    if (paths.length === new Set(paths).size && (paths.length === 1 || !paths.includes(""))) continue;
    problems.add(`${name}: ${same.length} rules mean it; one column, one rule`);
  }
  return [...problems];
}
