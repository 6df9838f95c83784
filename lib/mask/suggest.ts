import type { What } from "./detect-phrases.ts";
import type { Kind } from "./kind.ts";
import { misfitOf } from "./misfit.ts";
import type { MaskRequest } from "./request.ts";
import type { Rule } from "./rule.ts";

/** A rule without the column that it is for. */
export type Suggestion = Pick<Rule, "strategy"> & Partial<Omit<Rule, "strategy" | "schema" | "table" | "column">>;

/** What decides which rule fits. */
export interface Fit extends Pick<MaskRequest, "engine" | "kind" | "unique"> {
  nullable: boolean;
  /** The type's bare name, for what only one type takes. */
  type: string;
}

/** The best rule for what was found, of those that fit the column. */
export function suggestRule(what: What, fit: Fit): Suggestion {
  const candidates = candidatesOf(what, fit);
  return candidates.find((candidate) => fits(candidate, fit)) ?? (candidates[0] as Suggestion);
}

/** What is right for the value at a path of a document. */
export function suggestInside(what: What, isText: boolean): Suggestion {
  if (!isText) return { strategy: "nullify" };
  const kind = { is: "text", max: Number.POSITIVE_INFINITY } as const;
  return suggestRule(what, { engine: "postgres", kind, unique: false, nullable: true, type: "text" });
}

function fits(suggestion: Suggestion, { nullable, ...request }: Fit): boolean {
  if (suggestion.strategy === "nullify") return nullable;
  return misfitOf({ ...request, rule: { table: "", column: "", ...suggestion } }) === undefined;
}

const NULLIFY: Suggestion = { strategy: "nullify" };
const HASH: Suggestion = { strategy: "hash" };

const TYPES: Partial<Record<What, NonNullable<Rule["type"]>>> = {
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
};

/** Most wanted first; the last ones are for columns that take nothing better. */
function candidatesOf(what: What, fit: Fit): Suggestion[] {
  const type = TYPES[what];
  if (type !== undefined) {
    const replace: Suggestion = { strategy: "replace", type };
    return [
      replace,
      { ...replace, unique: "suffix" },
      ...numbers(fit),
      HASH,
      NULLIFY,
      { strategy: "mask" },
      ...redactions(fit),
    ];
  }
  switch (what) {
    case "birth date":
      return [
        { strategy: "shift", days: 30 },
        NULLIFY,
        { strategy: "replace", type: "date" },
        YEAR,
        ...redactions(fit),
      ];
    case "place":
      return [{ strategy: "mask", keep_first: 1 }, NULLIFY, ...numbers(fit), HASH, ...redactions(fit)];
    case "identity number":
    case "bank account":
      return [NULLIFY, { strategy: "mask", keep_format: true }, HASH, ...numbers(fit), ...redactions(fit)];
    case "secret":
    case "device":
      return [HASH, { strategy: "replace", type: "uuid" }, NULLIFY, ...redactions(fit), ...numbers(fit)];
    case "password":
    case "free text":
      return [...redactions(fit), HASH, NULLIFY, ...numbers(fit)];
    default:
      return [NULLIFY, ...redactions(fit), ...numbers(fit), HASH];
  }
}

/** Years in which people who live were born. */
const YEAR: Suggestion = { strategy: "replace", type: "number", range: [1930, 2010] };

function numbers({ kind }: Fit): Suggestion[] {
  const number: Suggestion = { strategy: "replace", type: "number" };
  return [number, { ...number, range: [1, greatestOf(kind)] }];
}

function greatestOf(kind: Kind): number {
  if (kind.is === "integer") return Number(kind.max > SAFE ? SAFE : kind.max);
  if (kind.is === "decimal") return 10 ** Math.min(15, kind.precision - kind.scale) - 1;
  return 1;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** What each type without a kind of its own takes for "nothing". */
const EMPTY: [RegExp, string][] = [
  [/^xml/, "<redacted/>"],
  [/^geo/, "POINT(0 0)"],
  [/^point/, "(0,0)"],
  [/^macaddr8/, "00:00:00:00:00:00:00:00"],
  [/^macaddr/, "00:00:00:00:00:00"],
];

/** MySQL's own form of POINT(0 0): the number of its reference system, then its well-known binary. */
const MYSQL_POINT = `${"\0".repeat(4)}\x01\x01${"\0".repeat(19)}`;

function redactions({ engine, kind, type }: Fit): Suggestion[] {
  if (kind.is === "array") return [{ strategy: "redact", with: "{}" }];
  if (kind.is === "text") return ["[redacted]", "x"].map((label) => ({ strategy: "redact", with: label }));
  if (kind.is === "json") return [{ strategy: "redact", with: "{}" }];
  if (kind.is === "enum" || kind.is === "set") return [{ strategy: "redact", with: kind.labels[0] ?? "" }];
  if (kind.is !== "opaque") return [{ strategy: "redact" }];
  if (engine === "mysql" && /^(geometry|point)/.test(type)) return [{ strategy: "redact", with: MYSQL_POINT }];
  return [{ strategy: "redact", with: EMPTY.find(([pattern]) => pattern.test(type))?.[1] ?? "" }];
}
