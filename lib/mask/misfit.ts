import { LEAST_HASH } from "./hash.ts";
import { parsePath } from "./json-path.ts";
import type { Kind } from "./kind.ts";
import { WIDEST_RANGE } from "./permutation.ts";
import { bitsOf, bytesOfBits, redactionOf } from "./redaction.ts";
import { roomOf } from "./replace/digits.ts";
import { SUFFIXED, TOKEN } from "./replace/folded.ts";
import { unitsOf } from "./replace/number.ts";
import type { MaskRequest } from "./request.ts";
import type { Rule } from "./rule.ts";

type Type = NonNullable<Rule["type"]>;

/** The fewest characters that a type is still itself in, and those with 64 bits drawn; Infinity where it never has them. */
const LENGTHS: Record<Exclude<Type, "number">, { least: number; unique: number }> = {
  email: { least: 1, unique: 26 },
  username: { least: 1, unique: TOKEN },
  url: { least: 21, unique: 34 },
  uuid: { least: 32, unique: 32 },
  iban: { least: 22, unique: 31 },
  ip: { least: 15, unique: 39 },
  name: { least: 1, unique: Number.POSITIVE_INFINITY },
  first_name: { least: 1, unique: Number.POSITIVE_INFINITY },
  last_name: { least: 1, unique: Number.POSITIVE_INFINITY },
  phone: { least: 7, unique: Number.POSITIVE_INFINITY },
  address: { least: 1, unique: Number.POSITIVE_INFINITY },
  company: { least: 1, unique: Number.POSITIVE_INFINITY },
  text: { least: 1, unique: Number.POSITIVE_INFINITY },
  card: { least: 13, unique: Number.POSITIVE_INFINITY },
  date: { least: 10, unique: Number.POSITIVE_INFINITY },
};

/** The kinds besides text that a type can be put into. */
const KINDS: Partial<Record<Type, Kind["is"][]>> = {
  number: ["integer", "decimal", "float", "boolean"],
  text: ["bytes", "enum", "set", "boolean"],
  phone: ["integer", "decimal"],
  card: ["integer", "decimal"],
  date: ["date", "timestamp"],
  uuid: ["uuid", "bytes"],
  ip: ["inet", "bytes", "integer"],
};

/**
 * Why a rule cannot fit a column whatever its values, in words that follow "Cannot mask t.c: "; undefined when it can.
 * Looks at rule, kind and uniqueness alone: constraints, nullability and foreign keys are the schema's matter. A date
 * shifted `by` a column of the same unique index stays unique with it: ask then with `unique: false`.
 */
export function misfitOf(request: MaskRequest): string | undefined {
  const { kind, rule } = request;
  if (rule.strategy === "keep" || rule.strategy === "nullify") return misfitOfPath(request);
  if (kind.is === "array" && rule.strategy !== "redact") return misfitOfArray(request, kind.of);
  if (rule.path !== undefined) return misfitOfPath(request);
  switch (rule.strategy) {
    case "hash":
      return misfitOfHash(kind);
    case "mask":
      if (kind.is !== "text") return `"mask" is for text, and the column is ${nameOf(kind)}${insteadOf(kind)}`;
      return request.unique ? notUnique("mask") : undefined;
    case "redact":
      return misfitOfRedact(request);
    case "shift":
      if (kind.is !== "date" && kind.is !== "timestamp") {
        return `"shift" moves dates and timestamps, and the column is ${nameOf(kind)}`;
      }
      return request.unique ? notUnique("shift") : undefined;
    default:
      return misfitOfReplace(request);
  }
}

function misfitOfPath({ kind, rule, unique }: MaskRequest): string | undefined {
  if (rule.path === undefined) return undefined;
  if (kind.is !== "json" && kind.is !== "text") return `"path" is for JSON, and the column is ${nameOf(kind)}`;
  if (parsePath(rule.path) === undefined) return 'its path is none: write it like "contact.email", "emails[*]" or "*"';
  if (rule.strategy === "replace" && rule.type === undefined) return '"replace" needs "type"';
  if (rule.unique !== undefined || rule.range !== undefined) return '"unique" and "range" do not go with "path"';
  return unique && rule.strategy !== "keep" ? "a part of a JSON document cannot be kept unique" : undefined;
}

