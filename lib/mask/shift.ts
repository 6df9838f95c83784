import { type Day, dayOf, daysOf, parseDay, printDay } from "./calendar.ts";
import { entityMessage, messageOfDay } from "./canonical.ts";
import { drawFrom } from "./draw.ts";
import type { MaskKey } from "./key.ts";
import type { Engine, Kind } from "./kind.ts";
import { maskText } from "./mask-text.ts";
import { memoize } from "./memo.ts";
import type { MaskRequest } from "./request.ts";
import { keepSpecialDay } from "./special-day.ts";

/** What may stand behind a date in a text: a time and a zone, and nothing else. */
const TIME = /^(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d(?::?\d\d){0,2}))?)?$/;

/**
 * Moves a date by 1 to N days, to and fro, drawn from the `by` column's value, else from its own; the time of day stays.
 * A date that would leave its type goes the other way. In JSON a string that is no date is blotted out.
 */
export function shiftDate(request: MaskRequest, key: MaskKey): (value: string, by?: string | null) => string {
  const draw = drawFrom(key.subkey("shift"));
  const most = Math.abs(request.rule.days ?? 1);
  const { kind } = request;
  const [first, last] = limitsOf(request.engine, kind);
  const daysOfMessage = (message: string) => {
    draw.start(message);
    const drawn = draw.below(2 * most);
    return drawn < most ? drawn + 1 : most - drawn - 1;
  };
  const daysOfEntity = memoize((by) => String(daysOfMessage(entityMessage(request.engine, request.by, by))));
  return (value, by) => {
    const parsed = parseDay(value);
    const own = parsed && messageOfDay(parsed, kind.is === "timestamp" ? "timestamp" : "date");
    if (own === undefined || parsed === undefined) return notADate(request, value);
    if (kind.is === "text" && !TIME.test(parsed.rest)) return notADate(request, value);
    const days = by === undefined || by === null ? daysOfMessage(own) : Number(daysOfEntity(by));
    const start = daysOf(whole(parsed));
    let moved = start + days;
    if (moved < first || moved > last) moved = Math.min(last, Math.max(first, start - days));
    return printDay({ ...dayOf(moved), rest: parsed.rest });
  };
}

/** A MySQL date without month or day counts as the first of what it leaves open. */
function whole(day: Day): Day {
  return day.month > 0 && day.day > 0 ? day : { ...day, month: day.month || 1, day: day.day || 1 };
}

function notADate({ kind, rule }: MaskRequest, value: string): string {
  return kind.is === "text" ? maskText(value, {}) : keepSpecialDay(value, rule);
}

/** The first and last day that the type holds, with a day to spare for zones. */
function limitsOf(engine: Engine, kind: Kind): [number, number] {
  const day = (year: number, month: number, dayOfMonth: number) => daysOf({ year, month, day: dayOfMonth });
  if (engine === "postgres") {
    return kind.is === "timestamp"
      ? [day(-4713, 11, 25), day(294_276, 12, 30)]
      : [day(-4713, 11, 25), day(5_874_897, 12, 30)];
  }
  return kind.is === "timestamp" && kind.zone ? [day(1970, 1, 2), day(2038, 1, 18)] : [day(1, 1, 1), day(9999, 12, 31)];
}
