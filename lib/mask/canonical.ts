/**
 * What is drawn from: the message of every HMAC is a type tag, a zero byte, and canonical bytes. Equal values have
 * equal messages, in whichever table, database or engine they stand.
 *
 *   tag       canonical bytes                                                       of
 *   text      UTF-8 in NFC; for `replace` without blanks around it, and folded      every text, unless below
 *   number    shortest decimal, no exponent, no trailing zeros: 1e+20 is 1000…      integers, decimals, floats; numeric text
 *   boolean   0 or 1                                                                boolean, tinyint(1)
 *   date      ISO 8601, astronomical years: 1 BC is year 0000                       date
 *   instant   ISO 8601 in UTC, six digits of a second, Z: `2024-02-03T04:05:06.000000Z`   timestamps and datetimes
 *   uuid      lower case, dashes                                                    uuid; text and 16 bytes that are one
 *   inet      four numbers with dots, or eight groups of hex without leading zeros  inet; text and bytes that are one
 *   card, iban   as text, without any blank or dash                                 `replace card`, `replace iban`
 *   In a unique column networks keep their mask (`inet` 10.0.0.0/8), and texts that are a uuid, an address, a card or an
 *   account count as written: what no engine prints so is a text, and blanks and dashes stay.
 *   json      no white space, keys sorted, numbers as above, strings as JSON.stringify writes them   json without a path
 *   bytes     the bytes                                                             bytea, blob, binary
 *
 * What a date is shifted `by` is a text, folded; of what is none, the canonical bytes above behind the tag `text`, bytes as
 * \x and hexadecimal digits.
 *
 * Special values (zero dates, infinity, NaN) have no canonical form: a mask keeps and counts them.
 * The subkey is HMAC(key, "ditto mask 1" 00 "subkey" 00 purpose), the purpose `hash`, `shift` or `replace:` and the type;
 * `replace:` and the type and `:case` for the letter case of unusual spellings (spelling.ts); `replace:number:range` for a
 * permutation, whose messages are permutation.ts's. Booleans are drawn as `replace:boolean`, whatever the type. Bytes beyond the first 32 of a draw are HMAC(first 32, n) with
 * n = 1, 2, … as four bytes, the highest first. test/fixtures/mask/vectors.json has examples.
 */
import { bytesOf, dashed } from "./bytes.ts";
import { type Day, pad, parseDay } from "./calendar.ts";
import { type Fold, fold } from "./fold.ts";
import { canonicalJson } from "./json-canonical.ts";
import type { Engine, Kind } from "./kind.ts";
import { parseAddress, printAddress } from "./net.ts";
import { parseNumber, printNumber } from "./numbers.ts";

/** The text's message; `how` undefined for the exact text. */
export function textMessage(text: string, how?: Fold): string {
  return `text\0${how === undefined ? text.normalize("NFC") : fold(text, how)}`;
}

/** The message of a value in its engine's form, exactly as it is; undefined for a special value. */
export function messageOfValue(engine: Engine, kind: Kind, value: string): string | Uint8Array | undefined {
  switch (kind.is) {
    case "integer":
    case "decimal":
    case "float":
      return numberMessage(value);
    case "boolean":
      return `boolean\0${value === "t" || value === "true" || (parseNumber(value)?.digits ?? "0") !== "0" ? 1 : 0}`;
    case "date":
    case "timestamp":
      return dayMessage(value, kind.is);
    case "uuid":
      return uuidMessage(value);
    case "inet":
      return addressMessage(value);
    case "json":
      return `json\0${canonicalJson(value)}`;
    case "bytes":
      return Buffer.concat([Buffer.from("bytes\0"), bytesOf(engine, value)]);
    default:
      return textMessage(value);
  }
}

/**
 * The message of what a date is shifted `by`: always a text, of what is none its canonical bytes, so that a key is one in
 * every table and engine.
 */
export function entityMessage(engine: Engine, kind: Kind | undefined, by: string): string {
  const is = kind?.is ?? "text";
  if (kind?.is === "bytes") return `text\0\\x${bytesOf(engine, by).toString("hex")}`;
  if (kind?.is === "text" && kind.padded) return textMessage(by.replace(/ +$/, ""), "all");
  const message = kind === undefined || TEXTS.includes(is) ? undefined : messageOfValue(engine, kind, by);
  return typeof message === "string" ? `text\0${message.slice(message.indexOf("\0") + 1)}` : textMessage(by, "all");
}

/** Kinds whose values are texts as they stand. */
const TEXTS: Kind["is"][] = ["text", "time", "enum", "set", "array", "opaque"];

export function numberMessage(value: string): string | undefined {
  const number = parseNumber(value);
  return number && `number\0${printNumber(number)}`;
}

/** A MySQL date without month or day counts as the first of what it leaves open; one without a year is special. */
export function dayMessage(value: string, is: "date" | "timestamp"): string | undefined {
  const parsed = parseDay(value);
  return parsed && messageOfDay(parsed, is);
}

/** As {@link dayMessage}, of a value that was read. */
export function messageOfDay(parsed: Day, is: "date" | "timestamp"): string | undefined {
  if (parsed.month === 0 && parsed.day === 0 && parsed.year === 0) return undefined;
  const { year } = parsed;
  const shown = year < 0 ? `-${pad(-year, 4)}` : year > 9999 ? `+${year}` : pad(year, 4);
  const date = `${shown}-${pad(parsed.month || 1, 2)}-${pad(parsed.day || 1, 2)}`;
  if (is === "date") return `date\0${date}`;
  const [, time = "00:00:00", fraction = ""] = /^[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?/.exec(parsed.rest) ?? [];
  return `instant\0${date}T${time}.${fraction.padEnd(6, "0")}Z`;
}

export function uuidMessage(value: string): string | undefined {
  const hex = value.replace(/[-{}]/g, "").toLowerCase();
  return /^[\da-f]{32}$/.test(hex) ? `uuid\0${dashed(hex)}` : undefined;
}

export function addressMessage(value: string): string | undefined {
  const address = parseAddress(value);
  return address && `inet\0${printAddress(address)}`;
}
