import { decodeString, type JsonNode, scanJson } from "./json-scan.ts";

/** One step of a path: a member, an element, or all of either. */
type Step = { key: string } | { index: number } | "all";

/** A leaf's own JSON text, masked; `is` never says "null", which stays. */
export type MaskLeaf = (literal: string, is: "string" | "number" | "boolean") => string;

/** The steps of `contact.email`, `$.contact.email`, `emails[*]`, `items[0].name`, `*`, `a."b.c"`; undefined for no path. */
export function parsePath(path: string): Step[] | undefined {
  const rest = path.replace(/^\$(?:\.|(?=\[)|$)/, "");
  if (rest === "") return [];
  const pattern = /(?:^|(?<=.)\.)(?:"((?:[^"\\]|\\.)*)"|([^."[\]]+))|\[(?:(\d+)|(\*)|"((?:[^"\\]|\\.)*)")\]/gy;
  const steps: Step[] = [];
  for (let at = 0; at < rest.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    const [, quoted, bare, index, star, bracketed] = match;
    const key = quoted ?? bracketed;
    if (key !== undefined) steps.push({ key: key.replace(/\\(.)/g, "$1") });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push(star !== undefined || bare === "*" ? "all" : { key: bare ?? "" });
  }
  return steps;
}

/**
 * Masks what stands at a path of a JSON text, an object's or array's leaves one by one. Only their spans change, so
 * keys, their order and doubles, white space and all other numbers stay as they are; nothing is ever added.
 * Undefined when the text is no JSON.
 */
export function maskJson(text: string, path: Step[], mask: MaskLeaf): string | undefined {
  const root = scanJson(text);
  if (root === undefined) return undefined;
  let out = "";
  let at = 0;
  for (const leaf of leavesAt([root], path)) {
    if (leaf.is === "null") continue;
    out += text.slice(at, leaf.from) + mask(text.slice(leaf.from, leaf.to), leaf.is as "string");
    at = leaf.to;
  }
  return out + text.slice(at);
}

/** In the text's order, because every step keeps it. */
function leavesAt(nodes: JsonNode[], [step, ...rest]: Step[]): JsonNode[] {
  if (step === undefined) return nodes.flatMap(leavesOf);
  const next = nodes.flatMap((node) =>
    node.children.flatMap(({ key, node: child }, index) => (leadsTo(step, node, { key, index }) ? [child] : [])),
  );
  return leavesAt(next, rest);
}

function leadsTo(step: Step, { is }: JsonNode, at: { key: string; index: number }): boolean {
  if (step === "all") return true;
  return "key" in step ? is === "object" && step.key === at.key : is === "array" && step.index === at.index;
}

function leavesOf(node: JsonNode): JsonNode[] {
  const isLeaf = node.is !== "object" && node.is !== "array";
  return isLeaf ? [node] : node.children.flatMap(({ node: child }) => leavesOf(child));
}

/** The texts at a path of a JSON text, those inside objects and arrays there included; none where it is no JSON. */
export function collectLeaves(text: string, path: string): string[] {
  const found: string[] = [];
  maskJson(text, parsePath(path) ?? [], (literal, is) => {
    found.push(is === "string" ? (decodeString(literal) ?? literal) : literal);
    return literal;
  });
  return found;
}
