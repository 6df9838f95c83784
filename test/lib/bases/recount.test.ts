import { describe, expect, test } from "bun:test";
import { compareCounts, countAgain } from "../../../lib/bases/recount.ts";
import type { Session } from "../../../lib/engine/index.ts";
import type { Table } from "../../../lib/schema/model.ts";

const rowsOf = (name: string, rows: number) => ({ schema: "public", name, rows, hash: "" });

describe("the rows that the source counts again", () => {
  test("are those that were read", () => {
    expect(() => compareCounts([rowsOf("a", 3)], [rowsOf("a", 3), rowsOf("of another kind", 9)])).not.toThrow();
  });

  test("whose count fails are told by their table and the state, never by what the server quotes", async () => {
    const refusal = Object.assign(new Error('invalid input syntax for type bigint: "Anna Meier"'), { code: "22P02" });
    const session = { query: () => Promise.reject(refusal) } as unknown as Session;
    const table = { schema: "public", name: "a" } as Table;
    const error = await countAgain(session, { table, condition: "name::bigint > 0", from: "a" }).catch((why) => why);
    expect(error).toMatchObject({ message: 'Cannot look at the rows of "public.a" (22P02)', code: "22P02" });
    expect(Bun.inspect(error)).not.toContain("Anna");
  });

  test("name each table that lost some, or all", () => {
    const read = [rowsOf("a", 3), rowsOf("b", 1)];
    expect(() => compareCounts([rowsOf("a", 3), rowsOf("b", 2), rowsOf("c", 5)], read)).toThrow(
      "not all rows of the source were read: public.b (2 rows in the source, 1 read), public.c (5 rows in the source, 0 read)",
    );
  });
});
