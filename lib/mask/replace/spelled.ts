import { type Draw, drawFrom } from "../draw.ts";
import { fold, joinBlanks, splitBlanks } from "../fold.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";
import { spellCase } from "../spelling.ts";
import { longest } from "./folded.ts";

interface Form {
  /** The message of a text that is written as engines print it: what a column of its own type gives. */
  usual(folded: string): string | undefined;
  /** A pseudonym in lower case. */
  compose(draw: Draw, source: { folded: string; message: string; max: number }): string;
}

/** Masks a unique text: every way to write one thing is a value, so that all but the usual one are drawn from as they stand. */
export function replaceSpelled(request: MaskRequest, key: MaskKey, form: Form): (value: string) => string {
  const purpose = `replace:${request.rule.type}`;
  const draw = drawFrom(key.subkey(purpose));
  const spell = spellCase(key.subkey(`${purpose}:case`));
  const max = longest(request);
  return (value) => {
    const around = splitBlanks(value);
    const folded = fold(around.core, request.fold);
    const message = form.usual(folded) ?? `text\0${folded}`;
    draw.start(message);
    return joinBlanks(around, spell(form.compose(draw, { folded, message, max }), around.core, folded), max);
  };
}
