import { WORDS } from "../words/prose.ts";
import type { Compose, Source } from "./folded.ts";

/** Words of about the value's length, which never grows beyond the column. */
export const prose: Compose = ({ draw, folded, max }) => words(draw, Math.max(1, Math.min(folded.length, max)));

/** Exactly `length` characters, a sentence where there is room for one. */
export function words(draw: Source["draw"], length: number): string {
  const parts: string[] = [];
  for (let written = 0; written <= length; ) {
    const word = draw.pick(WORDS);
    parts.push(word);
    written += word.length + 1;
  }
  const text = parts.join(" ").slice(0, length).replace(/ $/, "s");
  if (length < 24) return text;
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1, -1).replace(/ $/, "s")}.`;
}
