import { type Token, tokensOf, withoutVersions } from "./tokens.ts";

/** A column as SHOW CREATE TABLE writes it. */
export interface ColumnText {
  name: string;
  /** Everything behind the name, as it stands there. */
  text: string;
  type: string;
  charset: string;
  collation: string;
  generated: { expression: string; stored: boolean } | undefined;
  /** `ROW START`, `ROW END`, or "". */
  rowMark: string;
  notNull: boolean;
  /** As it is written, quotes and parentheses with it; undefined where there is none, `NULL` where that is written. */
  default: string | undefined;
  onUpdate: string;
  autoIncrement: boolean;
  /** The literal, or "". */
  comment: string;
  invisible: boolean;
  srid: string;
  /** Of MariaDB's column-level CHECK, with its parentheses, or "". */
  check: string;
  /** What else stands there: `COMPRESSED`, `COLUMN_FORMAT FIXED`, `WITHOUT SYSTEM VERSIONING`. */
  extras: string[];
}

const ATTRIBUTE =
  /^(character|charset|collate|generated|as|not|null|default|auto_increment|comment|on|invisible|visible|srid|ref_system_id|column_format|storage|check|without|with|compressed|engine_attribute|secondary_engine_attribute)$/i;

/** Reads what stands behind a column's name. */
export function parseColumn(name: string, text: string): ColumnText {
  const tokens = tokensOf(withoutVersions(text));
  const column: ColumnText = {
    name,
    text,
    type: "",
    charset: "",
    collation: "",
    generated: undefined,
    rowMark: "",
    notNull: false,
    default: undefined,
    onUpdate: "",
    autoIncrement: false,
    comment: "",
    invisible: false,
    srid: "",
    check: "",
    extras: [],
  };
  let at = 0;
  while (at < tokens.length && !isAttribute(tokens[at])) at++;
  column.type = joined(tokens.slice(0, at));
  while (at < tokens.length) at += takeAttribute(column, tokens.slice(at));
  return column;
}

function isAttribute(token: Token | undefined): boolean {
  return token?.kind === "word" && ATTRIBUTE.test(token.text);
}

/** Attributes of one word and a value → where that goes. */
const VALUES: Partial<Record<string, "charset" | "collation" | "comment" | "srid" | "check">> = {
  charset: "charset",
  collate: "collation",
  comment: "comment",
  srid: "srid",
  check: "check",
};

/** Takes the attribute at the beginning and says how many tokens it had. */
function takeAttribute(column: ColumnText, tokens: Token[]): number {
  const [word = "", second = "", third = ""] = tokens.map(({ text }, at) => (at === 0 ? text.toLowerCase() : text));
  const field = VALUES[word];
  if (field !== undefined) {
    column[field] = second;
    return 2;
  }
  switch (word) {
    case "character":
      column.charset = third;
      return 3;
    case "generated":
      return 2 + takeAttribute(column, tokens.slice(2));
    case "as":
      // MariaDB's `AS ROW START` and `AS ROW END` of a versioned table.
      if (tokens[1]?.kind === "word") column.rowMark = `${second} ${third}`.toUpperCase();
      else column.generated = { expression: second, stored: /^(stored|persistent)$/i.test(third) };
      return 3;
    case "not":
      if (/^secondary$/i.test(second)) return takeExtra(column, tokens);
      column.notNull = true;
      return 2;
    case "null":
      return 1;
    case "auto_increment":
      column.autoIncrement = true;
      return 1;
    case "invisible":
      column.invisible = true;
      return 1;
    case "default":
    case "on":
      return takeValue(column, tokens);
    default:
      return takeExtra(column, tokens);
  }
}

/** `DEFAULT …` and `ON UPDATE …`: the value goes on to the next attribute. */
function takeValue(column: ColumnText, tokens: Token[]): number {
  const isDefault = tokens[0]?.text.toLowerCase() === "default";
  const start = isDefault ? 1 : 2;
  let end = start + 1;
  while (end < tokens.length && !isAttribute(tokens[end])) end++;
  const value = joined(tokens.slice(start, end));
  if (isDefault) column.default = value;
  else column.onUpdate = value;
  return end;
}

function takeExtra(column: ColumnText, tokens: Token[]): number {
  let end = 1;
  while (end < tokens.length && !isAttribute(tokens[end])) end++;
  column.extras.push(joined(tokens.slice(0, end)));
  return end;
}

/** Blanks only where two words meet, so that `int (11)` and `int(11)` are the same. */
function joined(tokens: Token[]): string {
  return tokens.reduce((text, token, at) => {
    const before = tokens[at - 1];
    const tight =
      before === undefined ||
      token.kind === "group" ||
      token.kind === "comma" ||
      (token.kind === "string" && /^_?[bx]$|^_\w+$/i.test(before.text));
    return text + (tight ? "" : " ") + token.text;
  }, "");
}
