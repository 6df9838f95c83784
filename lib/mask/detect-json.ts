import { type Context, contextOf, readName } from "./detect-names.ts";
import { countForms } from "./detect-values.ts";
import type { What } from "./detect-vocabulary.ts";
import { weigh } from "./detect-weigh.ts";
import { type Fit, type Suggestion, suggestRule } from "./suggest.ts";

/** What stands at one path in all samples together. */
interface Node {
  path: string;
  /** The last key, and the one above it, which says what it belongs to. */
  key: string;
  parent: string;
  texts: string[];
  others: number;
}

/** Deeper or more than this, and the document is named as a whole. */
const DEEPEST = 8;
const MOST_PATHS = 200;
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
  const nodes = fit.array ? undefined : collect(samples);
  const found = [...(nodes?.values() ?? [])].flatMap((node) => {
    const what = judgeNode(node, context);
    return what === undefined ? [] : [{ ...node, what }];
  });
  if (found.length === 0) {
    const why = nodes === undefined ? "JSON of no fixed form" : "JSON, which may hold anything";
    return { what: "opaque", why, suggest: [suggestRule("opaque", fit)] };
  }
  const paths = found.map(({ path }) => path).join(", ");
  return {
    what: "opaque",
    why: `JSON whose ${found.length === 1 ? "path" : "paths"} ${paths} ${found.length === 1 ? "looks" : "look"} personal`,
    suggest: found.map(({ what, path, texts }) => ({ ...suggestInside(what, texts.length > 0), path })),
  };
}

function suggestInside(what: What, isText: boolean): Suggestion {
  if (!isText) return { strategy: "nullify" };
  const free = {
    shape: "text",
    length: undefined,
    array: false,
    nullable: true,
    unique: false,
    type: "text",
    labels: [],
  } as const;
  return suggestRule(what, free);
}

function judgeNode({ key, parent, texts, others }: Node, context: Context): What | undefined {
  const around = contextOf(parent);
  const seen = weigh(countForms(texts));
  const inside = {
    people: around.people || (context.people && !around.things),
    addresses: around.addresses || context.addresses,
    things: around.things || context.things,
    history: false,
    firstNames: false,
  };
  const named = readName(key, inside);
  if (seen?.certain) return seen.what;
  return texts.length + others > 0 ? (named ?? seen?.what) : undefined;
}

/** Every leaf of the samples by its path; undefined when the documents have no form. */
function collect(samples: readonly (string | null)[]): Map<string, Node> | undefined {
  const nodes = new Map<string, Node>();
  const keys = new Map<string, Set<string>>();
  const walk = (value: unknown, at: { path: string; key: string; parent: string; depth: number }): boolean => {
    if (at.depth > DEEPEST || nodes.size > MOST_PATHS) return false;
    if (Array.isArray(value)) {
      return value.every((element) => walk(element, { ...at, path: `${at.path}[*]`, depth: at.depth + 1 }));
    }
    if (typeof value === "object" && value !== null) {
      const known = keys.get(at.path) ?? new Set();
      keys.set(at.path, known);
      return Object.entries(value).every(([key, inner]) => {
        known.add(key);
        if (known.size > MOST_KEYS || !isName(key)) return false;
        return walk(inner, { path: `${at.path}.${key}`, key, parent: at.key, depth: at.depth + 1 });
      });
    }
    const node = nodes.get(at.path) ?? { ...at, texts: [], others: 0 };
    nodes.set(at.path, node);
    if (typeof value === "string") node.texts.push(value);
    else if (value !== null && typeof value !== "boolean") node.others++;
    return true;
  };
  for (const sample of samples) {
    if (sample === null || sample === "") continue;
    const value = parse(sample);
    if (value === undefined || !walk(value, { path: "$", key: "", parent: "", depth: 0 })) return undefined;
  }
  return nodes;
}

/** Keys that may stand in a message: others may be data. */
function isName(key: string): boolean {
  return /^[\p{L}_$][\p{L}\p{M}\d_-]{0,39}$/u.test(key);
}

function parse(text: string): unknown {
  if (text.length > LONGEST) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
