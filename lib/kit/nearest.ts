/** A word cut short is a likelier mistake than two wrong letters, and less likely than one. */
const PREFIX_DISTANCE = 1.5;

/** The candidate that `word` was most likely meant to be, or undefined when none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = plain(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const meant = plain(candidate);
    const distance = Math.min(editDistance(typed, meant), prefixDistance(typed, meant));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(PREFIX_DISTANCE, Math.floor(typed.length / 3)) ? best : undefined;
}

/** A sentence for a hint, "" when nothing is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? "" : `Did you mean "${meant}"?`;
}

/** Case, and "-" against "_", are never what tells two names apart. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll("_", "-");
}

function prefixDistance(typed: string, meant: string): number {
  const short = Math.min(typed.length, meant.length) < 3;
  return !short && (meant.startsWith(typed) || typed.startsWith(meant)) ? PREFIX_DISTANCE : Number.POSITIVE_INFINITY;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(cell(last, column) + 1, cell(current, column - 1) + 1, cell(last, column - 1) + change);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, cell(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return cell(last, b.length);
}

function cell(row: number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
