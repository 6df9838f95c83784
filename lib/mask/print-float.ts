import type { Engine } from "./kind.ts";

/** What a float's column is: of single precision, and with MySQL's `(M,D)` of so many places. */
export interface FloatShape {
  single?: boolean;
  scale?: number;
}

/** From which power of ten an engine writes no exponent, and up to which: MySQL beyond it too where a fraction is left. */
const PLAIN = { postgres: { single: [-4, 6], double: [-4, 15] }, mysql: [-15, 15] } as const;

/**
 * A number as the engine prints its nearest float: the shortest digits that mean it. MySQL's FLOAT is given as the double
 * that it stands for, because it prints only six of its digits itself (see `canonicalFloat`).
 */
export function printFloat(engine: Engine, { single = false, scale }: FloatShape, number: number): string {
  const value = single ? Math.fround(number) : number;
  if (scale !== undefined) return value.toFixed(scale);
  if (value === 0) return "0";
  const { digits, power } = shortestOf(value, {
    single: single && engine === "postgres",
    strictly: engine === "postgres",
  });
  const [from, to] = engine === "mysql" ? PLAIN.mysql : PLAIN.postgres[single ? "single" : "double"];
  const sign = value < 0 ? "-" : "";
  const hasFraction = engine === "mysql" && digits.length > power + 1;
  if (power >= from && (power < to || hasFraction)) return sign + plain(digits, power);
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${sign}${mantissa}e${exponent(engine, power)}`;
}

/**
 * The fewest digits that are read as this number again, and the power of ten of the first; `strictly`, where digits that
 * are as far from it as from its neighbour don't count.
 */
export function shortestOf(value: number, { single, strictly = false }: Precision): { digits: string; power: number } {
  const size = Math.abs(value);
  const round = single ? Math.fround : Number;
  for (let places = 0; ; places++) {
    const text = size.toExponential(places);
    const means = round(Number(text)) === size && !(strictly && isHalfway(text, size, single));
    if (places < MOST_PLACES && !means) continue;
    const [mantissa = "", power = "0"] = evenly(text, size, places).split("e");
    return { digits: mantissa.replace(".", "").replace(/(?<=.)0+$/, ""), power: Number(power) };
  }
}

interface Precision {
  single: boolean;
  strictly?: boolean;
}

const MOST_PLACES = 16;
const ALL_PLACES = 100;

/** Between two numbers of so many digits the one with an even last digit is written; JavaScript takes the greater. */
function evenly(text: string, value: number, places: number): string {
  const longer = value.toExponential(places + 1);
  const [digits = "", power = ""] = longer.split("e");
  if (!digits.endsWith("5") || places === 0 || Number(digits.at(-2)) % 2 !== 0) return text;
  const exact = value.toExponential(ALL_PLACES).split("e")[0] ?? "";
  return /^0*$/.test(exact.slice(digits.length)) && exact.startsWith(digits) ? `${digits.slice(0, -1)}e${power}` : text;
}

/** Only of great whole numbers such digits can be few. */
function isHalfway(text: string, value: number, single: boolean): boolean {
  const bits = single ? 24 : 53;
  if (value < 2 ** bits) return false;
  const [mantissa = "", power = "0"] = text.split("e");
  const digits = mantissa.replace(".", "");
  const written = BigInt(digits) * 10n ** BigInt(Math.max(0, Number(power) - digits.length + 1));
  const exact = BigInt(value);
  const distance = written > exact ? written - exact : exact - written;
  return distance > 0n && 2n * distance === 1n << BigInt(exact.toString(2).length - bits);
}

function plain(digits: string, power: number): string {
  if (power < 0) return `0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  const fraction = digits.slice(power + 1);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Postgres writes a sign and two digits at least. */
function exponent(engine: Engine, power: number): string {
  if (engine === "mysql") return String(power);
  return `${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
