import { entropyOf, isCard, isIban, isIdentityNumber } from "./detect-checks.ts";
import { isFirstName } from "./detect-first-names.ts";

/** What a value looks like by itself. `inside` forms stand in a longer text. */
export type Form =
  | "email"
  | "email inside"
  | "phone"
  | "card"
  | "iban"
  | "identity number"
  | "ip"
  | "street"
  | "secret"
  | "digest"
  | "json"
  | "row"
  | "person"
  | "url of a person"
  | "free text";

/** How many of a column's samples have each form. */
export interface Forms {
  /** Samples that are neither NULL nor blank. */
  total: number;
  /** Different values; more than {@link MANY} are not told apart. */
  distinct: number;
  counts: Map<Form, number>;
}

/** More of a value than this tells nothing new. */
const LOOKED_AT = 2_000;
/** Beyond this a value is text, a document or a key, and no name or number. */
const SHORT = 80;

export const MANY = 5;

/** Judges every sample. */
export function countForms(samples: readonly (string | null)[]): Forms {
  const counts = new Map<Form, number>();
  const distinct = new Set<string>();
  let total = 0;
  for (const sample of samples) {
    if (sample === null || sample === "") continue;
    total++;
    if (distinct.size <= MANY) distinct.add(sample);
    const form = formOf(sample);
    if (form !== undefined) counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  return { total, distinct: distinct.size, counts };
}

const EMAIL = /^[\p{L}\p{N}][\p{L}\p{N}._%+'&/=-]*@[\p{L}\p{N}][\p{L}\p{N}.-]*\.\p{L}{2,}$/u;
const EMAIL_INSIDE = /[\p{L}\p{N}][\p{L}\p{N}._%+-]*@[\p{L}\p{N}][\p{L}\p{N}-]*(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/u;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}(\/\d\d?)?$/;
const IPV6 = /^(?=.*:.*:)[\da-f]{0,4}(:[\da-f]{0,4}){2,7}(\/\d{1,3})?$/i;
/** With +, a trunk 0 and a separator, or the North American grouping: bare digits are numbers of anything. */
const PHONE =
  /^(\+\d[\d ()./-]{7,18}\d|00[1-9][\d ()/-]{8,18}|\(?0\d{1,5}\)?[ /.-]\d[\d /.-]{3,12}\d|\(\d{1,5}\) ?\d[\d .-]{4,12}\d|(1[ .-])?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}( ?x\d+)?)$/;
const DATE_LIKE = /^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}($|[ T])/;
const STREET =
  /^(\d{1,5} ?[a-z]?,? (bis |ter )?(rue|avenue|av\.?|boulevard|bd|place|chemin|impasse|allee|allée|quai|route|cours)\b|(calle|avenida|avda\.?|plaza|paseo|carrer|via|viale|piazza|corso|largo|rua|travessa|praça|praca)\.? \p{L}|\d{1,6} [\p{L}\d. '-]{2,40}\b(street|st|avenue|ave|road|rd|drive|dr|lane|ln|way|boulevard|blvd|court|ct|place|pl|square|sq|terrace|parkway|pkwy|circle|highway|hwy|manor|loop|trail|crescent|close|grove)\b|[\p{L}. '-]{2,40}(stra(ß|ss)e|str\.|weg|platz|gasse|allee|ring|damm|ufer|straat|laan|plein|gracht|kade) ?\d{1,4} ?[a-z]?\b)/iu;
const KNOWN_SECRET =
  /^(\$(2[abxy]|argon2\w*|pbkdf2\w*|[156y]|scrypt|P|H)\$|\{S?SHA\d*\}|pbkdf2[_:]|bcrypt|scrypt:|SCRAM-SHA-|eyJ[\w-]{8,}\.[\w-]+|(sk|pk|rk|whsec)_(live|test)?_?\w{8,}|gh[opsu]_\w{20,}|github_pat_|glpat-|xox[abpr]-|AKIA[A-Z\d]{16}|AIza[\w-]{30,}|ya29\.|SG\.|-----BEGIN [A-Z ]*PRIVATE KEY)/;
const PROFILE = /^https?:\/\/([\w-]+\.)?(linkedin|facebook|twitter|x|instagram|github|gravatar|tiktok|xing)\.com\/./;
const UUID = /^\{?[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}\}?$/i;

interface Characters {
  digits: number;
  lower: number;
  upper: number;
  blanks: number;
  colons: number;
  dots: number;
  others: number;
}

