import { usageError } from "./errors.ts";

const SECONDS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of "90s", "2h", "1h30m", "30d" or a bare number. Throws exit 2 for anything else and for less than 0. */
export function parseDuration(value: string | number): number {
  const text = String(value).trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(min|[smhdw])\s*/g)];
  const whole = parts.map(([part]) => part).join("");
  if (parts.length === 0 || whole !== text) {
    throw usageError(
      `Cannot read "${value}" as a duration: it is not a number with a unit`,
      "Write 90s, 30m, 2h, 7d or 1w",
    );
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (SECONDS[unit ?? ""] ?? 0), 0);
}

const SIZE_UNITS = "kmgtp";

/** Bytes of "64G", "500 MB", "1.5GiB" (all of them powers of 1024, as Postgres, Docker and fallocate have it) or a bare number. Throws exit 2. */
export function parseSize(value: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?|b)?$/i.exec(String(value).trim());
  if (match === null) {
    throw usageError(
      `Cannot read "${value}" as a size: it is not a number with a unit`,
      "Write 500M, 20G, 1.5T or a number of bytes",
    );
  }
  const power = match[2] === undefined ? 0 : SIZE_UNITS.indexOf(match[2].toLowerCase()) + 1;
  return Math.round(Number(match[1]) * 1024 ** power);
}

/** "412 ms", "2.4 s", "1 min 5 s", "2 h 3 min", "3 d 4 h". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const BYTE_NAMES = ["B", "kB", "MB", "GB", "TB", "PB"];

/** "812 B", "3.41 MB", "64.0 GB": three digits, units of 1024 as Postgres prints them. */
export function formatBytes(bytes: number): string {
  let amount = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would print as four digits.
  while (amount >= 999.5 && unit < BYTE_NAMES.length - 1) {
    amount /= 1024;
    unit++;
  }
  if (unit === 0) return `${Math.round(amount)} B`;
  const digits = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
  return `${amount.toFixed(digits)} ${BYTE_NAMES[unit]}`;
}

/** "35.2 MB/s" of so many bytes in so many milliseconds; "" when there is nothing to divide by. */
export function formatRate(bytes: number, milliseconds: number): string {
  return milliseconds > 0 ? `${formatBytes((bytes / milliseconds) * 1000)}/s` : "";
}

/** How long ago something was: "just now", "5 min ago", "3 d ago"; the largest unit only. */
export function formatAge(since: Date | string | number, now = Date.now()): string {
  const seconds = (now - new Date(since).getTime()) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
