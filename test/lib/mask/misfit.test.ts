import { expect, test } from "bun:test";
import { misfitOf } from "../../../lib/mask/misfit.ts";
import { requestFor, type Wish } from "./source.ts";

const isUnique = true;

test.each<[string, Wish, string]>([
  ["character varying(8)", { strategy: "hash" }, '"hash" needs 16 characters, and the column has 8'],
  ["integer", { strategy: "hash" }, '"hash" gives hexadecimal text, and the column is integer'],
  ["binary(4)", { strategy: "hash", engine: "mysql" }, '"hash" needs 8 bytes'],
  ["integer", { strategy: "mask" }, '"mask" is for text, and the column is integer; use "replace" with "type: number"'],
  ["text", { strategy: "mask", isUnique }, '"mask" gives different values the same result'],
  ["text", { strategy: "redact", isUnique }, '"redact" gives different values the same result'],
  ["character varying(5)", { strategy: "redact", with: "[redacted]" }, 'what "with" says is no value for text'],
  ["integer", { strategy: "redact", with: "x" }, 'what "with" says is no value for integer'],
  ["mood", { strategy: "redact", with: "mad", labels: ["sad"] }, 'what "with" says is no value for enum'],
  ["mood", { strategy: "redact", labels: ["sad"] }, '"redact" needs "with"'],
  ["xml", { strategy: "redact" }, '"redact" needs "with", a value for xml'],
  ["bit(8)", { strategy: "redact", with: "b'0'", engine: "mysql" }, "write it as a decimal number"],
  ["bit(8)", { strategy: "redact", with: "256", engine: "mysql" }, 'what "with" says is no value for bit(8)'],
  ["point", { strategy: "redact", with: "POINT(0 0)", engine: "mysql" }, 'what "with" says is no value for point'],
  ["date", { strategy: "shift", days: 3, isUnique }, '"shift" gives different values the same result'],
  ["text", { strategy: "shift", days: 3 }, '"shift" moves dates and timestamps, and the column is text'],
  ["text", { type: "phone", isUnique }, 'fewer of "phone" than values; add "unique: suffix"'],
  ["character varying(10)", { type: "phone", unique: "suffix", isUnique }, '"unique: suffix" needs 14 characters'],
  ["bigint", { type: "phone", unique: "suffix", isUnique }, '"unique: suffix" is text, and the column is integer'],
  ["character varying(20)", { type: "email", isUnique }, "needs 26 characters, and it has 20"],
  ["character varying(22)", { type: "iban", isUnique }, "needs 31 characters, and it has 22"],
  ["character varying(15)", { type: "ip", isUnique }, "needs 39 characters"],
  ["inet4", { type: "ip", isUnique, engine: "mysql" }, "no room for an IPv6 address"],
  ["integer", { type: "number", isUnique }, 'add "range: [least, greatest]"'],
  ["double precision", { type: "number", isUnique }, '"number" keeps that only in integers and decimals'],
  ["smallint", { type: "number", range: [1, 40_000] }, '"range" has numbers that the column does not hold'],
  ["numeric(5,2)", { type: "number", range: [1, 1000] }, '"range" has numbers that the column does not hold'],
  ["integer", { type: "number", range: [7, 7] }, '"range" has no other number'],
  ["text", { type: "email", range: [1, 7] }, '"range" is for "type: number"'],
  ["integer", { type: "email" }, '"email" does not fit integer; use "replace" with "type: number"'],
  ["smallint", { type: "phone" }, '"phone" needs 7 digits'],
  ["integer", { type: "card" }, '"card" needs 16 digits'],
  ["uuid", { type: "text" }, 'use "replace" with "type: uuid"'],
  ["date", { type: "date", isUnique }, 'fewer of "date" than values'],
  ["mood", { type: "text", labels: ["sad"] }, "the enum has no other label"],
  ["boolean", { type: "text", isUnique }, "the column is unique"],
  ["jsonb", { type: "email" }, 'use a "path", "hash" or "nullify"'],
  ["jsonb", { type: "email", path: "a..b" }, "its path is none"],
  ["integer", { type: "number", path: "a" }, '"path" is for JSON, and the column is integer'],
  ["text[]", { type: "uuid", isUnique }, "arrays cannot be kept unique"],
  ["integer[]", { type: "email" }, '"email" does not fit integer'],
  ["text", { strategy: "replace" }, '"replace" needs "type"'],
])("%s with %p: refused", (type, wish, words) => {
  expect(misfitOf(requestFor(type, wish))).toContain(words);
});

test.each<[string, Wish]>([
  ["character varying(26)", { type: "email", isUnique }],
  ["character varying(14)", { type: "username", isUnique }],
  ["character varying(30)", { type: "phone", unique: "suffix", isUnique }],
  ["integer", { type: "number", range: [1, 2_147_483_647], isUnique }],
  ["numeric(5,2)", { type: "number", range: [0, 999.99], isUnique }],
  ["inet", { type: "ip", isUnique }],
  ["uuid", { type: "uuid", isUnique }],
  ["bytea", { strategy: "hash", isUnique }],
  ["jsonb", { strategy: "hash", isUnique }],
  ["jsonb", { strategy: "redact" }],
  ["numeric(15,0)", { type: "phone" }],
  ["text", { strategy: "keep", isUnique }],
  ["xml", { strategy: "nullify", isUnique }],
])("%s with %p: taken", (type, wish) => {
  expect(misfitOf(requestFor(type, wish))).toBeUndefined();
});
