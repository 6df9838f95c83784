import { isFirstName } from "./detect-first-names.ts";
import { type Context, contextOf, readName } from "./detect-names.ts";
import type { What } from "./detect-phrases.ts";
import { countForms } from "./detect-values.ts";
import { weigh } from "./detect-weigh.ts";
import { type Fit, type Suggestion, suggestInside, suggestRule } from "./suggest.ts";

/** What stands at one path in all samples together. */
interface Node {
  /** The last key, and the one above it, which says what it belongs to; an array's elements have the array's. */
  key: string;
  parent: string;
  members: Map<string, Node>;
  elements: Node | undefined;
  texts: string[];
  others: number;
}

interface Leaf extends Node {
  path: string;
}

/** Deeper than this, and the document is named as a whole. */
const DEEPEST = 8;
/** An object with more keys than this over all samples is a map, whose keys are data. */
const MOST_KEYS = 50;
const LONGEST = 100_000;

/** JSON counts as personal until a rule names it; where samples show personal keys, the rules are for those. */
export function judgeJson({
  samples,
  context,
  fit,
}: {
  samples: readonly (string | null)[];
  context: Context;
  fit: Fit;
}): {
  what: What;
  why: string;
  suggest: Suggestion[];
} {
  const root = fit.kind.is === "json" || fit.kind.is === "text" ? collect(samples) : undefined;
  const found = (root === undefined ? [] : leavesOf(root)).flatMap((leaf) => {
    const what = judgeNode(leaf, context);
    return what === undefined ? [] : [{ ...leaf, what }];
  });
  if (found.length === 0) {
    const why = root === undefined ? "JSON of no fixed form" : "JSON, which may hold anything";
    return { what: "opaque", why, suggest: [suggestRule("opaque", fit)] };
  }
  const paths = found.map(({ path }) => path).join(", ");
  return {
    what: "opaque",
    why: `JSON whose ${found.length === 1 ? "path" : "paths"} ${paths} ${found.length === 1 ? "looks" : "look"} personal`,
    suggest: found.map(({ what, path, texts }) => ({ ...suggestInside(what, texts.length > 0), path })),
  };
}

function judgeNode({ key, parent, texts }: Node, context: Context): What | undefined {
  const around = contextOf(parent);
  const seen = weigh(countForms(texts));
  const inside = {
    people: around.people || (context.people && !around.things),
    addresses: around.addresses || context.addresses,
    things: around.things || (context.things && !around.people && !around.addresses),
    history: false,
    firstNames: false,
  };
  const named = readName(key, inside);
  if (seen?.certain) return seen.what;
  return named ?? seen?.what;
}

function emptyNode(key: string, parent: string): Node {
  return { key, parent, members: new Map(), elements: undefined, texts: [], others: 0 };
}

/** The samples as one tree; undefined when they have no form. */
function collect(samples: readonly (string | null)[]): Node | undefined {
  const root = emptyNode("", "");
  for (const sample of samples) {
    if (sample === null || sample === "") continue;
    const value = parse(sample);
    if (value === undefined || !add(root, value, 0)) return undefined;
  }
  return root;
}

/** False when the value makes the tree too deep, too wide, or has keys that are data. */
function add(node: Node, value: unknown, depth: number): boolean {
  if (typeof value === "string") node.texts.push(value);
  else if (typeof value === "number") node.others++;
  else if (typeof value === "object" && value !== null) {
    if (depth >= DEEPEST) return false;
    if (Array.isArray(value)) {
      const elements = node.elements ?? emptyNode(node.key, node.parent);
      node.elements = elements;
      return value.every((element) => add(elements, element, depth + 1));
    }
    for (const key in value) {
      const member = node.members.get(key) ?? newMember(node, key);
      if (member === undefined || !add(member, (value as Record<string, unknown>)[key], depth + 1)) return false;
    }
  }
  return true;
}

function newMember(node: Node, key: string): Node | undefined {
  if (node.members.size >= MOST_KEYS || !isName(key)) return undefined;
  const member = emptyNode(key, node.key);
  node.members.set(key, member);
  return member;
}

function leavesOf(node: Node, path = ""): Leaf[] {
  const own = node.texts.length + node.others > 0 ? [{ ...node, path }] : [];
  const elements = node.elements === undefined ? [] : leavesOf(node.elements, `${path}[*]`);
  const members = [...node.members].map(([key, member]) => leavesOf(member, path === "" ? key : `${path}.${key}`));
  return [...own, ...elements, ...members.flat()];
}

/** Keys that may stand in a message: others may be data, as those of a map by persons are. */
function isName(key: string): boolean {
  return !isFirstName(key) && /^[\p{L}_$][\p{L}\p{M}\d_-]{0,39}$/u.test(key);
}

function parse(text: string): unknown {
  if (text.length > LONGEST) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
