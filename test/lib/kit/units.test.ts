import { expect, test } from "bun:test";
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatRate,
  parseDuration,
  parseSize,
} from "../../../lib/kit/units.ts";

test.each([
  ["90s", 90],
  ["30m", 1800],
  ["2h", 7200],
  ["30d", 2_592_000],
  ["1w", 604_800],
  ["1h30m", 5400],
  ["1 h 30 min", 5400],
  ["1.5h", 5400],
  ["90", 90],
  [90, 90],
  ["0", 0],
])("the duration %p is %d seconds", (written, seconds) => {
  expect(parseDuration(written)).toBe(seconds);
});

test.each(["", "h", "-1h", "2 fortnights", "1h30", "1e3", "never"])("the duration %p is refused", (written) => {
  expect(() => parseDuration(written)).toThrow(`Cannot read "${written}" as a duration`);
});

test.each([
  ["64G", 64 * 1024 ** 3],
  ["500 MB", 500 * 1024 ** 2],
  ["1.5GiB", 1.5 * 1024 ** 3],
  ["10k", 10_240],
  ["7", 7],
  [7, 7],
  ["7B", 7],
])("the size %p is %d bytes", (written, bytes) => {
  expect(parseSize(written)).toBe(bytes);
});

test.each(["", "G", "-1G", "12 apples", "1GG"])("the size %p is refused", (written) => {
  expect(() => parseSize(written)).toThrow(`Cannot read "${written}" as a size`);
});

test.each([
  [0, "0 ms"],
  [412.4, "412 ms"],
  [999.4, "999 ms"],
  [999.6, "1 s"],
  [2400, "2.4 s"],
  [9960, "10 s"],
  [59_400, "59 s"],
  [59_600, "1 min"],
  [65_000, "1 min 5 s"],
  [7_380_000, "2 h 3 min"],
  [3_599_900, "1 h"],
  [86_400_000 * 3 + 3_600_000 * 4, "3 d 4 h"],
])("%d milliseconds are shown as %p", (milliseconds, shown) => {
  expect(formatDuration(milliseconds)).toBe(shown);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 kB"],
  [1024, "1.00 kB"],
  [3.414 * 1024 ** 2, "3.41 MB"],
  [64 * 1024 ** 3, "64.0 GB"],
  [812 * 1024 ** 3, "812 GB"],
])("%d bytes are shown as %p", (bytes, shown) => {
  expect(formatBytes(bytes)).toBe(shown);
});

test("a size that was typed is shown with the same number", () => {
  for (const typed of ["20G", "5G", "512M"]) {
    expect(formatBytes(parseSize(typed))).toStartWith(typed.slice(0, -1));
  }
});

test("a rate needs a time", () => {
  expect(formatRate(10 * 1024 ** 2, 2000)).toBe("5.00 MB/s");
  expect(formatRate(10, 0)).toBe("");
});

test.each([
  [10_000, "just now"],
  [5 * 60_000, "5 min ago"],
  [47 * 3_600_000, "47 h ago"],
  [3 * 86_400_000, "3 d ago"],
])("what was %d milliseconds ago is shown as %p", (milliseconds, shown) => {
  const now = Date.now();
  expect(formatAge(new Date(now - milliseconds), now)).toBe(shown);
});
