/** What ditto and its prompts draw beyond ASCII, and what takes its place; where width matters, as wide. */
const ASCII: Record<string, string> = {
  ...{ "✓": "+", "✗": "x", "–": "-", "−": "-", "—": "-", "→": "->", "…": "...", "·": "-", "•": "*", "×": "x" },
  ...{ "»": ">", "°": "*", "└": "`", "├": "|", "│": "|", "─": "-", "┌": ".", "┐": ".", "┘": "'" },
  ...{ "╭": ".", "╮": ".", "╰": "`", "╯": "'", "━": "=", "█": "_", "↑": "^", "↓": "v" },
  ...{ "◆": "*", "◇": "o", "■": "x", "▲": "!", "●": ">", "○": " ", "◻": "-", "◼": "x", "▪": "*" },
};

const DRAWN = new RegExp(`[${Object.keys(ASCII).join("")}]`, "gu");

/**
 * True where what is shown may hold more than ASCII. Where no locale is set, as in most containers and in CI, what reads along
 * knows UTF-8 all the same; the Linux console has no ticks in its fonts.
 */
export function speaksUtf8(
  { LC_ALL, LC_CTYPE, LANG, TERM }: Record<string, string | undefined> = process.env,
): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  return TERM !== "linux" && (locale === "" || /utf-?8/i.test(locale));
}

/** A text for a person, its marks and lines in ASCII where the locale knows no others. Never for what a program reads. */
export function readable(text: string): string {
  return speaksUtf8() ? text : text.replace(DRAWN, (glyph) => ASCII[glyph] ?? glyph);
}
