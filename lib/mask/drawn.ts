import type { Kind } from "./kind.ts";
import type { Rule } from "./rule.ts";

/** True when a rule draws values with the key. */
export function isDrawnRule({ strategy }: Pick<Rule, "strategy">): boolean {
  return ["replace", "hash", "shift"].includes(strategy);
}

/** True when the value leaves the source raw and is changed in ditto; false when the source's own SELECT changes it. */
export function isDrawn({ kind }: { kind: Kind }, { strategy, path }: Rule): boolean {
  if (path !== undefined || isDrawnRule({ strategy })) return true;
  return kind.is === "array" && strategy === "mask";
}
