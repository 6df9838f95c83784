/** A day in the proleptic Gregorian calendar; year 0 is 1 BC. `rest` is what follows the date, BC left out. */
export interface Day {
  year: number;
  month: number;
  day: number;
  rest: string;
}

const DATE = /^(\d{4,7})-(\d\d)-(\d\d)(?:([ T].*?))??( BC)?$/s;

/** Reads what the engines print as a date or timestamp, zero months and days included; undefined for anything else. */
export function parseDay(text: string): Day | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, rest = "", bc] = match;
  if (Number(month) > 12 || Number(day) > 31) return undefined;
  return { year: bc === undefined ? Number(year) : 1 - Number(year), month: Number(month), day: Number(day), rest };
}

/** The form that the engines print and read. */
export function printDay({ year, month, day, rest }: Day): string {
  const shown = year > 0 ? year : 1 - year;
  return `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}${rest}${year > 0 ? "" : " BC"}`;
}

export function pad(number: number, width: number): string {
  return String(number).padStart(width, "0");
}

/** Days since 1970-01-01; Howard Hinnant's `days_from_civil` (howardhinnant.github.io/date_algorithms.html). */
export function daysOf({ year, month, day }: { year: number; month: number; day: number }): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** The day of {@link daysOf}; Hinnant's `civil_from_days`. */
export function dayOf(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}
