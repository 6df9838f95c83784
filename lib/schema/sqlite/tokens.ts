import { quoteIdentifier } from "../../engine/sqlite/quote.ts";

/** A piece of SQLite's SQL; comments and blanks are left out. */
export interface Token {
  kind: "word" | "name" | "string" | "open" | "close" | "comma" | "other";
  /** Exactly as it stands there. */
  text: string;
  at: number;
}

const PIECES =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|([xX]?'(?:[^']|'')*')|([\p{L}_$\u{80}-\u{10ffff}][\p{L}\p{N}_$\u{80}-\u{10ffff}]*|\d[\w.]*)|([(),])|(<>|<=|>=|==|!=|\|\||->>?|<<|>>|[^\s])/gu;

export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sql.matchAll(PIECES)) {
    const [text, name, string, word, sign, other] = match;
    const at = match.index;
    if (name !== undefined) tokens.push({ kind: "name", text, at });
    else if (string !== undefined) tokens.push({ kind: "string", text, at });
    else if (word !== undefined) tokens.push({ kind: "word", text, at });
    else if (sign !== undefined)
      tokens.push({ kind: sign === "(" ? "open" : sign === ")" ? "close" : "comma", text, at });
    else if (other !== undefined) tokens.push({ kind: "other", text, at });
  }
  return tokens;
}

/** The name that a token stands for: `"a""b"`, `[a]`, `` `a` `` and `'a'` without their quotes. */
export function nameOf({ kind, text }: Token): string {
  if (kind === "word" || kind === "other") return text;
  const quote = text[0] ?? "";
  if (quote === "[") return text.slice(1, -1);
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** True for an unquoted word, whatever its case. */
export function isWord(token: Token | undefined, ...words: string[]): boolean {
  return token?.kind === "word" && words.includes(token.text.toLowerCase());
}

/** Where the parenthesis that opens at `start` is closed, as an index of tokens. */
export function closing(tokens: Token[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    if (tokens[at]?.kind === "open") depth++;
    else if (tokens[at]?.kind === "close" && --depth === 0) return at;
  }
  return tokens.length;
}

/** An index's or a trigger's text, itself called as before, with other names in it; `renames` are in small letters. */
export function withNames(sql: string, renames: ReadonlyMap<string, string>): string {
  const tokens = tokensOf(sql);
  let text = "";
  let from = 0;
  for (const [at, token] of tokens.entries()) {
    const name = token.kind === "word" || token.kind === "name" ? renames.get(nameOf(token).toLowerCase()) : undefined;
    if (name === undefined || isWord(tokens[at - 1], "index", "trigger", "exists")) continue;
    text += sql.slice(from, token.at) + quoteIdentifier(name);
    from = token.at + token.text.length;
  }
  return text + sql.slice(from);
}

/** Splits at the commas that stand in no parenthesis. */
export function splitAtCommas(tokens: Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === "open") depth++;
    if (token.kind === "close") depth--;
    if (token.kind === "comma" && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Words behind DEFAULT that mean something; numbers do, too. */
const CONSTANT = /^(?:\d.*|null|true|false|current_(?:time|date|timestamp))$/i;

/**
 * Text in which only what means something is left: words in small letters, names without needless quotes, one blank
 * between tokens. `names` are those that quotes are needless around.
 */
export function canonical(tokens: Token[], names: ReadonlySet<string>): string {
  return tokens
    .map((token, at) => {
      // Any other word behind DEFAULT, and one in double quotes, is a text.
      const text = isWord(tokens[at - 1], "default");
      if (token.kind === "word") return text && !CONSTANT.test(token.text) ? token.text : token.text.toLowerCase();
      if (token.kind !== "name") return token.text;
      const name = nameOf(token);
      return !text && names.has(name.toLowerCase()) ? name.toLowerCase() : `"${name}"`;
    })
    .join(" ");
}
