import { quoteIdentifier, quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Kind } from "../../mask/kind.ts";
import type { Column } from "../../schema/model.ts";
import type { SelectMask } from "../row-masks.ts";

/** What the source sends instead of a column's value, as text. No part of it can fail, whatever the value is. */
export function selectMasked({ column, kind, rule, replacement }: SelectMask): string {
  const name = quoteIdentifier(column.name);
  // Not a cast: a boolean's text is "true" and a character(n)'s has no blanks at its end, other than in COPY.
  const raw = `pg_catalog.format('%s', ${name})`;
  const kept = rule.where === undefined ? "" : ` WHEN (${rule.where}\n) IS FALSE THEN ${raw}`;
  const masked =
    rule.strategy === "mask" ? padded(kind, maskedText(name, rule)) : redacted(column, kind, replacement ?? "");
  const change = rule.strategy === "nullify" ? "" : ` ELSE ${masked}`;
  return `CASE WHEN ${name} IS NULL THEN NULL${kept}${change} END`;
}

/** A character(n) is sent with its blanks. */
function padded(kind: Kind, text: string): string {
  return kind.is === "text" && kind.padded && Number.isFinite(kind.max)
    ? `pg_catalog.rpad(${text}, ${kind.max})`
    : text;
}

/** What replaces a value, as a value of the column's type prints. */
function redacted({ type }: Column, kind: Kind, text: string): string {
  if (kind.is === "bytes") return quoteLiteral(`\\x${Buffer.from(text).toString("hex")}`);
  return kind.is === "text" ? quoteLiteral(text) : `pg_catalog.format('%s', CAST(${quoteLiteral(text)} AS ${type}))`;
}

/** True where a row's value stays as it is. */
export function keepsRow(where: string): string {
  return `(${where}\n) IS FALSE`;
}

/** Every character but ASCII's punctuation, space and control characters; ranges go by code point, whatever the locale. */
const LETTERS = String.raw`[^\x01-/:-@[-\x60{-\x7f]`;

function maskedText(
  name: string,
  { keep_first = 0, keep_last = 0, mask_char = "*", keep_format }: SelectMask["rule"],
): string {
  const text = `${name}::pg_catalog.text`;
  const cover = (part: string) =>
    keep_format
      ? `pg_catalog.regexp_replace(${part}, ${quoteLiteral(LETTERS)}, ${quoteLiteral(mask_char.replace(/[\\&]/g, "\\$&"))}, 'g')`
      : `pg_catalog.repeat(${quoteLiteral(mask_char)}, pg_catalog.char_length(${part}))`;
  const kept = keep_first + keep_last;
  if (kept === 0) return cover(text);
  const middle = `pg_catalog.substr(${text}, ${keep_first + 1}, pg_catalog.char_length(${text}) - ${kept})`;
  const parts = [`pg_catalog.left(${text}, ${keep_first})`, cover(middle), `pg_catalog.right(${text}, ${keep_last})`];
  return `CASE WHEN ${3 * kept} > pg_catalog.char_length(${text}) THEN ${cover(text)} ELSE ${parts.join(" || ")} END`;
}
