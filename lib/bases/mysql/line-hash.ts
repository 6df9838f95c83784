import type { RowHash } from "../row-hash.ts";
import type { RowColumn } from "./columns.ts";
import { canonicalFloat, LineBuffer } from "./encode.ts";

/** Adds the line in `bytes[from, to)` to a hash. */
export type LineHasher = (line: Uint8Array, from: number, to: number) => void;

/** Hashes lines as they are, or where there are FLOAT columns with those rounded. */
export function lineHasher(columns: RowColumn[], hash: RowHash): LineHasher {
  if (columns.some(({ carriage }) => carriage === "float")) return floatHasher(columns, hash);
  return (line, from, to) => hash.add(line, from, to);
}

/** Hashes a line with its FLOAT columns rounded; NULL's `\N` is no number and stays. */
function floatHasher(columns: RowColumn[], hash: RowHash): LineHasher {
  const canonical = new LineBuffer();
  return (line, from, to) => {
    canonical.length = 0;
    let begin = from;
    for (const { carriage } of columns) {
      let end = begin;
      while (end < to && line[end] !== 9) end++;
      if (begin > from) canonical.tab();
      canonical.plain(carriage === "float" ? canonicalFloat(line.subarray(begin, end)) : line.subarray(begin, end));
      begin = end + 1;
    }
    hash.add(canonical.bytes, 0, canonical.length);
  };
}
