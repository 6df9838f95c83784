/** A stretch of lines that are the same, only in the old, or only in the new. */
interface Edit {
  sign: " " | "-" | "+";
  line: string;
  /** Counted from 0, in the old and in the new. */
  old: number;
  now: number;
}

const CONTEXT = 3;
/** More differences than this are shown as one stretch out, one in: the time grows with their square. */
const MOST = 2_000;

/** Lines that differ with three around them, as `diff -u` writes them; "" when none do. `heading`: what a place is called by. */
export function unifiedDiff(old: string[], now: string[], { heading }: { heading: RegExp }): string {
  const edits = editsBetween(old, now);
  const changed = edits.flatMap(({ sign }, at) => (sign === " " ? [] : [at]));
  const hunks: [number, number][] = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    if (last && at - CONTEXT <= last[1]) last[1] = at + CONTEXT + 1;
    else hunks.push([Math.max(0, at - CONTEXT), at + CONTEXT + 1]);
  }
  return hunks.map(([from, to]) => hunkText(edits.slice(from, to), old, heading)).join("\n");
}

function hunkText(edits: Edit[], old: string[], heading: RegExp): string {
  const [first] = edits;
  if (!first) return "";
  const count = (other: "+" | "-") => edits.filter(({ sign }) => sign !== other).length;
  const place = old.slice(0, first.old + 1).findLast((line) => heading.test(line)) ?? "";
  const range = (from: number, lines: number) => `${lines === 0 ? from : from + 1},${lines}`;
  const head = `@@ -${range(first.old, count("+"))} +${range(first.now, count("-"))} @@${place ? ` ${place}` : ""}`;
  return [head, ...edits.map(({ sign, line }) => sign + line)].join("\n");
}

function editsBetween(old: string[], now: string[]): Edit[] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const [from, to] = [old.slice(head, old.length - tail), now.slice(head, now.length - tail)];
  const middle = shortest(from, to) ?? [...from.map(() => "-" as const), ...to.map(() => "+" as const)];
  const signs = [...Array(head).fill(" "), ...middle, ...Array(tail).fill(" ")] as Edit["sign"][];
  const at = { old: 0, now: 0 };
  return signs.map((sign) => {
    const line = (sign === "+" ? now[at.now] : old[at.old]) ?? "";
    const edit = { sign, line, ...at };
    if (sign !== "+") at.old++;
    if (sign !== "-") at.now++;
    return edit;
  });
}

/** The shortest way from one to the other (Myers, 1986); undefined when it is too long. */
function shortest(old: string[], now: string[]): Edit["sign"][] | undefined {
  const reached: Int32Array[] = [];
  let row = new Int32Array(3);
  for (let steps = 0; steps <= MOST; steps++) {
    // Of diagonal k the furthest line of the old one is at k + steps + 1.
    const next = new Int32Array(2 * steps + 5);
    for (let k = -steps; k <= steps; k += 2) {
      const [left, right] = [row[k + steps - 1] ?? 0, row[k + steps + 1] ?? 0];
      let x = k === -steps || (k !== steps && left < right) ? right : left + 1;
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) x++;
      next[k + steps + 2] = x;
      if (x >= old.length && x - k >= now.length) return wayBack([...reached, next], old.length, now.length);
    }
    reached.push(next);
    row = next.slice(1);
  }
  return undefined;
}

function wayBack(reached: Int32Array[], oldLines: number, newLines: number): Edit["sign"][] {
  const signs: Edit["sign"][] = [];
  let [x, y] = [oldLines, newLines];
  for (let steps = reached.length - 1; steps > 0; steps--) {
    const before = reached[steps - 1] ?? new Int32Array();
    const at = (k: number) => before[k + steps - 1 + 2] ?? 0;
    const k = x - y;
    const down = k === -steps || (k !== steps && at(k - 1) < at(k + 1));
    const from = down ? at(k + 1) : at(k - 1);
    const begin = down ? from : from + 1;
    for (; x > begin; x--, y--) signs.push(" ");
    signs.push(down ? "+" : "-");
    if (down) y--;
    else x--;
  }
  for (; x > 0; x--) signs.push(" ");
  return signs.reverse();
}