/** The form of one value, or undefined when it is nothing special. */
export function formOf(value: string): Form | undefined {
  const first = value.charCodeAt(0);
  if ((first === OPEN_BRACE || first === OPEN_BRACKET) && isJson(value)) return "json";
  if (first === OPEN_PARENTHESIS && value.endsWith(")") && value.includes(",") && !value.includes(", ")) return "row";
  const text = value.length > LOOKED_AT ? value.slice(0, LOOKED_AT) : value;
  if (text.includes("@")) {
    if (EMAIL.test(text)) return "email";
    if (EMAIL_INSIDE.test(text)) return "email inside";
  }
  return text.length > SHORT && text.includes(" ") ? formOfLong(text) : formOfShort(text);
}

function formOfLong(text: string): Form | undefined {
  if (KNOWN_SECRET.test(text)) return "secret";
  return isProse(text) ? "free text" : undefined;
}

/** Five blanks or more. */
function isProse(text: string): boolean {
  let at = -1;
  for (let blanks = 0; blanks < 5; blanks++) {
    at = text.indexOf(" ", at + 1);
    if (at === -1) return false;
  }
  return true;
}

function formOfShort(text: string): Form | undefined {
  const has = countCharacters(text);
  if (has.digits > 0) {
    const form = formOfNumber(text, has);
    if (form !== undefined) return form;
    if (has.blanks > 0 && has.blanks < 9 && has.lower + has.upper > 2 && STREET.test(text)) return "street";
  }
  if (has.blanks === 0) return formOfWord(text, has);
  if (text.length >= 40 && has.blanks >= 5) return "free text";
  return has.digits === 0 && has.others < 4 && text.length < 50 && isPerson(text) ? "person" : undefined;
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const OPEN_PARENTHESIS = 0x28;

const [OTHER, DIGIT, LOWER, UPPER, BLANK, COLON, DOT] = [0, 1, 2, 3, 4, 5, 6];

/** The class of each character below U+00C0; beyond are letters. */
const CLASSES = Uint8Array.from({ length: 0xc0 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[a-z]/.test(character)) return LOWER;
  if (/[A-Z]/.test(character)) return UPPER;
  return { " ": BLANK, "\n": BLANK, ":": COLON, ".": DOT }[character] ?? OTHER;
});

/** One pass that spares most values most patterns. */
function countCharacters(text: string): Characters {
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const kind = CLASSES[text.charCodeAt(at)] ?? LOWER;
    counts[kind] = (counts[kind] as number) + 1;
  }
  const [others, digits, lower, upper, blanks, colons, dots] = counts as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { others, digits, lower, upper, blanks, colons, dots };
}

/** Forms that are mostly digits. */
function formOfNumber(text: string, has: Characters): Form | undefined {
  if (text.length > 50) return undefined;
  if (has.dots === 3 && has.lower + has.upper === 0 && IPV4.test(text)) return "ip";
  if (has.colons > 1 && text.length > 5 && (has.colons === 7 || text.includes("::")) && IPV6.test(text)) return "ip";
  if (has.digits >= 6 && text.length <= 21 && isIdentityNumber(text)) return "identity number";
  if (has.digits >= 12 && has.lower + has.upper === 0 && isCard(text)) return "card";
  if (has.upper >= 2 && has.lower === 0 && text.length >= 15 && isIban(text)) return "iban";
  if (has.digits >= 7 && has.lower + has.upper < 2 && PHONE.test(text) && !DATE_LIKE.test(text)) return "phone";
  return undefined;
}

function formOfWord(text: string, has: Characters): Form | undefined {
  if (has.digits === 0 && has.others === 0 && text.length < 20) return isFirstName(text) ? "person" : undefined;
  if (has.colons > 0 && PROFILE.test(text)) return "url of a person";
  if (text.length < 16) return undefined;
  if (KNOWN_SECRET.test(text)) return "secret";
  if (UUID.test(text)) return undefined;
  if (/^[\da-f]+$/i.test(text))
    return text.length >= 32 && has.digits > 4 && has.digits < text.length ? "digest" : undefined;
  if (!/^[\w+/=.~-]+$/.test(text) || has.dots > 2 || text.length < 20 || text.length > 500) return undefined;
  const mixed = has.digits >= 2 && has.lower >= 4 && has.upper >= 4;
  return mixed && changesOf(text) > text.length * 0.33 && entropyOf(text) > 3.7 ? "secret" : undefined;
}

/** How often small letters, capitals and digits take turns; a capital that begins a word is none, so that names of code have few. */
function changesOf(text: string): number {
  return text.match(/(?<=[a-z])[^a-z]|(?<=[A-Z])\d|(?<=\d)\D/g)?.length ?? 0;
}

function isJson(text: string): boolean {
  if (text.length < 5) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

/** Two to four words, one of them a common first name. */
function isPerson(text: string): boolean {
  const words = text.split(/[ ,]+/);
  return words.length >= 2 && words.length <= 4 && words.some(isFirstName);
}
