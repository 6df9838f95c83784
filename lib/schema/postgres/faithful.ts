/** Something in brackets; places are those of tokens. */
interface Group {
  open: number;
  close: number;
  /** How many words, signs and brackets stand in it so far. */
  parts: number;
  /** The bracket that it begins with. */
  first?: Group;
  word: string;
  /** The first AND or OR that is its own. */
  operator: string;
}

const TOKEN =
  /\s+|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|[Ee]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d+(?:\.\d+)?|::|[\s\S]/g;

/**
 * What the server printed, so written that it reads what it printed it from. As it stands, `(a AND b) AND c` becomes
 * one AND of three (the first was a BETWEEN, or a comparison of rows), and the cast of an ARRAY[…] becomes one of each
 * element (it was an IN over a varchar). A cast to the type that something has already leaves no trace but keeps both apart.
 */
export function faithful(sql: string): string {
  if (!/\)\s+(?:AND|OR)\s|\bARRAY\[/.test(sql)) return sql;
  const tokens = [...sql.matchAll(TOKEN)].map(([token]) => token);
  const written = [...tokens];
  const stack = [groupAt(-1)];
  for (const [at, token] of tokens.entries()) {
    const inside = stack.at(-1);
    if (inside === undefined) return sql;
    if (token.trim() === "") continue;
    if (token === "(" || token === "[") stack.push(groupAt(at));
    else if (token === ")" || token === "]") {
      stack.pop();
      inside.close = at;
      const around = stack.at(-1);
      if (around?.parts === 0) around.first = inside;
      if (around !== undefined) around.parts++;
      if (token === "]") keepArrayWhole(inside, tokens, written);
    } else {
      if (token === "AND" || token === "OR") keepNested(inside, token, written);
      if (inside.parts === 0) inside.word = token;
      inside.parts++;
    }
  }
  return written.join("");
}

function groupAt(open: number): Group {
  return { open, close: -1, parts: 0, word: "", operator: "" };
}

/** On the left of the same operator, brackets around it are looked through. */
function keepNested(group: Group, operator: string, written: string[]): void {
  const { first, parts } = group;
  const query = /^(SELECT|WITH|VALUES)$/.test(first?.word ?? "");
  if (parts === 1 && first?.operator === operator && !query) written[first.close] += "::boolean";
  group.operator ||= operator;
}

/** `(ARRAY['a'::character varying])::text[]`: the cast is of the whole, behind one that changes nothing. */
function keepArrayWhole({ open, close }: Group, tokens: string[], written: string[]): void {
  if (tokens[open - 1] !== "ARRAY") return;
  const inBrackets = tokens[open - 2] === "(" && tokens[close + 1] === ")";
  const cast = close + (inBrackets ? 2 : 1);
  const target = /^::([^[\]]+)\[\]/.exec(tokens.slice(cast, cast + 20).join(""))?.[1];
  const type = elementType(tokens.slice(open + 1, close));
  if (target === undefined || type === undefined || type === target.replace(MODIFIER, "")) return;
  written[open - 1] = inBrackets ? "(ARRAY" : "((ARRAY";
  written[close] = inBrackets ? `])::${type}[]` : `])::${type}[])`;
}

/** `(10,2)` */
const MODIFIER = /\([\d,]*\)/;

/** The type of the first of some elements, as far as it is written there. */
function elementType(tokens: string[]): string | undefined {
  let depth = 0;
  let cast = -1;
  let end = 0;
  for (; end < tokens.length; end++) {
    const token = tokens[end] ?? "";
    if (token === "(" || token === "[") depth++;
    if (token === ")" || token === "]") depth--;
    if (depth === 0 && token === ",") break;
    if (depth === 0 && token === "::") cast = end;
  }
  const text = tokens.slice(cast + 1, end).join("");
  if (cast >= 0) return text.endsWith("]") ? undefined : text.replace(MODIFIER, "");
  if (/^\d+$/.test(text)) return "integer";
  if (/^\d+\.\d+$/.test(text)) return "numeric";
  return undefined;
}
