import { DittoError } from "../../kit/errors.ts";
import { type Draw, drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { Kind } from "../kind.ts";
import { type ExactNumber, parseNumber, printNumber } from "../numbers.ts";
import { permutationOf } from "../permutation.ts";
import type { MaskRequest } from "../request.ts";
import { floatOf } from "./float.ts";
import { longest, messageOr } from "./folded.ts";

const TEXT_DIGITS = 18;
/** In a text an exponent would make a number longer than its column. */
const PLAIN = /^\s*[+-]?\d+(?:\.\d+)?\s*$/;
const NO_NUMBER = /^-?(?:nan|inf(?:inity)?)$/i;

/** As many digits as the number has, its sign and its scale; with a `range`, a keyed permutation of that. */
export function replaceNumber(request: MaskRequest, key: MaskKey): (value: string) => string {
  const draw = drawFrom(key.subkey("replace:number"));
  const ranged = request.rule.range === undefined ? undefined : permute(request, key, request.rule.range);
  return (value) => {
    const number = request.kind.is === "text" && !PLAIN.test(value) ? undefined : parseNumber(value.trim());
    if (number === undefined) return replaceOther(request, draw, value);
    if (isSpecial(request.kind, number)) return value;
    const permuted = ranged?.(number);
    if (permuted !== undefined) return print(request.kind, permuted, value);
    const exactly = request.kind.is === "float" ? floatOf(request.kind, number) : number;
    draw.start(`number\0${printNumber(exactly)}`);
    const drawn = ranged === undefined ? drawLike(draw, request.kind, exactly) : drawWithin(draw, request);
    return print(request.kind, drawn, value);
  };
}

/** MySQL's year 0000. */
function isSpecial(kind: Kind, number: ExactNumber): boolean {
  return kind.is === "integer" && number.digits === "0" && kind.min > 0n;
}

/** NaN and infinity are kept in a number's column; anything else gets digits. */
function replaceOther(request: MaskRequest, draw: Draw, value: string): string {
  if (request.kind.is !== "text" && NO_NUMBER.test(value)) return value;
  draw.start(messageOr(undefined, value, request));
  const length = Math.min(TEXT_DIGITS, longest(request), Math.max(1, value.length));
  return draw
    .belowBig(10n ** BigInt(length))
    .toString()
    .padStart(length, "0");
}

function drawLike(draw: Draw, kind: Kind, number: ExactNumber): ExactNumber {
  const [least, greatest] = boundsOf(kind, number);
  const given = BigInt(number.digits) * (number.negative ? -1n : 1n);
  const count = greatest - least + 1n;
  const next = count < 2n ** 31n ? () => BigInt(draw.below(Number(count))) : () => draw.belowBig(count);
  let drawn = given;
  while (drawn === given) drawn = least + next();
  return exact(drawn, number.scale);
}

/** The numbers with as many digits, as far as the type has two of them. */
function boundsOf(kind: Kind, { digits, negative }: ExactNumber): [bigint, bigint] {
  const power = 10n ** BigInt(digits.length - 1);
  const least = digits.length === 1 ? 0n : power;
  const [from, to] = negative ? [1n - power * 10n, -power] : [least, power * 10n - 1n];
  if (kind.is !== "integer") return [from, to];
  const [low, high] = [from > kind.min ? from : kind.min, to < kind.max ? to : kind.max];
  return high > low ? [low, high] : [kind.min > 0n ? kind.min : 0n, kind.max];
}

/** A number in the column's own form: its scale, or the places or leading zeros that the value has. */
function print(kind: Kind, number: ExactNumber, value: string): string {
  if (kind.is === "decimal" && Number.isFinite(kind.scale)) return printNumber(number, kind.scale);
  if (kind.is === "decimal") return printNumber(number, /\.(\d+)$/.exec(value)?.[1]?.length ?? 0);
  if (kind.is === "text" && /^\s*0\d+\s*$/.test(value)) return number.digits.padStart(value.trim().length, "0");
  return printNumber(number);
}

/** The permutation of a range; undefined for a number out of it, which only a column that need not be unique may hold. */
function permute(request: MaskRequest, key: MaskKey, range: [number, number]) {
  const { least, size, scale } = unitsOf(request.kind, range);
  const permutation = permutationOf(key.subkey("replace:number:range"), size);
  return (number: ExactNumber): ExactNumber | undefined => {
    const at = toUnits(number, scale) - least;
    if (number.scale <= scale && at >= 0n && at < size) return exact(least + permutation(at), scale);
    if (!request.unique) return undefined;
    const { table, column } = request.rule;
    throw new DittoError(`Cannot mask ${table}.${column}: it has values out of the rule's range`, {
      code: "MASK_RANGE",
      hint: `The column is unique, so its values change places within the range. Widen range: [${range.join(", ")}]`,
    });
  };
}

function drawWithin(draw: Draw, { kind, rule }: MaskRequest): ExactNumber {
  const { least, size, scale } = unitsOf(kind, rule.range ?? [0, 1]);
  return exact(least + draw.belowBig(size), scale);
}

/** A range in the smallest steps that the column keeps. */
export function unitsOf(kind: Kind, range: [number, number]): { least: bigint; size: bigint; scale: number } {
  const scale = kind.is === "decimal" && Number.isFinite(kind.scale) ? kind.scale : 0;
  const [least, greatest] = range.map((end) => toUnits(parseNumber(String(end)) ?? ZERO, scale));
  return { least: least ?? 0n, size: (greatest ?? 0n) - (least ?? 0n) + 1n, scale };
}

const ZERO: ExactNumber = { negative: false, digits: "0", scale: 0 };

function toUnits({ digits, negative, scale }: ExactNumber, units: number): bigint {
  const size = BigInt(digits + "0".repeat(Math.max(0, units - scale))) / 10n ** BigInt(Math.max(0, scale - units));
  return negative ? -size : size;
}

function exact(units: bigint, scale: number): ExactNumber {
  const digits = (units < 0n ? -units : units).toString();
  return { negative: units < 0n, digits, scale };
}
