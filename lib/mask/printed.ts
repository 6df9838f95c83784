import { uuidMessage } from "./canonical.ts";
import type { Engine, Kind } from "./kind.ts";
import { parseAddress, printAddress } from "./net.ts";
import { type ExactNumber, parseNumber, printNumber } from "./numbers.ts";
import { printFloat } from "./print-float.ts";

/**
 * A value in the form in which its engine will print it again: what leaves a mask is compared with what the base holds.
 * Bytes are given as the engine's text of them. What can't be read as its kind stays as it is.
 */
export function printedAs(engine: Engine, kind: Kind): (text: string) => string {
  switch (kind.is) {
    case "text":
      return kind.padded ? (text) => padText(engine, text, kind.max) : asItIs;
    case "bytes":
      return kind.padded ? (text) => text.padEnd(kind.max, "\0") : asItIs;
    case "integer":
      return numbersAs((number) => printNumber(number).padStart(kind.digits ?? 0, "0"));
    case "decimal":
      return Number.isFinite(kind.scale) ? numbersAs((number) => printNumber(number, kind.scale)) : asItIs;
    case "float":
      return numbersAs((number) => printFloat(engine, kind, Number(printNumber(number))));
    case "boolean":
      return (text) => printBoolean(engine, text);
    case "timestamp":
    case "time":
      return kind.fraction ? (text) => withFraction(text, kind.fraction as number) : asItIs;
    case "uuid":
      return (text) => uuidMessage(text)?.slice("uuid\0".length) ?? text;
    case "inet":
      return (text) => printInet(engine, kind, text);
    case "set":
      return (text) => kind.labels.filter((label) => text.split(",").includes(label)).join(",");
    default:
      return asItIs;
  }
}

const asItIs = (text: string) => text;

/** NaN and infinity are no numbers and stay. */
function numbersAs(print: (number: ExactNumber) => string): (text: string) => string {
  return (text) => {
    const number = parseNumber(text);
    return number === undefined ? text : print(number);
  };
}

/** Postgres fills character(n) up with blanks, MySQL leaves those at its end out. */
function padText(engine: Engine, text: string, max: number): string {
  const bare = text.replace(/ +$/, "");
  if (engine === "mysql" || !Number.isFinite(max)) return bare;
  return bare + " ".repeat(Math.max(0, max - Array.from(bare).length));
}

function printBoolean(engine: Engine, text: string): string {
  const yes = /^(t|true|1)$/.test(text);
  if (engine === "mysql") return yes ? "1" : "0";
  return yes ? "t" : "f";
}

/** MySQL prints as many digits of a second as the column keeps. */
function withFraction(text: string, places: number): string {
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(places, "0").slice(0, places)}`;
}

function printInet(engine: Engine, kind: Kind & { is: "inet" }, text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  const mask = /\/\d+$/.exec(text)?.[0] ?? (kind.network ? `/${address.length * 8}` : "");
  if (address.length === 16) return `${shortest(printAddress(address))}${mask}`;
  return `${engine === "mysql" && !kind.four ? "::ffff:" : ""}${printAddress(address)}${mask}`;
}

/** The first of the longest runs of noughts left out, as inet_ntop of the C library does. */
function shortest(address: string): string {
  const runs = [...address.matchAll(/(?<![\da-f])0(?::0)+(?![\da-f])/g)];
  const longest = runs.reduce<RegExpMatchArray | undefined>(
    (best, run) => (best === undefined || run[0].length > best[0].length ? run : best),
    undefined,
  );
  if (longest?.index === undefined) return address;
  const end = longest.index + longest[0].length;
  return `${address.slice(0, longest.index).replace(/:$/, "")}::${address.slice(end).replace(/^:/, "")}`;
}
