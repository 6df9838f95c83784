import { quoteIdentifier } from "../../engine/mysql/quote.ts";
import type { Table } from "../model.ts";
import type { FullSchema } from "../model-objects.ts";
import type { ColumnText } from "./column.ts";
import { renamedColumn } from "./columns.ts";
import { definitionOf, type TableText } from "./definition.ts";
import { namesIn, renameIn } from "./tokens.ts";

export type Server = FullSchema["server"];

/** A table in both schemas; A's columns already have the names that confirmed renames give them. */
export interface TablePair {
  /** In B. */
  name: string;
  /** In A. */
  oldTable: string;
  /** Where the statements run. */
  flavour: "mysql" | "mariadb";
  a: TableText;
  b: TableText;
  innodb: boolean;
  /** Columns can be added in the dictionary only. */
  instant: boolean;
  /** DROP COLUMN only changes the dictionary. */
  dropsInstantly: boolean;
  renamesIndexes: boolean;
  /** Whether the server alters a column of the one type into the other, rows or not. */
  casts(before: string, after: string): boolean;
  /** The servers print the same definitions differently. */
  crossing: boolean;
  /** Renamed columns: new name → old name. */
  oldNames: Map<string, string>;
  /** Columns to be written anew though they don't differ, because what they name is renamed. */
  touched: Set<string>;
  /** The side's table has no rows and a counter that is not at its beginning, or no rows. */
  countersSet: { a: boolean; b: boolean };
  /** Columns that foreign keys of any table refer to, in B. */
  linked: Set<string>;
  tableCollation: { a: string; b: string };
  /** Of the model: what a column compares by in the end, "" for what is no text. */
  collationIn(side: "a" | "b", column: ColumnText): string;
  /** In B. */
  collationOf(column: ColumnText): string;
  charsetOf(column: ColumnText): string;
  /** Text in the form in which that of both servers can be compared. */
  plain(text: string): string;
  defaultOf(column: ColumnText): string;
  checkOf(column: ColumnText): string;
}

/** Puts a table's two states side by side. `renames` are its columns': old name → new name. */
export function pairOf(
  a: Table,
  b: Table,
  {
    servers,
    renames,
    linked,
  }: { servers: { a: Server; b: Server }; renames: Map<string, string>; linked: Set<string> },
): TablePair {
  const crossing = servers.a.flavour !== servers.b.flavour || seriesOf(servers.a) !== seriesOf(servers.b);
  const plain = crossing ? (text: string) => comparable(folded(text)) : folded;
  const oldNames = new Map([...renames].map(([from, to]) => [to, from]));
  const collations = { a: collationsOf(a), b: collationsOf(b) };
  const original = definitionOf(a);
  const collationIn = (side: "a" | "b", column: ColumnText) =>
    collations[side].get(side === "a" ? (oldNames.get(column.name) ?? column.name) : column.name) ?? "";
  return {
    name: b.name,
    oldTable: a.name,
    flavour: servers.a.flavour === "mariadb" ? "mariadb" : "mysql",
    a: underTableName(renamedTable(original, renames), { from: a.name, to: b.name }),
    b: definitionOf(b),
    innodb: /^innodb$/i.test(a.storage),
    instant: instantTable(original),
    dropsInstantly: instantTable(original) && (servers.a.flavour === "mariadb" || atLeastVersion(servers.a, 8, 0, 29)),
    renamesIndexes: servers.a.flavour === "mysql" || atLeastVersion(servers.a, 10, 5, 2),
    casts: (before, after) => hasCast(servers.a, before, after),
    crossing,
    oldNames,
    linked,
    countersSet: { a: a.mysql?.autoIncrement !== undefined, b: b.mysql?.autoIncrement !== undefined },
    touched: namingRenamed(original, renames),
    tableCollation: { a: plain(a.mysql?.collation ?? ""), b: plain(b.mysql?.collation ?? "") },
    collationIn: (side, column) => plain(collationIn(side, column)),
    collationOf: (column) => collationIn("b", column),
    charsetOf: (column) => collationIn("b", column).split("_")[0] ?? "",
    plain,
    defaultOf: (column) => defaultOf(column, crossing),
    checkOf: (column) => plain(column.check),
  };
}

/** Full text indexes and compressed rows stand in the way of columns that are added or dropped in the dictionary. */
function instantTable(table: TableText): boolean {
  if (table.indexes.some(({ kind }) => kind.startsWith("FULLTEXT"))) return false;
  return !/compressed/i.test(table.options.get("ROW_FORMAT") ?? "") && !table.options.has("KEY_BLOCK_SIZE");
}

function seriesOf({ version }: Server): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version;
}

