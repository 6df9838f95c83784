import { bytesOf, textOfBytes } from "../bytes.ts";
import { messageOfValue } from "../canonical.ts";
import { drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";
import type { Rule } from "../rule.ts";
import { card, compact, iban } from "./bank.ts";
import { replaceDate } from "./date.ts";
import { replaceDigits } from "./digits.ts";
import { type Compose, replaceFolded } from "./folded.ts";
import { replaceAddress, replaceUuid } from "./identifier.ts";
import { replaceBoolean, replaceLabel, replaceSet } from "./label.ts";
import { replaceNumber } from "./number.ts";
import { email, firstName, fullName, lastName, url, username } from "./people.ts";
import { phone } from "./phone.ts";
import { address, company } from "./places.ts";
import { prose, words } from "./prose.ts";

type Replace = (value: string) => string;
type Type = NonNullable<Rule["type"]>;

/** The types that are composed for a text from its fold alone. */
const COMPOSED: Partial<Record<Type, Compose>> = {
  ...{ email, username, url, phone, address, company, card, iban },
  ...{ name: fullName, first_name: firstName, last_name: lastName, text: prose },
};

/** The pseudonyms of `strategy: replace`. */
export function replaceValue(request: MaskRequest, key: MaskKey): Replace {
  const { kind } = request;
  const type = request.rule.type ?? "text";
  if (kind.is === "enum") return replaceLabel(request, key, kind.labels);
  if (kind.is === "set") return replaceSet(request, key, kind.labels);
  if (kind.is === "boolean") return replaceBoolean(request, key);
  if (type === "number") return replaceNumber(request, key);
  if (type === "uuid") return replaceUuid(request, key);
  if (type === "ip") return replaceAddress(request, key);
  if (type === "date") return replaceDate(request, key);
  if (kind.is === "integer" || kind.is === "decimal") return replaceDigits(request, key);
  if (kind.is === "bytes") return replaceBytes(request, key);
  // In a unique column blanks and dashes make another value.
  const said = request.unique ? (folded: string) => folded : compact;
  const messageOf = type === "card" || type === "iban" ? (folded: string) => `${type}\0${said(folded)}` : undefined;
  return replaceFolded(request, key, COMPOSED[type] ?? prose, messageOf);
}

/** Words of as many bytes. */
function replaceBytes(request: MaskRequest, key: MaskKey): Replace {
  const { engine, kind } = request;
  const draw = drawFrom(key.subkey("replace:text"));
  return (value) => {
    draw.start(messageOfValue(engine, kind, value) ?? "");
    const given = bytesOf(engine, value);
    let drawn = given;
    while (drawn.equals(given)) drawn = Buffer.from(words(draw, Math.max(1, given.length)));
    return textOfBytes(engine, drawn);
  };
}
