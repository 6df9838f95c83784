import { dayOf, daysOf, pad, parseDay, printDay } from "../calendar.ts";
import { dayMessage } from "../canonical.ts";
import { type Draw, drawFrom } from "../draw.ts";
import type { MaskKey } from "../key.ts";
import type { MaskRequest } from "../request.ts";
import { keepSpecialDay } from "../special-day.ts";
import { messageOr } from "./folded.ts";

/** Within what every engine's types hold, MySQL's timestamp included. */
const FIRST = daysOf({ year: 1971, month: 1, day: 1 });
const DAYS = daysOf({ year: 2020, month: 1, day: 1 }) - FIRST;

/** A day of 1971 to 2019; for a timestamp also a second of it. */
export function replaceDate(request: MaskRequest, key: MaskKey): (value: string) => string {
  const draw = drawFrom(key.subkey("replace:date"));
  const timed = request.kind.is === "timestamp";
  return (value) => {
    const message = dayMessage(value, timed ? "timestamp" : "date");
    if (message === undefined && request.kind.is !== "text") return keepSpecialDay(value, request.rule);
    draw.start(messageOr(message, value, request));
    let drawn = value;
    while (drawn === value) drawn = drawDay(draw) + (timed ? drawTime(draw, value) : "");
    return drawn;
  };
}

function drawDay(draw: Draw): string {
  return printDay({ ...dayOf(FIRST + draw.below(DAYS)), rest: "" });
}

/** A time of day, with the zone that the value has. */
function drawTime(draw: Draw, value: string): string {
  const second = draw.below(86_400);
  const zone = /[+-]\d\d(?::\d\d)*$/.exec(parseDay(value)?.rest ?? "")?.[0] ?? "";
  return ` ${pad(Math.floor(second / 3600), 2)}:${pad(Math.floor(second / 60) % 60, 2)}:${pad(second % 60, 2)}${zone}`;
}
