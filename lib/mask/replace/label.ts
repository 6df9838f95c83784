import { messageOfValue, textMessage } from "../canonical.ts";
import { type Draw, drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";

/** Another label of an enum. */
export function replaceLabel(request: MaskRequest, key: MaskKey, labels: string[]): (value: string) => string {
  const draw = drawFrom(key.subkey(`replace:${request.rule.type}`));
  return (value) => {
    const others = labels.filter((label) => label !== value);
    draw.start(textMessage(value));
    return draw.pick(others);
  };
}

/** Another set of as many labels, where there is one. */
export function replaceSet(request: MaskRequest, key: MaskKey, labels: string[]): (value: string) => string {
  const draw = drawFrom(key.subkey(`replace:${request.rule.type}`));
  return (value) => {
    const given = value === "" ? 0 : value.split(",").length;
    const count = given > 0 && given < labels.length ? given : 1;
    draw.start(textMessage(value));
    let drawn = value;
    while (drawn === value) drawn = drawSome(draw, labels, count);
    return drawn;
  };
}

/** In the order of the definition, as the engine prints a set. */
function drawSome(draw: Draw, labels: string[], count: number): string {
  const left = labels.map((_, i) => i);
  const chosen = Array.from({ length: count }, () => left.splice(draw.below(left.length), 1)[0] as number);
  return chosen
    .sort((a, b) => a - b)
    .map((i) => labels[i])
    .join(",");
}

/**
 * True or false, the one kind where a pseudonym may be the value: that it never were would tell the value. Two values
 * can't hide from who knows how often each comes; redact or nullify what must.
 */
export function replaceBoolean(request: MaskRequest, key: MaskKey): (value: string) => string {
  const draw = drawFrom(key.subkey("replace:boolean"));
  return (value) => {
    draw.start(messageOfValue(request.engine, request.kind, value) ?? "");
    const yes = draw.below(2) === 1;
    if (value === "true" || value === "false") return String(yes);
    return request.engine === "postgres" ? (yes ? "t" : "f") : yes ? "1" : "0";
  };
}
