import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { CatalogSession } from "../dialect.ts";
import { tokensOf } from "./tokens.ts";

/** What SHOW CREATE says of an object. */
export interface Shown {
  create: string;
  sqlMode: string;
  charset: string;
  collation: string;
  databaseCollation: string;
  timeZone: string;
}

const TEXT = /^(Create |SQL Original Statement$)/;

/** SHOW CREATE of an object in the session's database; undefined where the account may not read it, or it is broken. */
export async function shown(session: CatalogSession, kind: string, name: string): Promise<Shown | undefined> {
  const rows = await session
    .query<Record<string, string | Buffer | null>>(`SHOW CREATE ${kind} ${quoteIdentifier(name)}`)
    .catch((error: unknown) => {
      // A view whose tables are gone still has a text; what may not be read has none.
      if (/^(42000|HY000|42S02)$/.test(String((error as { sqlState?: string }).sqlState))) return [];
      throw error;
    });
  const row = rows[0] && textsOf(rows[0]);
  const create = Object.entries(row ?? {}).find(([field]) => TEXT.test(field))?.[1];
  if (row === undefined || create === undefined || create === null) return undefined;
  return {
    create: withoutDatabase(create, session.database),
    sqlMode: row.sql_mode ?? "",
    charset: row.character_set_client ?? "",
    collation: row.collation_connection ?? "",
    databaseCollation: row["Database Collation"] ?? "",
    timeZone: row.time_zone ?? "",
  };
}

/** Under the character set `binary` MySQL's texts come as bytes. */
function textsOf(row: Record<string, string | Buffer | null>): Record<string, string | null> {
  const entries = Object.entries(row);
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]));
}

/** Runs `action` while the server sends texts as it has them: MySQL translates expressions' characters beyond the BMP to `????`. */
export async function untranslated<T>(session: CatalogSession, action: () => Promise<T>): Promise<T> {
  if (session.server.flavour !== "mysql") return action();
  await session.query("SET SESSION character_set_results = binary");
  try {
    return await action();
  } finally {
    // A lost connection has its own error already.
    await session.query("SET SESSION character_set_results = utf8mb4").catch(() => {});
  }
}

/**
 * MariaDB writes the database before columns of views whose definer is gone, and before sequences. It is always the
 * session's own here, and the copy of this database has another name.
 */
export function withoutDatabase(create: string, database: string): string {
  const own = `\`${database.replaceAll("`", "``")}\`.`;
  if (!create.includes(own)) return create;
  const cuts = inside(`(${create})`, own).map((cut) => cut - 1);
  let rest = create;
  for (const cut of cuts.sort((a, b) => b - a)) rest = rest.slice(0, cut) + rest.slice(cut + own.length);
  return rest;
}

/** Where the database is named in a parenthesis: before columns and functions, and before a sequence behind `nextval(`. */
function inside(group: string, own: string): number[] {
  const tokens = tokensOf(group.slice(1, -1));
  return tokens.flatMap((token, at) => {
    if (token.kind === "group") {
      const sequence = /^(next|last|set)val$/i.test(tokens[at - 1]?.text ?? "") && token.text.startsWith(`(${own}`);
      return [...(sequence ? [1] : []), ...inside(token.text, own)].map((cut) => token.at + 1 + cut);
    }
    const next = tokens[at + 3];
    const owned = token.kind === "name" && group.startsWith(own, token.at + 1);
    return owned && (next?.text === "." || next?.kind === "group") ? [token.at + 1] : [];
  });
}
