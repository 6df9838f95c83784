import { openKey } from "../../../lib/mask/key.ts";
import { type Engine, type Kind, kindOf } from "../../../lib/mask/kind.ts";
import { misfitOf } from "../../../lib/mask/misfit.ts";
import type { MaskRequest } from "../../../lib/mask/request.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { type ValueMask, valueMask } from "../../../lib/mask/value-mask.ts";

export const key = openKey(Buffer.alloc(32, 7));

export interface Wish extends Partial<Omit<Rule, "unique">> {
  engine?: Engine;
  labels?: string[];
  /** The column is in a unique index. */
  isUnique?: boolean;
  unique?: "suffix" | undefined;
  fold?: "all" | "width" | "case";
  /** The type of the column that `by` names. */
  byType?: string;
}

/** A request for a column of the type, `replace` unless the wish says otherwise. */
export function requestFor(type: string, wish: Wish): MaskRequest {
  const { engine = "postgres", labels, isUnique = false, fold, byType, ...rule } = wish;
  const kind: Kind = kindOf(engine, { type, ...(labels === undefined ? {} : { labels }) });
  const whole = { table: "t", column: "c", strategy: "replace", ...rule } as Rule;
  const by = byType === undefined ? {} : { by: kindOf(engine, { type: byType }) };
  return { engine, kind, rule: whole, unique: isUnique, ...(fold === undefined ? {} : { fold }), ...by };
}

/** Its mask; throws where the rule is a misfit. */
export function maskFor(type: string, wish: Wish, by = key): ValueMask {
  const request = requestFor(type, wish);
  const misfit = misfitOf(request);
  if (misfit !== undefined) throw new Error(misfit);
  return valueMask(request, by);
}

/** mulberry32, so that a failure can be had again. */
export function seeded(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % count;
  };
}

const ALPHABETS = [
  Array.from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789"),
  Array.from("éüñßØłİıДдйЖабвΣσς漢字かナ한ا ب"),
  Array.from("😀🧑‍🚀𝔘𠮷"),
  ["e\u0301", "o\u0308", "क\u093f", "\u200b", "\u00a0"],
  ["'", '"', "\\", "%", "_", "\n", "\r", "\t", "`", "$", "{", "}", ",", ";", "\u0001", " ", "@", ".", "-"],
];

/** A text of at most `max` characters (code points), of any script, with what breaks quoting. */
export function anyText(below: (count: number) => number, max: number): string {
  const form = below(8);
  if (form === 0) return "";
  const length = form === 1 ? max : 1 + below(max);
  const alphabet = form < 5 ? ALPHABETS[form] : ALPHABETS.flat();
  const letters = Array.from({ length }, () => alphabet?.[below(alphabet.length)] ?? "x");
  return Array.from(letters.join("")).slice(0, max).join("");
}
