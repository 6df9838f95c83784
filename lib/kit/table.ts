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
const INDENT = "    ";
/** What a column keeps when others need room: a size, an age or a version is never cut. */
const LEAST = 14;

/**
 * Lays rows out in aligned columns; too long ones are cut, the widest first, but never the first column: it names the row.
 * Where they don't fit even so, each row is a paragraph, with the head's words before the values.
 */
export function table(rows: string[][], options: TableOptions = {}): string {
  const head = options.head === undefined ? [] : [options.head];
  const all = [...head, ...rows].map((row) => row.map(flat));
  const count = Math.max(0, ...all.map((row) => row.length));
  const natural = Array.from({ length: count }, (_, at) =>
    Math.max(...all.map((row) => Bun.stringWidth(row[at] ?? ""))),
  );
  const width = options.width ?? screenWidth();
  const widths = fit(natural, width);
  if (options.head !== undefined && total(widths) > width) {
    const [titles = [], ...others] = all;
    return [paint(1).dim(titles[0]), ...others.map((row) => paragraph(row, titles, width))].join("\n");
  }
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
  while (total(widths) > width) {
    const widest = Math.max(...widths.slice(1));
    if (!(widest > LEAST)) break;
    const at = widths.indexOf(widest, 1);
    widths[at] = widest - 1;
  }
  return widths;
}

function total(widths: number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
}

function paragraph([name = "", ...cells]: string[], [, ...head]: string[], width: number): string {
  const facts = cells.flatMap((cell, at) => (cell === "" ? [] : [`${(head[at] ?? "").toLowerCase()} ${cell}`]));
  const parts = facts.map((fact, at) => (at < facts.length - 1 ? `${fact},` : fact));
  return [name, ...wrap(parts, width - INDENT.length).map((text) => INDENT + text)].join("\n");
}

/** Lines of at most so many columns; a longer word has a line of its own. */
export function wrap(words: string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && Bun.stringWidth(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function line(row: string[], widths: number[], right: number[]): string {
  const cells = widths.map((width, at) => {
    const text = at === 0 ? (row[at] ?? "") : cut(row[at] ?? "", width);
    const blank = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
    return right.includes(at) ? blank + text : text + blank;
  });
  return cells.join(GAP).trimEnd();
}
