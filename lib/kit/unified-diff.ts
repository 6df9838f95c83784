/** A run of equal lines, or of lines that only one side has. */
interface Run {
  kind: " " | "-" | "+";
  lines: string[];
}

/** Lines of context around a change. */
const CONTEXT = 3;

/** More differences than this are shown as everything old and everything new: finding the shortest way takes their square. */
const MOST_EDITS = 2_000;

/** What leads from one text to the other, in the unified format that `patch` reads; "" when they are equal. */
export function unifiedDiff(before: string, after: string, names: { from: string; to: string }): string {
  if (before === after) return "";
  const runs = runsOf(linesOf(before), linesOf(after));
  return [`--- ${names.from}`, `+++ ${names.to}`, ...hunksOf(runs)].join("\n");
}

/** Lines with what ends them; the last one may lack it. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function runsOf(a: string[], b: string[]): Run[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const middle = shortestEdit(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const runs: Run[] = [
    { kind: " ", lines: a.slice(0, head) },
    ...middle,
    { kind: " ", lines: a.slice(a.length - tail) },
  ];
  return runs.filter(({ lines }) => lines.length > 0);
}

/** The shortest edit script (Myers, "An O(ND) difference algorithm and its variations", 1986). */
function shortestEdit(a: string[], b: string[]): Run[] {
  const steps = furthestReaching(a, b);
  if (steps === undefined) return [run("-", a), run("+", b)];
  const backwards: Run[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const furthest = steps[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = goesDown(furthest, diagonal, edits);
    const fromDiagonal = edits === 0 ? 0 : down ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : (furthest.get(fromDiagonal) ?? 0);
    const fromY = edits === 0 ? 0 : fromX - fromDiagonal;
    const sameFrom = edits === 0 ? 0 : down ? fromX : fromX + 1;
    backwards.push(run(" ", a.slice(sameFrom, x)));
    if (edits > 0) backwards.push(down ? run("+", b.slice(fromY, fromY + 1)) : run("-", a.slice(fromX, fromX + 1)));
    [x, y] = [fromX, fromY];
  }
  return joined(backwards.reverse());
}

/** How far each diagonal reaches before the n-th edit, for every n; undefined past {@link MOST_EDITS}. */
function furthestReaching(a: string[], b: string[]): Map<number, number>[] | undefined {
  const steps: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, MOST_EDITS); edits++) {
    steps.push(furthest);
    const next = new Map(furthest);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = goesDown(furthest, diagonal, edits) ? reach(furthest, diagonal + 1) : reach(furthest, diagonal - 1) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return steps;
    }
    furthest = next;
  }
  return undefined;
}

function goesDown(furthest: Map<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && reach(furthest, diagonal - 1) < reach(furthest, diagonal + 1);
}

function reach(furthest: Map<number, number>, diagonal: number): number {
  return furthest.get(diagonal) ?? Number.NEGATIVE_INFINITY;
}

function run(kind: Run["kind"], lines: string[]): Run {
  return { kind, lines };
}

function joined(runs: Run[]): Run[] {
  const whole: Run[] = [];
  for (const { kind, lines } of runs) {
    if (lines.length === 0) continue;
    const last = whole.at(-1);
    if (last?.kind === kind) last.lines.push(...lines);
    else whole.push({ kind, lines: [...lines] });
  }
  return whole;
}

interface Line {
  kind: Run["kind"];
  text: string;
  /** How many lines of either side come before it. */
  before: [number, number];
}

function hunksOf(runs: Run[]): string[] {
  const lines = numbered(runs);
  const wanted = new Set<number>();
  for (const [at, { kind }] of lines.entries()) {
    if (kind === " ") continue;
    for (let near = at - CONTEXT; near <= at + CONTEXT; near++) wanted.add(near);
  }
  const hunks: Line[][] = [];
  for (const [at, line] of lines.entries()) {
    if (!wanted.has(at)) continue;
    if (at > 0 && wanted.has(at - 1)) hunks.at(-1)?.push(line);
    else hunks.push([line]);
  }
  return hunks.flatMap((hunk) => [headOf(hunk), ...hunk.map(shownLine)]);
}

function numbered(runs: Run[]): Line[] {
  const before: [number, number] = [0, 0];
  return runs.flatMap(({ kind, lines }) =>
    lines.map((text) => {
      const line: Line = { kind, text, before: [...before] };
      if (kind !== "+") before[0]++;
      if (kind !== "-") before[1]++;
      return line;
    }),
  );
}

function headOf(hunk: Line[]): string {
  const [a = 0, b = 0] = hunk[0]?.before ?? [];
  const count = (other: Run["kind"]) => hunk.filter(({ kind }) => kind !== other).length;
  return `@@ -${range(a, count("+"))} +${range(b, count("-"))} @@`;
}

/** An empty range is named by the line before it. */
function range(before: number, count: number): string {
  return `${count === 0 ? before : before + 1}${count === 1 ? "" : `,${count}`}`;
}

function shownLine({ kind, text }: Line): string {
  return text.endsWith("\n") ? `${kind}${text.slice(0, -1)}` : `${kind}${text}\n\\ No newline at end of file`;
}
