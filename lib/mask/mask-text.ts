/** The options of `strategy: mask`, as the rule has them. */
export interface MaskOptions {
  keep_first?: number | undefined;
  keep_last?: number | undefined;
  mask_char?: string | undefined;
  keep_format?: boolean | undefined;
}

export const MASK_CHAR = "*";

/** What `keep_format` leaves: space, control characters and ASCII punctuation, so that no locale matters. */
const FORMAT = /[\0-/:-@[-`{-\x7f]/;

/**
 * `strategy: mask`. For a text of n characters (code points): when keep_first + keep_last is more than a third of n,
 * everything is masked; else the first and the last ones stay. With keep_format only letters and digits are masked,
 * which is every character but U+0000 to U+007F without 0-9, A-Z and a-z. The SQL expressions follow the same rule.
 */
export function maskText(text: string, options: MaskOptions): string {
  const characters = Array.from(text);
  const { keep_first: first = 0, keep_last: last = 0, mask_char: blot = MASK_CHAR, keep_format: format } = options;
  const kept = first + last;
  const [from, to] = kept * 3 > characters.length ? [0, characters.length] : [first, characters.length - last];
  for (let i = from; i < to; i++) {
    if (!format || !FORMAT.test(characters[i] as string)) characters[i] = blot;
  }
  return characters.join("");
}
