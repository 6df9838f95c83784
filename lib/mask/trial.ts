import { randomBytes } from "node:crypto";
import type { EngineName } from "../engine/index.ts";
import { openKey } from "./key.ts";
import type { Kind } from "./kind.ts";
import { type ColumnMask, requestOf } from "./plan.ts";
import type { Rule } from "./rule.ts";
import { valueMask } from "./value-mask.ts";

/** What nobody is called, in every form that a type expects. */
const TEXTS = [
  "Ann Sample",
  "ann.sample@sample.invalid",
  "+1 212 867 5309",
  "12345",
  "SAMPLE",
  "10 Sample Street",
  "a",
  "sample-2",
];
const INVENTED: Partial<Record<Kind["is"], string[]>> = {
  text: TEXTS,
  integer: ["1", "42", "1234567"],
  decimal: ["1", "42.5", "12345"],
  float: ["1", "42.5"],
  date: ["1980-01-31", "2001-12-01"],
  timestamp: ["1980-01-31 12:00:00", "2001-12-01 00:00:00"],
  uuid: ["6f9619ff-8b86-4011-b42d-00c04fc964ff"],
  inet: ["10.0.0.1"],
};

/** An invented value, and what a rule makes of it. */
export interface Trial {
  given: string;
  made: string;
}

/**
 * What a rule makes of invented values, to try it against constraints: drawn with a key of this moment, so that nothing of it tells
 * anything about the real one. None for what only the value itself decides.
 */
export function trialsOf(engine: EngineName, mask: ColumnMask, rule: Rule): Trial[] {
  if (rule.path !== undefined || !["replace", "hash", "shift"].includes(rule.strategy)) return [];
  const change = valueMask(requestOf(engine, mask, rule), openKey(randomBytes(32)));
  const fitting = (text: string) => mask.kind.is !== "text" || text.length <= mask.kind.max;
  // A unique column refuses numbers out of its range.
  const invented = rule.range?.map(String) ?? INVENTED[mask.kind.is] ?? [];
  return invented.filter(fitting).map((given) => ({ given, made: change(given, "1") }));
}

/** True when a constraint that some of the trials broke won't take what a rule makes: of what it takes itself, or of anything where it takes none. */
export function breaks(broken: { given: boolean; made: boolean }[]): boolean {
  const real = broken.filter(({ given }) => !given);
  return (real.length > 0 ? real : broken).some(({ made }) => made);
}
