import { cut } from "./progress.ts";
import { isTerminal, paint, terminalWidth } from "./stdio.ts";

/** How a table is laid out. */
export interface TableOptions {
  head?: string[];
  /** Columns of the screen; default the terminal's (60 to 200), or as wide as needed when there is none. */
  width?: number;
  /** Indexes of columns that are aligned to the right, for numbers. */
  right?: number[];
}

const GAP = "  ";
/** What a column keeps when others need room. */
const LEAST = 6;

/** Lays rows out in aligned columns; too long ones are cut, the widest first, but never the first column: it names the row. */
export function table(rows: string[][], options: TableOptions = {}): string {
  const head = options.head === undefined ? [] : [options.head];
  const all = [...head, ...rows].map((row) => row.map(flat));
  const count = Math.max(0, ...all.map((row) => row.length));
  const natural = Array.from({ length: count }, (_, at) =>
    Math.max(...all.map((row) => Bun.stringWidth(row[at] ?? ""))),
  );
  const widths = fit(natural, options.width ?? screenWidth());
  const lines = all.map((row) => line(row, widths, options.right ?? []));
  const [first = "", ...others] = lines;
  return options.head === undefined ? lines.join("\n") : [paint(1).dim(first), ...others].join("\n");
}

function screenWidth(): number {
  // A pipe gets everything: its reader may be a program.
  return isTerminal(1) ? Math.min(200, Math.max(60, terminalWidth(1))) : Number.POSITIVE_INFINITY;
}

/** One line per row, and nothing that moves the cursor. */
function flat(cell: string): string {
  return cell.replace(/\s*\n\s*/g, " ").replace(/\p{Cc}/gu, "");
}

function fit(natural: number[], width: number): number[] {
  const widths = [...natural];
  const room = width - GAP.length * (widths.length - 1);
  const sum = () => widths.reduce((total, one) => total + one, 0);
  while (sum() > room) {
    const widest = Math.max(...widths.slice(1));
    if (!(widest > LEAST)) break;
    const at = widths.indexOf(widest, 1);
    widths[at] = widest - 1;
  }
  return widths;
}

function line(row: string[], widths: number[], right: number[]): string {
  const cells = widths.map((width, at) => {
    const text = at === 0 ? (row[at] ?? "") : cut(row[at] ?? "", width);
    const blank = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
    return right.includes(at) ? blank + text : text + blank;
  });
  return cells.join(GAP).trimEnd();
}
