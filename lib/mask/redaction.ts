import { dayOf, daysOf, parseDay } from "./calendar.ts";
import { uuidMessage } from "./canonical.ts";
import { scanJson } from "./json-scan.ts";
import type { Kind } from "./kind.ts";
import { parseAddress } from "./net.ts";
import { parseNumber } from "./numbers.ts";

const USUAL = "[redacted]";

/** What `redact` puts into a column: `with`, else what its kind has for nothing; undefined where that does not fit. */
export function redactionOf(kind: Kind, written: string | undefined): string | undefined {
  const text = written ?? defaultOf(kind);
  if (text === undefined || !fits(kind, text)) return undefined;
  // The form that both engines read.
  return kind.is === "boolean" ? String(Number(/^(t|true|1)$/.test(text))) : text;
}

/** The length of MySQL's bit(n); undefined for other types. */
export function bitsOf(kind: Kind): number | undefined {
  const bits = kind.is === "opaque" ? /^bit(?:\((\d+)\))?$/i.exec(kind.type) : null;
  return bits === null ? undefined : Number(bits[1] ?? 1);
}

/** A decimal number as the bytes that a bit(n) holds, in hexadecimal; undefined for anything else. */
export function bytesOfBits(kind: Kind, text: string): string | undefined {
  const bits = bitsOf(kind);
  if (bits === undefined || !/^\d*$/.test(text) || BigInt(text) >= 1n << BigInt(bits)) return undefined;
  return BigInt(text)
    .toString(16)
    .padStart(2 * Math.ceil(bits / 8), "0");
}

function defaultOf(kind: Kind): string | undefined {
  switch (kind.is) {
    case "text":
      return kind.max >= USUAL.length ? USUAL : "";
    case "integer":
      return String(kind.min > 0n ? kind.min : 0n);
    case "decimal":
    case "float":
      return "0";
    case "boolean":
      return "false";
    case "date":
      return "1970-01-01";
    case "timestamp":
      // MySQL's timestamp begins with the first second of 1970-01-01.
      return "1970-01-02 00:00:00";
    case "time":
      return "00:00:00";
    case "uuid":
      return "00000000-0000-0000-0000-000000000000";
    case "inet":
      return "192.0.2.0";
    case "json":
      return `"${USUAL}"`;
    case "bytes":
    case "set":
      return "";
    case "array":
      return "{}";
    default:
      return undefined;
  }
}

function fits(kind: Kind, text: string): boolean {
  switch (kind.is) {
    case "text":
      return Array.from(text).length <= kind.max;
    case "integer": {
      const number = parseNumber(text);
      if (number === undefined || number.scale > 0) return false;
      const units = BigInt(number.digits) * (number.negative ? -1n : 1n);
      return units >= kind.min && units <= kind.max;
    }
    case "decimal": {
      const number = parseNumber(text);
      return number !== undefined && number.digits.length - number.scale <= kind.precision - kind.scale;
    }
    case "float":
      return parseNumber(text) !== undefined;
    case "boolean":
      return /^(true|false|t|f|0|1)$/.test(text);
    case "date":
    case "timestamp":
      return isDay(text);
    case "time":
      return /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text);
    case "uuid":
      return uuidMessage(text) !== undefined;
    case "inet":
      return parseAddress(text) !== undefined;
    case "json":
      return scanJson(text) !== undefined;
    case "bytes":
      return Buffer.byteLength(text) <= kind.max;
    case "enum":
      return kind.labels.includes(text);
    case "set":
      return text === "" || text.split(",").every((label) => kind.labels.includes(label));
    case "array":
      return /^\{.*\}$/s.test(text);
    default:
      return true;
  }
}

function isDay(text: string): boolean {
  const parsed = parseDay(text);
  return parsed !== undefined && dayOf(daysOf(parsed)).day === parsed.day && parsed.month > 0;
}
