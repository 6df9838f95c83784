import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { usageError } from "../kit/errors.ts";
import type { Outcome } from "./outcome.ts";
import { outcomeMarkdown } from "./report-markdown.ts";

/** Throws exit 2 where no report could be written: better before the migration than after. */
export async function requireReportPlace(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const path = resolve(file);
  const [folder, there] = await Promise.all([dirname(path), path].map((one) => stat(one).catch(() => undefined)));
  const state = !folder?.isDirectory() ? "its folder does not exist" : there?.isDirectory() ? "it is a folder" : "";
  if (state)
    throw usageError(`Cannot write the report to "${file}": ${state}`, "Name a file in a folder that there is");
}

/** Writes the report for a pull request. */
export async function writeReport(file: string, outcome: Outcome): Promise<void> {
  await writeFile(resolve(file), outcomeMarkdown(outcome));
}
