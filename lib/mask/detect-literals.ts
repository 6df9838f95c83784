import { isFirstName } from "./detect-first-names.ts";
import { type Form, formOf } from "./detect-values.ts";

/** A default, a check, a view, a function, a comment, an enum's labels, a partition's bounds; `object` names it in messages. */
export interface Definition {
  object: string;
  text: string;
}

/** An object whose definition holds something personal; the literal itself is never said. */
export interface LiteralFinding {
  object: string;
  why: string;
}

/** Names the objects whose definitions hold a literal that looks personal, or that is one of `masked`: sampled values of masked columns. */
export function findLiterals(definitions: readonly Definition[], masked: ReadonlySet<string>): LiteralFinding[] {
  return definitions.flatMap(({ object, text }) => {
    const pieces = [...new Set(piecesOf(text))];
    const reasons = new Set(pieces.flatMap((piece) => reasonsIn(piece, masked)));
    return [...reasons].map((why) => ({ object, why }));
  });
}

interface Piece {
  text: string;
  /** Quoted pieces are values; others are prose that may hold some. */
  quoted: boolean;
}

const QUOTED = /'((?:[^'\\]|''|\\.)*)'|"((?:[^"\\]|""|\\.)*)"|\$(\w*)\$([\s\S]*?)\$\3\$|--([^\n]*)|\/\*([\s\S]*?)\*\//g;
const DEEPEST = 3;

/** The strings and comments of an SQL text, also those inside other strings; and the text itself, which may be a comment or a label. */
function piecesOf(text: string, depth = 0): Piece[] {
  const pieces: Piece[] = depth === 0 ? [{ text, quoted: false }] : [];
  for (const [, single, double, , body, line, block] of text.matchAll(QUOTED)) {
    const comment = line ?? block;
    if (comment !== undefined) pieces.push({ text: comment, quoted: false });
    const value = single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? body;
    if (value === undefined || value === "") continue;
    pieces.push({ text: value.replace(/\\(.)/gs, "$1"), quoted: true });
    if (depth < DEEPEST && /['"$]/.test(value)) pieces.push(...piecesOf(value, depth + 1));
  }
  return pieces;
}

const SAYS: Partial<Record<Form, string>> = {
  email: "an e-mail address",
  phone: "a phone number",
  card: "a card number with a valid check digit",
  iban: "an IBAN with valid check digits",
  "identity number": "an identity number",
  ip: "an IP address",
  street: "a street address",
  secret: "a password hash, a key or a token",
  digest: "a digest",
  "url of a person": "the address of a profile",
};

/** What can be told from a longer text, where words around it prove nothing. */
const INSIDE: [RegExp, Form][] = [
  [/[\p{L}\p{N}][\p{L}\p{N}._%+-]*@[\p{L}\p{N}][\p{L}\p{N}-]*(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu, "email"],
  [/\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b/g, "iban"],
  [/(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/g, "identity number"],
  [/(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])/g, "card"],
  [/(?<!\w)\+\d[\d ()/-]{8,18}\d\b/g, "phone"],
];

/** Credentials in connection strings and in commands that set one. */
const CREDENTIALS = /\b(?:password|passwd|pwd)\s*=\s*'?[^\s;'"$%{]{3,}|:\/\/[^\s:/@]+:[^\s:/@]+@/i;

function reasonsIn({ text, quoted }: Piece, masked: ReadonlySet<string>): string[] {
  const reasons: string[] = [];
  const whole = text.trim();
  const form = quoted ? formOf(whole) : undefined;
  const says = form === undefined || isNobodys(whole, form) ? undefined : SAYS[form];
  if (says !== undefined) reasons.push(`a literal has the form of ${says}`);
  for (const [pattern, inner] of INSIDE) {
    const found = text.match(pattern)?.some((match) => formOf(match.trim()) === inner && !isNobodys(match, inner));
    if (found) reasons.push(`a literal has the form of ${SAYS[inner]}`);
  }
  if (quoted && CREDENTIALS.test(whole)) reasons.push("a literal holds credentials");
  if (quoted ? isTelling(whole) && masked.has(whole) : holdsMasked(text, masked)) {
    reasons.push("a literal equals a sampled value of a masked column");
  }
  return reasons;
}

const RESERVED_DOMAIN = /(?:@|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local|localdomain)$/i;
const RESERVED_IP =
  /^(?:0|10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168|192\.0\.2|198\.51\.100|203\.0\.113|22[4-9]|2[345]\d)\.|^(?:::1?(?:\/|$)|fe80|f[cd]|2001:db8|ff)|^\d+\.0\.0\.0|\.0\.0$/i;
/** Fewer different digits than this are a placeholder: `+99 999 999`, `4111 1111 1111 1111`. */
const DIFFERENT_DIGITS = 4;

/** Addresses that are reserved, and placeholders. */
function isNobodys(text: string, form: Form): boolean {
  if (form === "email") return RESERVED_DOMAIN.test(text);
  if (form === "ip") return RESERVED_IP.test(text);
  if (form === "phone" || form === "card") return new Set(text.replace(/\D/g, "")).size < DIFFERENT_DIGITS;
  return false;
}

/** Dates, short numbers and plain words stand in definitions for reasons of their own. */
function isTelling(text: string): boolean {
  if (text.length < 3 || /^\d{1,5}$/.test(text) || /^\d{4}-\d\d-\d\d/.test(text)) return false;
  return /^[a-z]+$/.test(text) ? isFirstName(text) : true;
}

/** Longer values are not looked for word by word. */
const MOST_WORDS = 4;

/** In prose: values of several words, or of one that is no plain word. */
function holdsMasked(text: string, masked: ReadonlySet<string>): boolean {
  if (masked.size === 0) return false;
  const words = [...text.matchAll(/[^\s,;:()[\]{}<>"'`=]+/g)];
  return words.some(({ index }, at) =>
    words.slice(at, at + MOST_WORDS).some((last, more) => {
      const span = text.slice(index, last.index + last[0].length).replace(/[.!?]+$/, "");
      return (more > 0 || /^(?=.{6})(?=.*[\d@])/.test(span)) && isTelling(span) && masked.has(span);
    }),
  );
}
