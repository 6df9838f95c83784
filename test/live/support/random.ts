/** Random values that masks and tools get wrong, the same for the same seed. */
export interface Random {
  /** A whole number in [0, count). */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  digits(count: number): string;
  hex(bytes: number): string;
  /** Up to `max` characters; now and then none, or exactly as many. NUL only where it is allowed. */
  text(max: number, options?: { nul?: boolean; alphabet?: readonly string[] }): string;
}

/** What quoting, escaping, collating and counting trip over. */
const ODD = [
  ...[
    "'",
    '"',
    "`",
    "\\",
    "%",
    "_",
    "\n",
    "\r",
    "\t",
    "\b",
    "\f",
    "\v",
    "\x01",
    "\x7f",
    "{",
    "}",
    ",",
    ";",
    "$1",
    "\\N",
    "\\.",
    "--",
    "/*",
  ],
  ...[
    "é",
    "e\u0301",
    "\u0301",
    "ß",
    "İ",
    "ı",
    "Я",
    "й",
    "漢",
    "か\u3099",
    "😀",
    "👩\u200d👧",
    "𝒳",
    "\u00a0",
    "\u3000",
    "\u200f",
    "\ufeff",
    "\u2028",
  ],
];
const PLAIN = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789  @.-+"];
const WHOLE = [
  "",
  " ",
  "  ",
  "NULL",
  "null",
  "\\N",
  "\\.",
  "{}",
  "[]",
  "0",
  "-0",
  "00042",
  "1e20",
  "true",
  "bob@x.org",
  " Bob@X.org ",
  "4012888888881881",
];

/** Mulberry32, by Tommy Ettinger: 32 bits of state, good enough for fixtures. */
export function randomFrom(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  const pick = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const repeat = (count: number, make: () => string) => Array.from({ length: count }, make).join("");
  return {
    below,
    pick,
    digits: (count) => repeat(count, () => String(below(10))),
    hex: (bytes) => repeat(bytes, () => below(256).toString(16).padStart(2, "0")),
    text(max, { nul = false, alphabet = [...ODD, ...(nul ? ["\0"] : [])] } = {}) {
      const kind = below(6);
      if (kind === 0) return cut(pick(WHOLE), max);
      const length = kind === 1 ? max : below(max + 1);
      const odd = kind < 4 ? 0.4 : 0;
      return cut(
        repeat(length, () => (next() < odd ? pick(alphabet) : pick(PLAIN))),
        max,
      );
    },
  };
}

/** By characters, as databases count them. */
function cut(text: string, max: number): string {
  return Array.from(text).slice(0, max).join("");
}