export function atLeastVersion({ version }: Server, ...minimum: number[]): boolean {
  const mine = version.split(".").map((part) => Number.parseInt(part, 10));
  for (const [at, part] of minimum.entries()) {
    const difference = (mine[at] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** MariaDB's types that only texts and bytes lead to and from. */
const APART = /^(uuid|inet|geometry|vector)/;

function hasCast(server: Server, before: string, after: string): boolean {
  const [from, to] = [familyOf(before), familyOf(after)];
  if (server.flavour !== "mariadb" || from === to || from === "text" || to === "text") return true;
  // One of the two inet families leads to the other since then.
  if (from.startsWith("inet") && to.startsWith("inet")) return atLeastVersion(server, 11, 8);
  return !APART.test(from) && !APART.test(to);
}

function familyOf(type: string): string {
  const [word = ""] = /^\w+/.exec(type.toLowerCase()) ?? [];
  if (/(char|text|blob|binary|enum|set)$/.test(word)) return "text";
  return /^(geometry|(multi)?(point|linestring|polygon)|geometrycollection)$/.test(word) ? "geometry" : word;
}

function collationsOf(table: Table): Map<string, string> {
  return new Map(table.columns.map(({ name, collation }) => [name, collation]));
}

/** Columns that are computed from a renamed one, or have it in their default, say so anew in the same statement. */
function namingRenamed(table: TableText, renames: Map<string, string>): Set<string> {
  const touched = table.columns.filter((column) =>
    namesIn(`${column.generated?.expression ?? ""} ${column.default ?? ""}`).some((name) => renames.has(name)),
  );
  return new Set(touched.map(({ name }) => renames.get(name) ?? name));
}

function renamedTable(table: TableText, renames: Map<string, string>): TableText {
  if (renames.size === 0) return table;
  const rename = (text: string) => renameIn(text, renames);
  return {
    ...table,
    columns: table.columns.map((column) => renamedColumn(column, renames)),
    primaryKey: rename(table.primaryKey),
    indexes: table.indexes.map((index) => ({ ...index, text: rename(index.text), parts: index.parts.map(rename) })),
    foreignKeys: table.foreignKeys.map((key) => {
      const columns = key.columns.map((column) => renames.get(column) ?? column);
      const text = key.text.replace(/^FOREIGN KEY \([\s\S]*?\) REFERENCES/, () => {
        return `FOREIGN KEY (${columns.map(quoteIdentifier).join(",")}) REFERENCES`;
      });
      return { ...key, columns, text };
    }),
    checks: table.checks.map((check) => ({ ...check, expression: rename(check.expression) })),
    partitioning: rename(table.partitioning),
  };
}

/** The server renames the checks that it named itself. */
function underTableName(table: TableText, { from, to }: { from: string; to: string }): TableText {
  if (from === to) return table;
  const own = `${from}_chk_`;
  const renamed = (name: string) => (name.startsWith(own) ? `${to}_chk_${name.slice(own.length)}` : name);
  return { ...table, checks: table.checks.map((check) => ({ ...check, name: renamed(check.name) })) };
}

/** MySQL (9.7 too) prints a negative number as `-(5)`, and as `-5` once the table has been altered. */
function folded(text: string): string {
  return text.includes("-(") ? text.replace(/-\((\d[\d.e]*)\)/g, "-$1") : text;
}

/** What versions and flavours print differently and mean alike. */
function comparable(text: string): string {
  return text
    .replace(/\b(tiny|small|medium|big)?int\((\d+)\)(?! unsigned zerofill| zerofill)/gi, (whole, size, width) =>
      /^tiny$/i.test(size ?? "") && width === "1" ? whole : `${size ?? ""}int`,
    )
    .replace(/\byear\(4\)/gi, "year")
    .replace(/\butf8(?=_|$|\s)/gi, "utf8mb3")
    .replace(/current_timestamp\(\)/gi, "CURRENT_TIMESTAMP")
    .replace(/\b_utf8mb[34](?=')/g, "")
    .replace(/\s+/g, " ")
    .replace(/^current_timestamp/i, "CURRENT_TIMESTAMP")
    .replace(/^\((.*)\)$/s, "$1");
}

/** In one printing numbers stand in quotes and an absent default is NULL. */
function defaultOf(column: ColumnText, crossing: boolean): string {
  const written = column.default ?? "";
  if (!crossing) return written;
  if (/^null$/i.test(written)) return "";
  // Bytes are printed in hexadecimal by one and as characters by the other.
  const hex = /^(?:x'([0-9a-f]*)'|0x([0-9a-f]*))$/i.exec(written);
  if (hex)
    return `'${Buffer.from(hex[1] ?? hex[2] ?? "", "hex")
      .toString("utf8")
      .replaceAll("\0", "\\0")}'`;
  const number = /^'(-?\d+(\.\d+)?)'$/.exec(written)?.[1];
  return comparable(number ?? written);
}
