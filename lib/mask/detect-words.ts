/** The phrases of a text, between commas and ends of lines. */
export function listOf(text: string): string[] {
  return text
    .trim()
    .split(/\s*[,\n]\s*/)
    .filter((phrase) => phrase !== "");
}

/** The words of an identifier: `KundenEMail_2` has kunden, e, mail; accents, case, digits and plural s don't count. */
export function splitWords(identifier: string): string[] {
  const spaced = identifier.replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2");
  return plain(spaced)
    .split(/[^a-z]+/)
    .filter((word) => word !== "")
    .map(singular);
}

function plain(text: string): string {
  // Most identifiers are ASCII, and normalising costs more than the rest.
  const ascii = /^[\x00-\x7f]*$/.test(text) ? text : text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ß", "ss");
  return ascii.toLowerCase();
}

/** Crude, but the same for the words that are looked for. */
function singular(word: string): string {
  if (word.length < 4) return word;
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

/** Words written as one, `dateofbirth` or `kundenadresse`, taken apart where all of it is words of the vocabulary. */
export function takeApart(words: string[], vocabulary: ReadonlySet<string>): string[] {
  if (words.every((word) => vocabulary.has(word))) return words;
  return words.flatMap((word) => (vocabulary.has(word) ? [word] : (partsOf(word, vocabulary) ?? [word])));
}

/** Longer names are no compounds that anybody wrote by hand. */
const LONGEST = 40;
const SHORTEST_PART = 2;

function partsOf(word: string, vocabulary: ReadonlySet<string>): string[] | undefined {
  if (word.length > LONGEST || word.length < 5) return undefined;
  for (let end = word.length - 2; end >= SHORTEST_PART; end--) {
    const head = word.slice(0, end);
    if (!vocabulary.has(head) && !vocabulary.has(singular(head))) continue;
    const rest = word.slice(end);
    const tail = vocabulary.has(rest) ? [rest] : partsOf(rest, vocabulary);
    if (tail !== undefined) return [vocabulary.has(head) ? head : singular(head), ...tail];
  }
  return undefined;
}
