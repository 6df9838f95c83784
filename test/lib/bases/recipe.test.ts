import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasWritten, recipeOf } from "../../../lib/bases/recipe.ts";
import type { ReseedRequest } from "../../../lib/bases/reseed.ts";

function recipe(rawFile: ReseedRequest["rawFile"], unreviewed: string): string {
  const selection = { roles: "drop", schemaOnly: false };
  const rest = { sideEffects: "disarm", settings: {}, storage: "auto", runtime: { name: "docker" } };
  return recipeOf({ ...rest, selection, rawFile, masking: { unreviewed } } as unknown as ReseedRequest);
}

test("a base of a file that nobody had to look at is none of a reseed that looks", () => {
  for (const rawFile of ["load", "mask"] as const) expect(recipe(rawFile, "allow")).not.toBe(recipe(rawFile, "fail"));
});

test("a report or a dump of another base does not count as one that was asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ditto-recipe-"));
  const [reportPath, dumpPath] = [join(folder, "report.html"), join(folder, "newest.dump")];
  const none = { dumpPath: "", schemaPath: "", reportPath: "" };
  const of = (id: string, newest = true) => ({ base: { id }, newest });
  try {
    expect(await hasWritten(none, of("01a", false))).toBe(true);
    expect(await hasWritten({ ...none, reportPath }, of("01a"))).toBe(false);
    writeFileSync(reportPath, "<dd>01a</dd>");
    writeFileSync(dumpPath, "");
    expect(await hasWritten({ ...none, reportPath }, of("01a"))).toBe(true);
    expect(await hasWritten({ ...none, reportPath }, of("01b"))).toBe(false);
    expect(await hasWritten({ ...none, dumpPath }, of("01b"))).toBe(true);
    expect(await hasWritten({ ...none, dumpPath }, of("01b", false))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
