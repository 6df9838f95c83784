import { quoteIdentifier } from "../../engine/postgres/quote.ts";
import type { Toc } from "./toc.ts";

/** What a dump says of its database itself. */
export interface FileDatabase {
  /** As in a look's traits; empty when the dump doesn't say. */
  traits: Record<string, string>;
  /** Its owner, ALTER DATABASE … SET, its comment and its grants, a statement each. */
  properties: string[];
}

/** The database of an archive: pg_dump always writes it there, and pg_restore leaves it out without --create. */
export function databaseOf(toc: Toc): FileDatabase {
  const of = (kind: string) => toc.entries.filter((entry) => entry.kind === kind);
  const [made] = of("DATABASE");
  const about = [...of("COMMENT"), ...of("ACL")].filter(({ name }) => name.startsWith("DATABASE "));
  const statements = [...of("DATABASE PROPERTIES"), ...about].flatMap(({ definition }) => definition.split(/(?<=;)\n/));
  const owner = made ? [`ALTER DATABASE ${quoteIdentifier(made.name)} OWNER TO ${quoteIdentifier(made.owner)};`] : [];
  return {
    traits: made ? traitsOf(made.definition) : {},
    properties: [
      ...owner,
      ...statements.map((text) => text.trim()).filter((text) => text !== "" && !text.startsWith("--")),
    ],
  };
}

/** The database of plain SQL: pg_dump writes it with --create only, and its properties are statements among others. */
export function databaseOfSql(head: string): FileDatabase {
  const made = /^CREATE DATABASE .+;$/m.exec(head)?.[0];
  return { traits: made ? traitsOf(made) : {}, properties: [] };
}

/** The name behind CREATE DATABASE in the beginning of plain SQL. */
export function databaseNameIn(head: string): string | undefined {
  const name = /^CREATE DATABASE ("(?:[^"]|"")+"|[^\s";]+) .*;$/m.exec(head)?.[1];
  return name?.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

const PROVIDERS: Record<string, string> = { libc: "c", icu: "i", builtin: "b" };

/** `CREATE DATABASE … ENCODING = 'UTF8' LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de'` as a look's traits. */
function traitsOf(statement: string): Record<string, string> {
  const options = new Map<string, string>();
  for (const [, name = "", value = ""] of statement.matchAll(/ ([A-Z_]+) = ('(?:[^']|'')*'|\w+)/g)) {
    options.set(name, value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value);
  }
  const locale = options.get("LOCALE") ?? "";
  const traits = {
    encoding: options.get("ENCODING"),
    lc_collate: options.get("LC_COLLATE") ?? locale,
    lc_ctype: options.get("LC_CTYPE") ?? locale,
    provider: PROVIDERS[options.get("LOCALE_PROVIDER") ?? "libc"],
    locale: options.get("ICU_LOCALE") ?? options.get("BUILTIN_LOCALE"),
    icu_rules: options.get("ICU_RULES"),
  };
  return Object.fromEntries(Object.entries(traits).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
