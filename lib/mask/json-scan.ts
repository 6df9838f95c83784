/** One value in a JSON text, as offsets into it: `text.slice(from, to)` is its own text. */
export interface JsonNode {
  is: "object" | "array" | "string" | "number" | "boolean" | "null";
  from: number;
  to: number;
  /** Of an object and an array, in their order; `key` is decoded. */
  children: { key: string; node: JsonNode }[];
}

const BLANK = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const DEEPEST = 2000;

/** The tree of a JSON text; undefined when it is none. Its values are not decoded, so numbers keep every digit. */
export function scanJson(text: string): JsonNode | undefined {
  let at = 0;

  function skip(pattern: RegExp): boolean {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  }
  function take(word: string): boolean {
    skip(BLANK);
    const found = text.startsWith(word, at);
    if (found) at += word.length;
    return found;
  }
  function members(node: JsonNode, close: string, depth: number): JsonNode | undefined {
    if (take(close)) return { ...node, to: at };
    do {
      let key = "";
      if (node.is === "object") {
        skip(BLANK);
        const from = at;
        if (!skip(STRING)) return undefined;
        const decoded = decodeString(text.slice(from, at));
        if (decoded === undefined || !take(":")) return undefined;
        key = decoded;
      }
      const child = value(depth + 1);
      if (child === undefined) return undefined;
      node.children.push({ key, node: child });
    } while (take(","));
    return take(close) ? { ...node, to: at } : undefined;
  }
  function value(depth: number): JsonNode | undefined {
    skip(BLANK);
    if (depth > DEEPEST) return undefined;
    const from = at;
    const leaf = (is: JsonNode["is"]): JsonNode => ({ is, from, to: at, children: [] });
    if (take("{")) return members(leaf("object"), "}", depth);
    if (take("[")) return members(leaf("array"), "]", depth);
    if (skip(STRING)) return leaf("string");
    if (skip(NUMBER)) return leaf("number");
    if (take("true") || take("false")) return leaf("boolean");
    return take("null") ? leaf("null") : undefined;
  }

  const root = value(0);
  skip(BLANK);
  return at === text.length ? root : undefined;
}

/** The text of a JSON string literal; undefined where its escapes are none. */
export function decodeString(literal: string): string | undefined {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}
