import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import { USER } from "../../engine/mysql/server.ts";

/** The definer of everything in a base: the copies' user. */
export const BASE_DEFINER = `${quoteIdentifier(USER)}@${quoteIdentifier("%")}`;

const NAME = "(?:`(?:[^`]|``)*`|'(?:[^']|'')*'|[\\w.%-]+)";
const DEFINER = new RegExp(
  `\\bDEFINER\\s*=\\s*(?:CURRENT_USER(?:\\(\\))?|CURRENT_ROLE|${NAME}(?:\\s*@\\s*${NAME})?)`,
  "i",
);

/**
 * Gives an object's definition another definer. Only a clause in front of everything quoted is one: behind it, names,
 * bodies and comments may hold the same words.
 */
export function rewriteDefiner(statement: string, definer: string): string {
  const found = DEFINER.exec(statement);
  if (found === null || /['"`]/.test(statement.slice(0, found.index))) return statement;
  return `${statement.slice(0, found.index)}DEFINER=${definer}${statement.slice(found.index + found[0].length)}`;
}

/** What a statement of a dump's DDL is about, for the order in which it is run. */
export type StatementKind = "table" | "object" | "setting";

/** Versioned comments, in which dumps wrap the parts of a statement that older servers don't know. */
const WRAPPING = /\/\*M?!\d*\s*|\*\//g;

/** Tells tables and sequences, which come before the rows, from views, routines, triggers and events, which come after. */
export function kindOfStatement(statement: string): StatementKind {
  // The placeholders of views are versioned comments as a whole, also where they are tables.
  if (/^\/\*!50001\s+(CREATE|DROP)/i.test(statement)) return "object";
  const plain = statement.slice(0, 2000).replace(WRAPPING, " ").trim();
  if (/^CREATE\s+(OR\s+REPLACE\s+)?(TEMPORARY\s+)?(TABLE|SEQUENCE)\b/i.test(plain)) return "table";
  if (/^(DO|SELECT)\s+SETVAL\s*\(/i.test(plain) || /^ALTER\s+TABLE\b/i.test(plain)) return "table";
  if (/^(CREATE|DROP|ALTER)\b/i.test(plain)) return "object";
  return "setting";
}
