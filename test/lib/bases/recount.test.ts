import { describe, expect, test } from "bun:test";
import { compareCounts } from "../../../lib/bases/recount.ts";

const rowsOf = (name: string, rows: number) => ({ schema: "public", name, rows, hash: "" });

describe("the rows that the source counts again", () => {
  test("are those that were read", () => {
    expect(() => compareCounts([rowsOf("a", 3)], [rowsOf("a", 3), rowsOf("of another kind", 9)])).not.toThrow();
  });

  test("name each table that lost some, or all", () => {
    const read = [rowsOf("a", 3), rowsOf("b", 1)];
    expect(() => compareCounts([rowsOf("a", 3), rowsOf("b", 2), rowsOf("c", 5)], read)).toThrow(
      "not all rows of the source were read: public.b (2 rows in the source, 1 read), public.c (5 rows in the source, 0 read)",
    );
  });
});
