import { textMessage } from "../canonical.ts";
import { type Draw, drawFrom } from "../draw.ts";
import { fold, joinBlanks, splitBlanks } from "../fold.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";
import type { Rule } from "../rule.ts";
import { type Speller, spellCase, spellFrom } from "../spelling.ts";

/** 14 letters carry 65.8 bits. */
export const TOKEN = 14;
const MOST_DRAWS = 32;

/** Types with few pseudonyms, to which `unique: suffix` gives a token; the others need none. */
export const SUFFIXED: Rule["type"][] = [
  "name",
  "first_name",
  "last_name",
  "phone",
  "address",
  "company",
  "text",
  "card",
];

/** What a pseudonym of a text is composed from. */
export interface Source {
  draw: Draw;
  /** The value without blanks around it. */
  exact: string;
  /** What a case- and accent-insensitive collation sees of it. */
  folded: string;
  /** Characters that the column takes. */
  max: number;
  spell: Speller;
  /** In a unique column: tells spellings apart that are lower, upper and neither. */
  spellCase?: Speller;
}

/** Composes a pseudonym of at most `max` characters, in ASCII. */
export type Compose = (source: Source) => string;

/** Masks a text by its fold, taking over blanks around it; drawn again while it is the value itself. */
export function replaceFolded(
  request: MaskRequest,
  key: MaskKey,
  compose: Compose,
  messageOf: (folded: string) => string = (folded) => `text\0${folded}`,
): (value: string) => string {
  const purpose = `replace:${request.rule.type}`;
  const draw = drawFrom(key.subkey(purpose));
  const cases = key.subkey(`${purpose}:case`);
  const spell = spellFrom(cases);
  const apart = request.unique ? { spellCase: spellCase(cases) } : {};
  const max = longest(request);
  const composed =
    request.rule.unique === "suffix" && SUFFIXED.includes(request.rule.type) ? withToken(compose) : compose;
  return (value) => {
    const around = splitBlanks(value);
    const exact = around.core;
    const folded = fold(exact, request.fold);
    draw.start(messageOf(folded));
    const source = { draw, exact, folded, max, spell, ...apart };
    let result = composed(source);
    for (let i = 1; i < MOST_DRAWS && result.toLowerCase() === folded; i++) result = composed(source);
    return joinBlanks(around, result, max);
  };
}

/** The characters that the column takes. */
export function longest({ kind }: MaskRequest): number {
  return kind.is === "text" ? kind.max : Number.POSITIVE_INFINITY;
}

/** For blanks around a value: where a collation counts them, they may be all that tells it from another. */
const BLANKS = 4;

/** A token behind what is composed, or in a short column instead of it. */
function withToken(compose: Compose): Compose {
  return (source) => {
    const left = source.max - BLANKS - TOKEN - 1;
    const base = left > 0 ? `${compose({ ...source, max: left })} ` : "";
    return base + source.spell(source.draw.letters(TOKEN), source.exact, source.folded);
  };
}

/** The first thing drawn that fits, else the last one cut: a list may have longer ones than a column takes. */
export function fitting(max: number, make: () => string): string {
  let made = make();
  for (let i = 1; i < MOST_DRAWS && made.length > max; i++) made = make();
  return made.slice(0, max).trimEnd();
}

/** The message of a text that may be something better known, such as a uuid. */
export function messageOr(known: string | undefined, value: string, request: MaskRequest): string {
  return known ?? textMessage(value.trim(), request.fold ?? "all");
}
