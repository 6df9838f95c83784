import type { Keyed } from "./key.ts";

/** Gives a pseudonym drawn from a fold the letter case that tells spellings with the same fold apart. */
export type Speller = (pseudonym: string, exact: string, folded: string) => string;

/**
 * Lower, upper, capitalised and titled inputs get lower, upper, capitalised and titled pseudonyms, so those never
 * collide. Any other spelling (`bOB`, `José`) gets a pattern from HMAC(exact text), none of the former: two such spellings
 * of one fold collide with a chance of 2^-letters.
 */
export function spellFrom(keyed: Keyed): Speller {
  return (pseudonym, exact, folded) => {
    if (exact === folded) return pseudonym;
    const [upper, capital, title] = [pseudonym.toUpperCase(), capitalised(pseudonym), titled(pseudonym)];
    if (exact.length === folded.length) {
      if (exact === folded.toUpperCase()) return upper;
      if (exact === capitalised(folded)) return capital;
      if (title !== capital && exact === titled(folded)) return title;
    }
    const bits = keyed(`text\0${exact.normalize("NFC")}`);
    for (let turn = 0; turn < bits.length; turn++) {
      const spelled = patterned(pseudonym, bits, turn);
      if (spelled !== pseudonym && spelled !== upper && spelled !== capital && spelled !== title) return spelled;
    }
    return pseudonym;
  };
}

/** The same for pseudonyms that may begin with a digit: lower and upper stay, any other spelling gets a pattern. */
export function spellCase(keyed: Keyed): Speller {
  return (pseudonym, exact, folded) => {
    if (exact === folded) return pseudonym;
    const upper = pseudonym.toUpperCase();
    if (exact === folded.toUpperCase()) return upper;
    const bits = keyed(`text\0${exact.normalize("NFC")}`);
    for (let turn = 0; turn < bits.length; turn++) {
      const spelled = patterned(pseudonym, bits, turn);
      if (spelled !== pseudonym && spelled !== upper) return spelled;
    }
    return pseudonym;
  };
}

function patterned(text: string, bits: Buffer, turn: number): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const byte = bits[(turn + (i >> 3)) % bits.length] as number;
    const letter = text[i] as string;
    out += (byte >> (i & 7)) & 1 ? letter.toUpperCase() : letter;
  }
  return out;
}

/** Names take over lower and upper case; everything else becomes what the list says. */
export function likeCase(pseudonym: string, exact: string): string {
  const lower = exact.toLowerCase();
  const upper = exact.toUpperCase();
  if (lower === upper) return pseudonym;
  if (exact === lower) return pseudonym.toLowerCase();
  return exact === upper ? pseudonym.toUpperCase() : pseudonym;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const WORD = /[\p{L}\p{N}]+/gu;

/** Every word before an "@" with a capital: `bob.smith@x.com` becomes `Bob.Smith@x.com`. */
function titled(text: string): string {
  let out = "";
  let done = 0;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 64) break;
    if (code > 127) return titledAnyScript(text);
    const small = code >= 97 && code <= 122;
    if (small && !inWord) {
      out += text.slice(done, at) + String.fromCharCode(code - 32);
      done = at + 1;
    }
    inWord = small || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
  }
  return out + text.slice(done);
}

function titledAnyScript(text: string): string {
  const end = text.indexOf("@");
  const local = end < 0 ? text : text.slice(0, end);
  return local.replace(WORD, (word) => capitalised(word)) + text.slice(local.length);
}
