import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Statement } from "../change.ts";
import { COMMITS } from "./alter.ts";
import type { ForeignKeyText, IndexText } from "./definition.ts";
import { changeOf, fromTo, type Part } from "./part.ts";

/** A table's foreign keys on both sides, A's under the names that things have in B. */
export interface Links {
  table: string;
  a: ForeignKeyText[];
  b: ForeignKeyText[];
  /** In B, where the server may take some for its own. */
  indexes: IndexText[];
  /** Created now, with these keys in its CREATE TABLE already. */
  inline: Set<string>;
}

/** What must happen to foreign keys before the tables are altered, and after that. */
export interface LinkPlan {
  parts: Part[];
  drops: Statement[];
  adds: Statement[];
}

/** `moved` says whether a table's column changes in a way that no foreign key on it lives through. */
export function planLinks(links: Links[], moved: (table: string, column: string) => boolean): LinkPlan {
  const plan: LinkPlan = { parts: [], drops: [], adds: [] };
  for (const link of links) {
    const adds: Part[] = [];
    const drops: Part[] = [];
    const losses: Part[] = [];
    const before = new Map(link.a.map((key) => [key.name, key]));
    for (const key of link.b) {
      const part = compared(link, before.get(key.name), { key, moved });
      if (part === undefined) continue;
      plan.parts.push(part);
      if (before.has(key.name)) drops.push(part);
      if (!link.inline.has(key.name)) adds.push(part);
    }
    for (const key of link.a) {
      if (link.b.some(({ name }) => name === key.name)) continue;
      const change = changeOf("foreign key", `${link.table}.${key.name}`, "drop", [key.text]);
      losses.push({ change, clauses: [], cost: "inplace", hazards: [], destructive: "drop-constraint" });
    }
    plan.parts.push(...losses);
    plan.drops.push(...dropStatement(link, losses), ...dropStatement(link, drops));
    plan.adds.push(...addStatement(link, adds));
  }
  return plan;
}

function compared(
  { table, inline }: Links,
  old: ForeignKeyText | undefined,
  { key, moved }: { key: ForeignKeyText; moved: (table: string, column: string) => boolean },
): Part | undefined {
  const name = `${table}.${key.name}`;
  const part = { clauses: [], cost: "copy" as const, hazards: [] };
  if (old === undefined) {
    if (inline.has(key.name)) return undefined;
    return { change: changeOf("foreign key", name, "create", [key.text]), ...part };
  }
  if (old.text !== key.text)
    return { change: changeOf("foreign key", name, "replace", [fromTo("foreign key", old.text, key.text)]), ...part };
  const steps =
    key.columns.some((column) => moved(table, column)) ||
    (key.database === undefined && key.referenced.some((column) => moved(key.table, column)));
  return steps ? { change: changeOf("foreign key", name, "rebuild"), ...part } : undefined;
}

function keyName({ change }: Part, { table }: Links): string {
  return change.name.slice(table.length + 1);
}

function dropStatement(link: Links, parts: Part[]): Statement[] {
  const [first] = parts;
  if (first === undefined) return [];
  const clauses = parts.map((part) => `DROP FOREIGN KEY ${quoteIdentifier(keyName(part, link))}`);
  return [
    {
      sql: `ALTER TABLE ${quoteIdentifier(link.table)} ${clauses.join(", ")}`,
      hazards: [COMMITS],
      ...(first.destructive === undefined ? {} : { destructive: first.destructive }),
      transactional: false,
      change: first.change.id,
    },
  ];
}

/**
 * The server (MySQL 9.7 and MariaDB 11.8 too) made an index for a foreign key that had none, remembers that, and calls it
 * after the next one on these columns. One that is asked for by name keeps it.
 */
function servants({ a, indexes }: Links, keys: ForeignKeyText[]): IndexText[] {
  return indexes.filter((index) => {
    const mine = keys.filter(({ columns }) => serves(index, columns));
    return a.some(({ columns }) => serves(index, columns)) && mine.some(({ name }) => name !== index.name);
  });
}

/** Whether the server may have made this index for a foreign key on these columns. */
export function serves({ kind, text }: IndexText, columns: string[]): boolean {
  return (
    kind === "KEY" && text.replaceAll(" ", "") === `(${columns.map(quoteIdentifier).join(",")})`.replaceAll(" ", "")
  );
}

/** Rows are looked at: without `foreign_key_checks` it would be quicker and true by chance only. */
function addStatement(link: Links, parts: Part[]): Statement[] {
  const [first] = parts;
  if (first === undefined) return [];
  const keys = parts.flatMap((part) => link.b.filter(({ name }) => name === keyName(part, link)));
  const clauses = [
    ...servants(link, keys).flatMap(({ kind, name, text }) => [
      `DROP INDEX ${quoteIdentifier(name)}`,
      `ADD ${kind} ${quoteIdentifier(name)} ${text}`,
    ]),
    ...keys.map((key) => `ADD CONSTRAINT ${quoteIdentifier(key.name)} ${key.text}`),
  ];
  const sql = [`ALTER TABLE ${quoteIdentifier(link.table)}`, clauses.join(",\n  ")].join(
    clauses.length > 1 ? "\n  " : " ",
  );
  const fails = keys.map((key) => `rows of ${link.table} whose ${key.columns.join(", ")} is not in ${key.table}`);
  return [
    {
      sql,
      hazards: [
        ...fails.map((detail) => ({ name: "may-fail" as const, detail })),
        { name: "rewrites-table", detail: `all rows of ${link.table} are copied` },
        {
          name: "blocks-writes",
          detail: `writes to ${link.table} wait as long as the copy takes: only ALGORITHM=COPY does this`,
        },
        COMMITS,
      ],
      transactional: false,
      change: first.change.id,
    },
  ];
}
