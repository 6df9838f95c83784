import { createHash } from "node:crypto";
import type { Rule } from "./rule.ts";

/** What {@link profileOf} gives; it becomes a part of paths. */
export const PROFILE = /^(none|[0-9a-f]{8})$/;

/** The set of rules by a name of 8 hex digits, whatever their order; `none` without any. Part of a dump's key. */
export function profileOf(rules: Rule[]): string {
  if (rules.length === 0) return "none";
  const texts = rules.map((rule) => JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))));
  return createHash("sha256").update(texts.sort().join("\n")).digest("hex").slice(0, 8);
}
