import type { Config } from "../kit/config.ts";
import type { ReadType } from "./detect-types.ts";
import type { What } from "./detect-vocabulary.ts";

type Rule = Config["obfuscation"]["rules"][number];

/** A rule without the column that it is for. */
export type Suggestion = Pick<Rule, "strategy"> & Partial<Omit<Rule, "strategy" | "schema" | "table" | "column">>;

/** What decides which rule fits. */
export interface Fit extends ReadType {
  nullable: boolean;
  /** In a unique index or the primary key. */
  unique: boolean;
  /** The type's bare name, for what only one type takes. */
  type: string;
  labels: readonly string[];
}

const REPLACE = {
  email: "email",
  phone: "phone",
  first_name: "first_name",
  last_name: "last_name",
  name: "name",
  username: "username",
  company: "company",
  address: "address",
  ip: "ip",
  url: "url",
  card: "card",
  iban: "iban",
} as const satisfies Partial<Record<What, Rule["type"]>>;

/** Replacements that have too few values to be unique by themselves. */
const FEW = new Set<string>(["phone", "first_name", "last_name", "name", "company", "address", "ip", "card", "iban"]);

/** The rule that fits what was found in a column of this type. */
export function suggestRule(what: What, fit: Fit): Suggestion {
  switch (fit.shape) {
    case "text":
      return suggestText(what, fit);
    case "integer":
    case "decimal":
      return what === "position" || what === "sensitive" ? nullifyOr(numbers(fit), fit) : numbers(fit);
    case "date":
    case "instant":
      return { strategy: "shift", days: 30 };
    case "ip":
      return { strategy: "replace", type: "ip" };
    case "uuid":
      return { strategy: "replace", type: "uuid" };
    case "enum":
      return nullifyOr({ strategy: "redact", with: fit.labels[0] ?? "" }, fit);
    default:
      return suggestOpaque(fit);
  }
}

function suggestText(what: What, fit: Fit): Suggestion {
  const least = fit.length ?? Number.POSITIVE_INFINITY;
  // Nothing that looks like a name or a number fits.
  if (least < 8) return fit.unique ? { strategy: "hash" } : masked({}, fit);
  const type = REPLACE[what as keyof typeof REPLACE];
  if (type !== undefined) {
    const suffix = fit.unique && FEW.has(type) ? { unique: "suffix" as const } : {};
    return { strategy: "replace", type, ...suffix };
  }
  if (fit.unique || what === "secret") return { strategy: "hash" };
  if (what === "place") return masked({ keep_first: 1 }, fit);
  if (what === "identity number" || what === "bank account") return nullifyOr(masked({ keep_format: true }, fit), fit);
  if (what === "birth date") return nullifyOr({ strategy: "replace", type: "date" }, fit);
  const label = "[redacted]";
  return { strategy: "redact", with: least < label.length ? "x" : label };
}

function masked(options: Partial<Rule>, { nullable }: Fit): Suggestion {
  return nullable && options.keep_first === undefined && options.keep_format === undefined
    ? { strategy: "nullify" }
    : { strategy: "mask", ...options };
}

function numbers(fit: Fit): Suggestion {
  if (!fit.unique) return { strategy: "replace", type: "number" };
  return { strategy: "replace", type: "number", range: [1, 2_147_483_647] };
}

/** What each opaque type takes for "nothing", where it may not be NULL. */
const EMPTY: [RegExp, string][] = [
  [/^json/, "{}"],
  [/^xml/, "<redacted/>"],
  [/^point/, "(0,0)"],
  [/^macaddr8/, "00:00:00:00:00:00:00:00"],
  [/^macaddr/, "00:00:00:00:00:00"],
];

function suggestOpaque(fit: Fit): Suggestion {
  if (fit.nullable) return { strategy: "nullify" };
  return { strategy: "redact", with: EMPTY.find(([type]) => type.test(fit.type))?.[1] ?? "" };
}

function nullifyOr(other: Suggestion, { nullable, unique }: Fit): Suggestion {
  return nullable && !unique ? { strategy: "nullify" } : other;
}
