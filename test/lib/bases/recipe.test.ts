import { expect, test } from "bun:test";
import { recipeOf } from "../../../lib/bases/recipe.ts";
import type { ReseedRequest } from "../../../lib/bases/reseed.ts";

function recipe(rawFile: ReseedRequest["rawFile"], unreviewed: string): string {
  const selection = { roles: "drop", schemaOnly: false };
  const rest = { sideEffects: "disarm", settings: {}, storage: "auto", runtime: { name: "docker" } };
  return recipeOf({ ...rest, selection, rawFile, masking: { unreviewed } } as unknown as ReseedRequest);
}

test("a base of a file that nobody had to look at is none of a reseed that looks", () => {
  for (const rawFile of ["load", "mask"] as const) expect(recipe(rawFile, "allow")).not.toBe(recipe(rawFile, "fail"));
});
