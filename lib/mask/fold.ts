/**
 * What a fold removes: `all` case, accents and ignorable characters; `width` (`_as_ci`, ICU's second level) all of that but
 * accents; `case` (citext) case alone.
 */
export type Fold = "all" | "width" | "case";

/**
 * Marks without primary weight in the Unicode Collation Algorithm. Those with one stay: the vowel signs of Indian
 * scripts, the breve that makes и another letter, й, and the hamza.
 */
const MARKS = [
  String.raw`\u00ad\u0300-\u0305\u0307-\u0362\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a`,
  String.raw`\u061c\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0903\u093c`,
  String.raw`\u0951-\u0954\u0e47-\u0e4e\u1ab0-\u1abe\u1dc0-\u1dc9\u1dcb-\u1dd1\u1df5-\u1dff\u200b-\u200f\u202a-\u202e`,
  String.raw`\u2060-\u2064\u20d0-\u20f0\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\ufeff`,
];
const IGNORED = new RegExp(`(?<![иИ])\\u0306|[${MARKS.join("")}]`, "g");

/** Letters that have the primary weight of others without Unicode saying that they are made of them. */
const EXPANDED: Record<string, string> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", ħ: "h", ς: "σ", ґ: "г" },
  ...{ ך: "כ", ם: "מ", ן: "נ", ף: "פ", ץ: "צ" },
  ...{
    ぁ: "あ",
    ぃ: "い",
    ぅ: "う",
    ぇ: "え",
    ぉ: "お",
    っ: "つ",
    ゃ: "や",
    ゅ: "ゆ",
    ょ: "よ",
    ゎ: "わ",
    ゕ: "か",
    ゖ: "け",
  },
  l·: "l",
};
const EXPANDABLE = new RegExp(Object.keys(EXPANDED).join("|"), "g");
const SMALL_KANA = /[ぁぃぅぇぉっゃゅょゎゕゖ]/g;
/** Of the marks those that are nothing at all. */
const NOTHING = String.raw`\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff`;
const INVISIBLE = new RegExp(`[${NOTHING}]`, "g");
const KATAKANA = /[\u30a1-\u30f6]/g;
const ASCII = /^[\0-\x7f]*$/;

/**
 * What of a text a case- and accent-insensitive collation looks at: texts that are equal under one have equal folds.
 * Measured against ICU's root collation, which MySQL's `utf8mb4_0900_ai_ci` and MariaDB's `uca1400_ai_ci` follow;
 * `utf8mb4_general_ci` differs in ß (= s there).
 */
export function fold(text: string, how: Fold = "all"): string {
  if (ASCII.test(text)) return text.toLowerCase();
  if (how === "case") return text.normalize("NFC").toLowerCase();
  const bare =
    how === "width" ? text.normalize("NFKC").replace(INVISIBLE, "") : text.normalize("NFKD").replace(IGNORED, "");
  const lower = bare.toLowerCase().replace(KATAKANA, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60));
  if (how === "width") return lower.replace(SMALL_KANA, (kana) => EXPANDED[kana] ?? kana);
  return lower.replace(EXPANDABLE, (letter) => EXPANDED[letter] ?? letter).normalize("NFC");
}

/** A text without the blanks around it, which a pseudonym takes over: collations differ in whether they count. */
export function splitBlanks(text: string): { before: string; core: string; after: string } {
  const core = text.trim();
  if (core.length === text.length) return { before: "", core, after: "" };
  const start = text.indexOf(core);
  return core === ""
    ? { before: "", core, after: text }
    : { before: text.slice(0, start), core, after: text.slice(start + core.length) };
}

/** Puts blanks around a pseudonym again, as far as they fit. */
export function joinBlanks(around: { before: string; after: string }, core: string, max: number): string {
  if (around.before === "" && around.after === "") return core;
  const before = around.before.slice(0, Math.max(0, max - core.length));
  return before + core + around.after.slice(0, Math.max(0, max - core.length - before.length));
}
