import { judgeJson } from "./detect-json.ts";
import { type Context, contextOf, readName } from "./detect-names.ts";
import type { What } from "./detect-phrases.ts";
import { elementsOf, type ReadType, readType, type TypeFacts, typeOf } from "./detect-types.ts";
import { countForms, MANY } from "./detect-values.ts";
import { isRowImage, looksLikeBirths, type Verdict, weigh } from "./detect-weigh.ts";
import { type Engine, kindOf } from "./kind.ts";
import { type Fit, type Suggestion, suggestRule } from "./suggest.ts";

/** What the catalog says about a column. What is undefined is taken for the harder case: NOT NULL, not unique. */
export interface ColumnFacts extends TypeFacts {
  /** MariaDB is "mysql". */
  engine: Engine;
  schema: string;
  table: string;
  column: string;
  comment?: string | undefined;
  nullable?: boolean | undefined;
  /** In a unique index or the primary key, alone or with others. */
  unique?: boolean | undefined;
  /** The names of all columns of the table, which tell what it is about; the same array for each of its columns. */
  columns?: readonly string[] | undefined;
}

/** A column that looks personal. Nothing in it quotes a value. */
export interface Finding {
  schema: string;
  table: string;
  column: string;
  what: What;
  /** In words, after "because of": `its name`, `38 of 40 sampled values have the form of an e-mail address`. */
  why: string;
  /** Rules that fit; more than one only for paths inside JSON. */
  suggest: Suggestion[];
}

/** Says whether a column looks personal, by its type, its name, its comment and a sample of its values (text, NULL as null). */
export function detectColumn(facts: ColumnFacts, samples: readonly (string | null)[]): Finding | undefined {
  const type = readType(facts);
  if (type.shape === "harmless") return undefined;
  const context = contextOfTable(facts);
  const { schema, table, column } = facts;
  const place = { schema, table, column };
  const fit = fitOf(facts);
  if (type.shape === "json") return { ...place, ...judgeJson({ samples, context, fit }) };
  const verdict = judge(facts, { type, context, samples });
  if (verdict === undefined) return undefined;
  if (verdict.json) return { ...place, ...judgeJson({ samples, context, fit }) };
  return { ...place, what: verdict.what, why: verdict.why, suggest: [suggestRule(verdict.what, fit)] };
}

const contexts = new WeakMap<readonly string[], Context>();

function contextOfTable({ table, columns }: ColumnFacts): Context {
  if (columns === undefined) return contextOf(table);
  const known = contexts.get(columns) ?? contextOf(table, columns);
  contexts.set(columns, known);
  return known;
}

function fitOf(facts: ColumnFacts): Fit {
  const { engine, type, nullable = false, unique = false } = facts;
  const labels = facts.labels?.length ? { labels: [...facts.labels] } : {};
  const kind = kindOf(engine, { type, ...labels, ...(facts.baseType ? { baseType: facts.baseType } : {}) });
  return { engine, kind, nullable, unique, type: typeOf(facts).toLowerCase() };
}

/** What a type other than text can hold by its name. */
const BY_NAME: Partial<Record<ReadType["shape"], What[]>> = {
  integer: [
    "phone",
    "card",
    "identity number",
    "bank account",
    "birth date",
    "ip",
    "sensitive",
    "password",
    "place",
    "secret",
  ],
  decimal: ["position", "sensitive", "phone", "card", "identity number", "bank account"],
  date: ["birth date"],
  instant: ["birth date"],
  uuid: ["device", "secret"],
  enum: ["sensitive"],
};

interface Sampled {
  type: ReadType;
  context: Context;
  samples: readonly (string | null)[];
}

function judge(facts: ColumnFacts, { type, context, samples }: Sampled): Verdict | undefined {
  const named = readName(facts.column, context);
  switch (type.shape) {
    case "text":
      return judgeText(facts, { type, context, samples });
    case "opaque":
      return { what: "opaque", why: `its type: "${facts.type}" may hold anything` };
    case "ip":
      return { what: "ip", why: "its type" };
    case "mac":
      return { what: "device", why: "its type" };
    case "position":
      return context.people || context.addresses || named === "position"
        ? { what: "position", why: "its type, in a table about people or addresses" }
        : undefined;
    default:
      if (named !== undefined && BY_NAME[type.shape]?.includes(named)) return { what: named, why: "its name" };
      if (type.shape === "date" && context.people && looksLikeBirths(facts.column, samples)) {
        return { what: "birth date", why: "its sampled dates spread like dates of birth, in a table about people" };
      }
      return type.shape === "integer" ? weigh(countForms(samples), { only: ["card"] }) : undefined;
  }
}

/** Comments are prose: only what is hardly ever said in passing. */
const BY_COMMENT: What[] = [
  "email",
  "phone",
  "first_name",
  "last_name",
  "birth date",
  "identity number",
  "iban",
  "card",
  "password",
];

function judgeText(facts: ColumnFacts, { type, context, samples }: Sampled): Verdict | undefined {
  const values = type.array ? samples.flatMap((sample) => (sample === null ? [] : elementsOf(sample))) : samples;
  const forms = countForms(values);
  const seen = weigh(forms, { column: facts.column, things: context.things });
  const named = readName(facts.column, context);
  // A few values that recur are codes.
  const codes = forms.total >= 20 && forms.distinct <= MANY;
  if (named !== undefined && !(named === "free text" && codes)) {
    if (seen === undefined || seen.json) return seen ?? { what: named, why: "its name" };
    return { what: seen.certain ? seen.what : named, why: `its name, and ${seen.why}` };
  }
  if (seen !== undefined) return seen;
  if (context.history && isRowImage(facts.column) && !codes) {
    return { what: "opaque", why: "its name, in a table that keeps what other rows looked like" };
  }
  const said = facts.comment === undefined ? undefined : readName(facts.comment, context);
  return said !== undefined && BY_COMMENT.includes(said) ? { what: said, why: "its comment" } : undefined;
}
