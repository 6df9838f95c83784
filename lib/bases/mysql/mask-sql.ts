import { quoteIdentifier, quoteLiteral } from "../../engine/mysql/quote.ts";
import type { Kind } from "../../mask/kind.ts";
import { bytesOfBits } from "../../mask/redaction.ts";
import type { SelectMask } from "../row-masks.ts";
import { carriageOfType, columnValue } from "./columns.ts";

/** What the source sends instead of a column's value. No part of it can fail, whatever the value is. */
export function selectMasked({ column, kind, rule, replacement }: SelectMask): string {
  const name = quoteIdentifier(column.name);
  const carriage = carriageOfType(column.type);
  // A text's own character set may lack what replaces it, and the two would then not mix.
  const raw = carriage === "text" ? utf8(name) : columnValue({ name: column.name, carriage });
  const kept = rule.where === undefined ? "" : ` WHEN (${rule.where}\n) IS FALSE THEN ${raw}`;
  const masked = rule.strategy === "mask" ? maskedText(utf8(name), rule) : redacted(kind, replacement ?? "");
  const change = rule.strategy === "nullify" ? "" : ` ELSE ${masked}`;
  return `CASE WHEN ${name} IS NULL THEN NULL${kept}${change} END`;
}

/** JSON is sent as MySQL would print it, whatever white space was written; bits as the bytes of their number. */
function redacted(kind: Kind, text: string): string {
  const bits = bytesOfBits(kind, text);
  if (bits !== undefined) return `x'${bits}'`;
  return kind.is === "json" ? `CAST(${quoteLiteral(text)} AS JSON)` : quoteLiteral(text);
}

function utf8(name: string): string {
  return `CONVERT(${name} USING utf8mb4)`;
}

/** True where a row's value stays as it is. */
export function keepsRow(where: string): string {
  return `(${where}\n) IS FALSE`;
}

/** Every character but ASCII's punctuation, space and control characters; MySQL's ICU and MariaDB's PCRE both read it so. */
const LETTERS = String.raw`[^\x{01}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7f}]`;

function maskedText(
  text: string,
  { keep_first = 0, keep_last = 0, mask_char = "*", keep_format }: SelectMask["rule"],
): string {
  const cover = (part: string) =>
    keep_format
      ? `REGEXP_REPLACE(${part}, ${quoteLiteral(LETTERS)}, ${quoteLiteral(mask_char.replace(/[\\$]/g, "\\$&"))})`
      : `REPEAT(${quoteLiteral(mask_char)}, CHAR_LENGTH(${part}))`;
  const kept = keep_first + keep_last;
  if (kept === 0) return cover(text);
  const middle = `SUBSTRING(${text}, ${keep_first + 1}, CHAR_LENGTH(${text}) - ${kept})`;
  const parts = [`LEFT(${text}, ${keep_first})`, cover(middle), `RIGHT(${text}, ${keep_last})`];
  return `CASE WHEN ${3 * kept} > CHAR_LENGTH(${text}) THEN ${cover(text)} ELSE CONCAT(${parts.join(", ")}) END`;
}
