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
    const titledInput = titled(folded);
    const regular = [pseudonym, pseudonym.toUpperCase(), capitalised(pseudonym), titled(pseudonym)];
    if (exact === folded.toUpperCase()) return regular[1] as string;
    if (exact === capitalised(folded)) return regular[2] as string;
    if (exact === titledInput && regular[3] !== regular[2]) return regular[3] as string;
    const bits = keyed(`text\0${exact.normalize("NFC")}`);
    for (let turn = 0; turn < bits.length; turn++) {
      const spelled = patterned(pseudonym, bits, turn);
      if (!regular.includes(spelled)) return spelled;
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

/** Every word before an "@" with a capital: `bob.smith@x.com` becomes `Bob.Smith@x.com`. */
function titled(text: string): string {
  const end = text.indexOf("@");
  const local = end < 0 ? text : text.slice(0, end);
  return local.replace(/(?<![\p{L}\p{N}])\p{L}/gu, (letter) => letter.toUpperCase()) + text.slice(local.length);
}
