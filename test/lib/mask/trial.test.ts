import { expect, test } from "bun:test";
import { type ColumnMask, planMasks } from "../../../lib/mask/plan.ts";
import type { Rule } from "../../../lib/mask/rule.ts";
import { breaks, trialsOf } from "../../../lib/mask/trial.ts";
import type { Schema } from "../../../lib/schema/model.ts";

test("a range is tried with numbers that it holds, also in a unique column", () => {
  const rule: Rule = { table: "t", column: "id", strategy: "replace", type: "number", range: [10, 20] };
  const column = { name: "id", type: "integer", baseType: "", labels: [], generated: "no", ignores: "nothing" };
  const key = { kind: "primary key", columns: ["id"] };
  const table = { ...{ schema: "public", name: "t", kind: "table", extension: "" }, columns: [column], keys: [key] };
  const schema = { tables: [{ ...table, indexes: [], parents: [], partitionKey: [] }] } as unknown as Schema;
  const plan = planMasks("postgres", schema, [rule]);
  expect(plan.problems).toEqual([]);
  const trials = trialsOf("postgres", plan.tables.get("public.t")?.columns[0] as ColumnMask, rule);
  const made = trials.map((trial) => Number(trial.made));
  expect(made).toHaveLength(2);
  expect(made.every((number) => number >= 10 && number <= 20)).toBe(true);
});

test("a constraint judges what a rule makes of values that it takes, and of all where it takes none", () => {
  const [fine, spoilt] = [
    { given: false, made: false },
    { given: false, made: true },
  ];
  const [mended, bad] = [
    { given: true, made: false },
    { given: true, made: true },
  ];
  expect(breaks([fine, bad])).toBe(false);
  expect(breaks([fine, spoilt])).toBe(true);
  expect(breaks([mended, bad])).toBe(true);
  expect(breaks([mended])).toBe(false);
  expect(breaks([])).toBe(false);
});