function misfitOfArray(request: MaskRequest, of: Kind): string | undefined {
  if (request.unique) return 'arrays cannot be kept unique; use "nullify" or "keep"';
  return misfitOf({ ...request, kind: of });
}

function misfitOfHash(kind: Kind): string | undefined {
  if (kind.is === "json") return undefined;
  if (kind.is !== "text" && kind.is !== "bytes") {
    return `"hash" gives hexadecimal text, and the column is ${nameOf(kind)}${insteadOf(kind)}`;
  }
  const [least, unit] = kind.is === "text" ? [LEAST_HASH, "characters"] : [LEAST_HASH / 2, "bytes"];
  return kind.max < least ? `"hash" needs ${least} ${unit}, and the column has ${kind.max}` : undefined;
}

const PLACE = /^(geometry|point|linestring|polygon|multi\w+|geom\w+)\b/i;

/** What MySQL's types without a kind of their own would read as something else than was meant. */
function misreadByMysql({ engine, kind, rule }: MaskRequest): string | undefined {
  if (engine !== "mysql" || kind.is !== "opaque" || rule.with === undefined) return undefined;
  if (bitsOf(kind) !== undefined && bytesOfBits(kind, rule.with) === undefined)
    return `what "with" says is no value for ${kind.type}; write it as a decimal number`;
  if (PLACE.test(kind.type) && !isPlace(rule.with))
    return `what "with" says is no value for ${kind.type}; use "nullify", or write MySQL's own bytes of it`;
  return undefined;
}

/** MySQL's own form of a place: the number of its reference system in four bytes, then well-known binary. */
function isPlace(text: string): boolean {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 13 || (bytes[4] as number) > 1) return false;
  const type = bytes[4] === 1 ? bytes.readUInt32LE(5) : bytes.readUInt32BE(5);
  return type >= 1 && type <= 7;
}

function misfitOfRedact(request: MaskRequest): string | undefined {
  const { kind, rule, unique } = request;
  if (unique) return notUnique("redact");
  const misread = misreadByMysql(request);
  if (misread !== undefined) return misread;
  if (redactionOf(kind, rule.with) !== undefined) return undefined;
  if (rule.with === undefined) return `"redact" needs "with", a value for ${nameOf(kind)}`;
  return `what "with" says is no value for ${nameOf(kind)}`;
}

function misfitOfReplace(request: MaskRequest): string | undefined {
  const { kind, rule, unique } = request;
  const type = rule.type;
  if (type === undefined) return '"replace" needs "type"';
  if (rule.unique !== undefined && type === "number") return '"unique: suffix" is no number; use "range"';
  if (rule.unique !== undefined && type === "date") return '"unique: suffix" is no date; use "hash" or "nullify"';
  if (rule.range !== undefined && type !== "number") return `"range" is for "type: number", and the type is "${type}"`;
  if (type === "number") return misfitOfNumber(request);
  if (kind.is === "text") return misfitOfLength(type, kind.max, request);
  if (!KINDS[type]?.includes(kind.is)) return `"${type}" does not fit ${nameOf(kind)}${insteadOf(kind)}`;
  if (rule.unique !== undefined && SUFFIXED.includes(type))
    return `"unique: suffix" is text, and the column is ${nameOf(kind)}`;
  return misfitOfOther(type, kind, unique);
}

function misfitOfLength(type: Exclude<Type, "number">, max: number, { rule, unique }: MaskRequest): string | undefined {
  const { least, unique: enough } = LENGTHS[type];
  if (rule.unique !== undefined && SUFFIXED.includes(type)) {
    return max < TOKEN ? `"unique: suffix" needs ${TOKEN} characters, and the column has ${max}` : undefined;
  }
  if (max < least) return `"${type}" needs ${least} characters, and the column has ${max}`;
  if (!unique) return undefined;
  if (enough === Number.POSITIVE_INFINITY) {
    return `the column is unique, and there are fewer of "${type}" than values; add "unique: suffix"`;
  }
  if (max >= enough) return undefined;
  return `the column is unique, for which "${type}" needs ${enough} characters, and it has ${max}`;
}

