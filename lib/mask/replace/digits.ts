import { drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { Kind } from "../kind.ts";
import { parseNumber, printNumber } from "../numbers.ts";
import type { MaskRequest } from "../request.ts";
import { cardDigits, compact } from "./bank.ts";
import { phoneParts } from "./phone.ts";

const CARD = { least: 13, usual: 16, most: 19 };

/** The greatest whole number that a column takes. */
export function roomOf(kind: Kind): bigint {
  if (kind.is === "integer") return kind.max;
  if (kind.is !== "decimal") return 0n;
  const digits = kind.precision - kind.scale;
  return Number.isFinite(kind.precision) ? 10n ** BigInt(Math.max(0, digits)) - 1n : 10n ** 30n;
}

/** A phone number or a card in an integer's column, drawn as the same digits in a text are. */
export function replaceDigits(request: MaskRequest, key: MaskKey): (value: string) => string {
  const { kind, rule } = request;
  const most = roomOf(kind);
  const isPhone = rule.type === "phone";
  const draw = drawFrom(key.subkey(`replace:${rule.type}`));
  return (written) => {
    const number = parseNumber(written);
    const value = number === undefined ? written : printNumber(number);
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
