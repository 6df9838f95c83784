import { drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";
import { cardDigits, compact } from "./bank.ts";
import { phoneParts } from "./phone.ts";

const CARD = { least: 13, usual: 16, most: 19 };

/** A phone number or a card in an integer's column, drawn as the same digits in a text are. */
export function replaceDigits(request: MaskRequest, key: MaskKey): (value: string) => string {
  const { kind, rule } = request;
  const most = kind.is === "integer" ? kind.max : kind.is === "decimal" ? 10n ** BigInt(kind.precision) - 1n : 0n;
  const isPhone = rule.type === "phone";
  const draw = drawFrom(key.subkey(`replace:${rule.type}`));
  return (value) => {
    draw.start(isPhone ? `text\0${value}` : `card\0${compact(value)}`);
    let drawn = value;
    while (drawn === value) {
      if (isPhone) {
        const { area, line } = phoneParts(draw);
        const forms = [`1${area}555${line}`, `${area}555${line}`, `555${line}`];
        drawn = forms.find((form) => BigInt(form) <= most) ?? line;
      } else {
        const given = value.length;
        drawn = cardDigits(draw, given >= CARD.least && given <= CARD.most ? given : CARD.usual);
        if (BigInt(drawn) > most) drawn = cardDigits(draw, CARD.usual);
      }
    }
    return drawn;
  };
}