/** The kinds besides text and numbers. */
function misfitOfOther(type: Type, kind: Kind, unique: boolean): string | undefined {
  const room = roomOf(kind);
  if (type === "uuid")
    return kind.is === "bytes" && kind.max < 16 ? `"uuid" needs 16 bytes, and the column has ${kind.max}` : undefined;
  if (type === "ip") {
    if (kind.is === "integer" && kind.max < 2n ** 32n - 1n) return '"ip" needs an unsigned integer of 32 bits or more';
    if (kind.is === "bytes" && kind.max < 4) return `"ip" needs 4 bytes, and the column has ${kind.max}`;
    const six = (kind.is === "inet" && !kind.four) || (kind.is === "bytes" && kind.max >= 16);
    return unique && !six
      ? "the column is unique, and has no room for an IPv6 address, of which there are enough"
      : undefined;
  }
  if (type === "phone" && room < 5_559_999n) return '"phone" needs 7 digits, and the column has no room for them';
  if (type === "card" && room < 10n ** 16n - 1n) return '"card" needs 16 digits, and the column has no room for them';
  if (kind.is === "enum" && kind.labels.length < 2) return "the enum has no other label";
  if (kind.is === "set" && kind.labels.length < 2) return "the set has no other label";
  return unique ? `the column is unique, and there are fewer of "${type}" than values` : undefined;
}

function misfitOfNumber({ kind, rule, unique }: MaskRequest): string | undefined {
  if (kind.is !== "text" && !KINDS.number?.includes(kind.is))
    return `"number" does not fit ${nameOf(kind)}${insteadOf(kind)}`;
  if (kind.is === "boolean") {
    if (rule.range !== undefined) return '"range" does not fit true and false';
    return unique ? "the column is unique, and has but two values" : undefined;
  }
  const permutable = kind.is === "integer" || (kind.is === "decimal" && Number.isFinite(kind.scale));
  if (rule.range === undefined) {
    if (!unique) return undefined;
    return permutable
      ? 'the column is unique: add "range: [least, greatest]" with all its values, which then change places'
      : `the column is unique, and "number" keeps that only in integers and decimals`;
  }
  if (unique && !permutable) return `the column is unique, and "range" keeps that only in integers and decimals`;
  const { least, size, scale } = unitsOf(kind, rule.range);
  if (size < 2n) return '"range" has no other number';
  if (size > WIDEST_RANGE) return '"range" has more than 2^64 numbers';
  const greatest = least + size - 1n;
  const fits =
    kind.is === "integer"
      ? least >= kind.min && greatest <= kind.max
      : kind.is !== "decimal" || digitsOf(least, greatest) <= kind.precision - kind.scale + scale || !permutable;
  return fits ? undefined : '"range" has numbers that the column does not hold';
}

function digitsOf(...numbers: bigint[]): number {
  return Math.max(...numbers.map((number) => number.toString().replace("-", "").length));
}

function notUnique(strategy: string): string {
  return `the column is unique, and "${strategy}" gives different values the same result; use "replace", "hash" or "nullify"`;
}

function nameOf(kind: Kind): string {
  if (kind.is === "opaque") return kind.type;
  return { bytes: "binary", json: "JSON", array: "an array" }[kind.is as string] ?? kind.is;
}

/** What would fit, where there is a plain answer. */
function insteadOf(kind: Kind): string {
  const others: Partial<Record<Kind["is"], string>> = {
    ...{ integer: '"replace" with "type: number"', decimal: '"replace" with "type: number"' },
    ...{
      float: '"replace" with "type: number"',
      uuid: '"replace" with "type: uuid"',
      inet: '"replace" with "type: ip"',
    },
    ...{ date: '"shift", or "replace" with "type: date"', timestamp: '"shift", or "replace" with "type: date"' },
    ...{ enum: '"replace" with "type: text"', set: '"replace" with "type: text"', boolean: '"redact" or "nullify"' },
    ...{ bytes: '"hash", "redact" or "nullify"', json: 'a "path", "hash" or "nullify"' },
    ...{ opaque: '"redact" or "nullify"', time: '"redact" or "nullify"' },
  };
  const other = others[kind.is];
  return other === undefined ? "" : `; use ${other}`;
}
