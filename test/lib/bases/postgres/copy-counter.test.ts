import { expect, test } from "bun:test";
import { CopyCounter } from "../../../../lib/bases/postgres/copy-counter.ts";

const ROWS = "1\tAda\\nLovelace\n2\t\\N\n3\t\\\\.\n\n\\.\n\n\n";

function count(pieces: Uint8Array[]): { rows: number; hash: string } {
  const counter = new CopyCounter();
  for (const piece of pieces) counter.push(piece);
  return counter.result();
}

test("rows are counted up to the end mark, an empty line is a row", () => {
  expect(count([new TextEncoder().encode(ROWS)]).rows).toBe(4);
});

test("where the stream was cut into pieces doesn't matter", () => {
  const bytes = new TextEncoder().encode(ROWS);
  const whole = count([bytes]);
  for (let size = 1; size <= bytes.length; size++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    expect(count(pieces)).toEqual(whole);
  }
});
