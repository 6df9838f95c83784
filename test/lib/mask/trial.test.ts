import { expect, test } from "bun:test";
import { type ColumnMask, planMasks } from "../../../lib/mask/plan.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { trialValues } from "../../../lib/mask/trial.ts";
import type { Schema } from "../../../lib/schema/model.ts";

test("a range is tried with numbers that it holds, also in a unique column", () => {
  const rule: Rule = { table: "t", column: "id", strategy: "replace", type: "number", range: [10, 20] };
  const column = { name: "id", type: "integer", baseType: "", labels: [], generated: "no", ignores: "nothing" };
  const key = { kind: "primary key", columns: ["id"] };
  const table = { ...{ schema: "public", name: "t", kind: "table", extension: "" }, columns: [column], keys: [key] };
  const schema = { tables: [{ ...table, indexes: [], parents: [], partitionKey: [] }] } as unknown as Schema;
  const plan = planMasks("postgres", schema, [rule]);
  expect(plan.problems).toEqual([]);
  const made = trialValues("postgres", plan.tables.get("public.t")?.columns[0] as ColumnMask, rule).map(Number);
  expect(made).toHaveLength(2);
  expect(made.every((number) => number >= 10 && number <= 20)).toBe(true);
});
