import type { Draw } from "../draw.ts";
import type { Compose } from "./folded.ts";

const TEST_RANGE = "424242";
const USUAL_DIGITS = 16;

/** The digits of a test card: `count` of them, with Luhn's check digit. */
export function cardDigits(draw: Draw, count: number): string {
  const free = count - TEST_RANGE.length - 1;
  const body =
    TEST_RANGE +
    draw
      .belowBig(10n ** BigInt(free))
      .toString()
      .padStart(free, "0");
  return body + luhnDigit(body);
}

/** ISO/IEC 7812-1, annex B. */
function luhnDigit(body: string): number {
  let sum = 0;
  for (let i = body.length - 1, double = true; i >= 0; i--, double = !double) {
    const digit = Number(body[i]) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - (sum % 10)) % 10;
}

/** As many digits as the value has, grouped as they are there. */
export const card: Compose = ({ draw, folded, max }) => {
  const given = folded.replace(/\D/g, "").length;
  const isCard = /^[\d -]+$/.test(folded) && given >= 13 && given <= 19;
  if (!isCard || folded.length > max) return cardDigits(draw, Math.min(USUAL_DIGITS, max));
  const digits = cardDigits(draw, given);
  let at = 0;
  return folded.replace(/\d/g, () => digits[at++] as string);
};

/** A value without blanks and dashes, which say nothing in a card's or an account's number. */
export function compact(folded: string): string {
  return folded.replace(/[\s-]/g, "");
}

const LONG = 31;

/**
 * An account of the bank TEST, which there is not: in Malta's form (31 characters, 93 bits drawn), or in the British one
 * (22 characters, 46 bits) where the column takes no more.
 */
export const iban: Compose = ({ draw, exact, folded, max, spellCase }) => {
  const long = max >= LONG;
  const drawn = long
    ? draw
        .belowBig(36n ** 18n)
        .toString(36)
        .toUpperCase()
        .padStart(18, "0")
    : draw
        .belowBig(10n ** 14n)
        .toString()
        .padStart(14, "0");
  const country = long ? "MT" : "GB";
  const account = `TEST${long ? "00000" : ""}${drawn}`;
  const plain = `${country}${checkDigits(country, account)}${account}`;
  const grouped = plain.replace(/(.{4})(?!$)/g, "$1 ");
  const text = /^\S{4}\s/.test(folded) && grouped.length <= max ? grouped : plain;
  if (spellCase !== undefined && exact !== folded.toUpperCase()) return spellCase(text.toLowerCase(), exact, folded);
  return exact === exact.toUpperCase() ? text : text.toLowerCase();
};

/** ISO 13616: 98 less the number modulo 97. */
function checkDigits(country: string, account: string): string {
  const number = `${account}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return String(98n - (BigInt(number) % 97n)).padStart(2, "0");
}
