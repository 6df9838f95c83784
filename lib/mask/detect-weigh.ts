import type { What } from "./detect-phrases.ts";
import type { Form, Forms } from "./detect-values.ts";
import { splitWords } from "./detect-words.ts";

/** What speaks for a column being personal. */
export interface Verdict {
  what: What;
  why: string;
  /** So many values have the form that it beats what the name says. */
  certain?: boolean;
  /** Text that holds JSON: its paths are to be looked at. */
  json?: boolean;
}

interface Evidence {
  form: Form;
  what: What;
  says: string;
  /** The share of the samples that it takes. */
  share: number;
  /** How many it takes at least, of a sample that has them. */
  least: number;
}

/** Ordered: the first that has enough counts. Low shares belong to forms that hardly come by chance. */
const EVIDENCE: Evidence[] = [
  { form: "email", what: "email", says: "have the form of an e-mail address", share: 0.5, least: 1 },
  { form: "iban", what: "iban", says: "are an IBAN with valid check digits", share: 0.2, least: 1 },
  {
    form: "identity number",
    what: "identity number",
    says: "have the form of an identity number",
    share: 0.3,
    least: 2,
  },
  { form: "card", what: "card", says: "are card numbers with a valid check digit", share: 0.5, least: 2 },
  { form: "secret", what: "secret", says: "have the form of a password hash, a key or a token", share: 0.3, least: 1 },
  { form: "phone", what: "phone", says: "have the form of a phone number", share: 0.5, least: 2 },
  { form: "ip", what: "ip", says: "are IP addresses", share: 0.5, least: 1 },
  { form: "street", what: "address", says: "have the form of a street address", share: 0.3, least: 2 },
  { form: "person", what: "name", says: "are names of persons", share: 0.4, least: 4 },
  { form: "url of a person", what: "url", says: "are addresses of profiles", share: 0.3, least: 1 },
  { form: "row", what: "opaque", says: "have the form of a whole row", share: 0.7, least: 2 },
  { form: "digest", what: "secret", says: "have the form of a digest", share: 0.7, least: 2 },
  { form: "email", what: "free text", says: "hold an e-mail address", share: 0, least: 1 },
  { form: "email inside", what: "free text", says: "hold an e-mail address", share: 0, least: 1 },
  { form: "free text", what: "free text", says: "are free text", share: 0.3, least: 2 },
];

/** Beyond this share the values are believed before the name. */
const CERTAIN = 0.8;
const CERTAIN_FORMS: Form[] = ["email", "iban", "card", "ip"];

interface Bearing {
  column?: string;
  /** The table is about things: what describes those is no text about people. */
  things?: boolean;
  only?: Form[];
}

/** The strongest evidence in the sampled values, or undefined. */
export function weigh(
  { total, counts }: Forms,
  { column = "", things = false, only }: Bearing = {},
): Verdict | undefined {
  if (total === 0) return undefined;
  const json = counts.get("json") ?? 0;
  if (only === undefined && json / total >= 0.7) return { what: "opaque", why: "its values are JSON", json: true };
  for (const { form, what, says, share, least } of EVIDENCE) {
    const count = counts.get(form) ?? 0;
    if (count === 0 || count / total < share || count < Math.min(least, total)) continue;
    if (only !== undefined && !only.includes(form)) continue;
    if (form === "digest" && isOfContent(column)) continue;
    if (form === "ip" && splitWords(column).includes("version")) continue;
    if (form === "free text" && things) continue;
    const certain = count / total >= CERTAIN && CERTAIN_FORMS.includes(form);
    return { what, why: `${count} of ${total} sampled values ${says}`, certain };
  }
  return undefined;
}

const OF_CONTENT = new Set([
  "checksum",
  "etag",
  "commit",
  "digest",
  "sha",
  "md",
  "content",
  "file",
  "blob",
  "image",
  "revision",
  "crc",
]);

/** Digests of files and of code are nobody's. */
function isOfContent(column: string): boolean {
  return splitWords(column).some((word) => OF_CONTENT.has(word));
}

const OF_BUSINESS = new Set(
  `hire hired hiring join joined start started begin end ended from to create created update updated modify modified delete deleted change changed
  since until valid expire expiry due order shipped paid payment registered register signup login visit seen contract entry exit eintritt austritt
  embauche alta baja ingreso entrada effective last next`.split(/\s+/),
);

const FIRST_YEAR = 1900;
const LAST_YEAR = 2015;
const LEAST_DATES = 10;
const LEAST_SPREAD = 25;

/** Dates that begin before most systems did and spread over a generation are births, unless the name says otherwise. */
export function looksLikeBirths(column: string, samples: readonly (string | null)[]): boolean {
  if (splitWords(column).some((word) => OF_BUSINESS.has(word))) return false;
  const years = samples.flatMap((sample) => (sample === null ? [] : [Number(sample.slice(0, 4))]));
  const within = years.filter((year) => year >= FIRST_YEAR && year <= LAST_YEAR).sort((a, b) => a - b);
  if (within.length < LEAST_DATES || within.length < years.length * 0.9) return false;
  const at = (share: number) => within[Math.floor((within.length - 1) * share)] ?? 0;
  return at(0.95) - at(0.05) >= LEAST_SPREAD;
}

const IMAGES = new Set(
  `old new before after row data payload change diff record value snapshot state content body detail alt neu vorher nachher wert ancien nouveau
  antes despue donnee dati dato`.split(/\s+/),
);

/** True for the names under which history tables keep whole rows. */
export function isRowImage(column: string): boolean {
  return splitWords(column).some((word) => IMAGES.has(word));
}
