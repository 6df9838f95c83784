import { structuredPatch } from "diff";

/** More differences than this are shown as everything old and everything new: finding the shortest way takes their square. */
const MOST_EDITS = 2_000;

/** Lines that differ, with how many lines of either side they begin behind. */
interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: string[];
}

/** What the two sides are called, and what is shown of them, where that is another text of as many lines. */
interface Sides {
  from: string;
  to: string;
  shown?: { before: string; after: string };
}

/** What leads from one text to the other, in the unified format that `patch` reads; "" when they are equal. */
export function unifiedDiff(before: string, after: string, { from, to, shown }: Sides): string {
  if (before === after) return "";
  const hunks = hunksBetween(before, after).map((hunk) => (shown ? { ...hunk, lines: linesOf(hunk, shown) } : hunk));
  return [`--- ${from}`, `+++ ${to}`, ...hunks.flatMap((hunk) => [headOf(hunk, undefined), ...hunk.lines])].join("\n");
}

function linesOf({ oldStart, newStart, lines }: Hunk, shown: { before: string; after: string }): string[] {
  const [before, after] = [shown.before.split("\n"), shown.after.split("\n")];
  let [old, now] = [oldStart - 1, newStart - 1];
  return lines.map((line) => {
    const sign = line.charAt(0);
    if (sign === "+") return `+${after[now++]}`;
    if (sign === " ") now++;
    // What is no line of either says that the last one does not end.
    return sign === " " || sign === "-" ? `${sign}${before[old++]}` : line;
  });
}

/** As {@link unifiedDiff} without the names; each place is called by the last line before it that is a heading. */
export function unifiedHunks(before: string, after: string, heading?: RegExp): string {
  if (before === after) return "";
  const lines = before.split("\n");
  const nameOf = ({ oldStart }: Hunk) =>
    heading === undefined ? undefined : lines.slice(0, oldStart).findLast((line) => heading.test(line));
  return hunksBetween(before, after)
    .map((hunk) => [headOf(hunk, nameOf(hunk)), ...hunk.lines].join("\n"))
    .join("\n");
}

function hunksBetween(before: string, after: string): Hunk[] {
  const patch = structuredPatch("", "", before, after, "", "", { context: 3, maxEditLength: MOST_EDITS });
  if (patch) return patch.hunks;
  // Without a length that is given up, each side against nothing is found at once.
  const sides = [structuredPatch("", "", before, "", "", "").hunks, structuredPatch("", "", "", after, "", "").hunks];
  const [[old], [now]] = sides as [[Hunk], [Hunk]];
  return [{ ...old, newStart: 1, newLines: now.newLines, lines: [...old.lines, ...now.lines] }];
}

function headOf({ oldStart, oldLines, newStart, newLines }: Hunk, name: string | undefined): string {
  // An empty range is named by the line before it.
  const range = (start: number, lines: number) => `${lines === 0 ? start - 1 : start},${lines}`;
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@${name === undefined ? "" : ` ${name}`}`;
}
