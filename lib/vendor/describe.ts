import { installLine, missingPackages } from "../kit/packages.ts";
import { howToRun } from "../kit/runner.ts";
import { shortest } from "../kit/shell.ts";
import { paint } from "../kit/stdio.ts";
import type { Fate } from "./fate.ts";
import type { Plan, PlannedFile } from "./plan.ts";

/** More files of one fate than this are counted, not listed. */
const LISTED = 20;

/** What stands behind the name of a file. */
const WORDS: Record<Fate, string> = {
  added: "new",
  replaced: "replaced: you had not edited it",
  unchanged: "",
  kept: "kept: you edited it, and there is nothing newer",
  conflict: "both edited: the new one lies beside it, as .new",
  deleted: "left out: you deleted it",
  removed: "removed: ditto has it no longer, and you had not edited it",
  abandoned: "kept: ditto has it no longer, but you edited it",
};

/** An update, done or planned, as it is answered. */
export interface VendorAnswer {
  folder: string;
  /** null: the first copy. */
  from: string | null;
  to: string;
  dry_run: boolean;
  files: { path: string; fate: Fate; unmerged: boolean; diff?: string }[];
  unchanged: number;
  /** The line that installs what is missing; "" when nothing is. */
  install: string;
}

/** The answer; a dry run's install line is empty, as there is nothing to install into yet. */
export async function answerOf(plan: Plan, dryRun: boolean): Promise<VendorAnswer> {
  const changed = plan.files.filter(({ fate, unmerged }) => fate !== "unchanged" || unmerged);
  const complete = dryRun || missingPackages(plan.folder).length === 0;
  return {
    folder: plan.folder,
    from: plan.from ?? null,
    to: plan.to,
    dry_run: dryRun,
    files: changed,
    unchanged: plan.files.length - changed.length,
    install: complete ? "" : installLine(plan.folder, howToRun()),
  };
}

/** True when something waits for a person to merge it. */
export function needsMerging({ files }: VendorAnswer): boolean {
  return files.some(({ fate, unmerged }) => fate === "conflict" || unmerged);
}

/** The update in words, with the diff of what is to be merged. */
export function renderVendor(answer: VendorAnswer): string {
  const { folder, from, to, dry_run, files, unchanged, install } = answer;
  const what = from === null ? `ditto ${to}` : from === to ? `ditto ${to}, again` : `ditto ${from} to ${to}`;
  const listed = (Object.keys(WORDS) as Fate[]).flatMap((fate) => linesOf(fate, files, dry_run));
  const merge = files.filter(({ fate, unmerged }) => fate === "conflict" || unmerged).map(({ path }) => `${path}.new`);
  return [
    [
      `${dry_run ? "Nothing is written yet: " : ""}${what} in ${shortest(folder)}`,
      ...listed,
      ...(unchanged === 0 ? [] : [`  ${count(unchanged)} as before`]),
    ].join("\n"),
    ...files.flatMap(({ diff }) => (diff === undefined ? [] : [coloured(diff)])),
    ...(merge.length === 0 ? [] : [`Merge into yours what you want of ${merge.join(", ")}, and remove it`]),
    ...(install === "" ? [] : [`Install what it runs on:\n  ${install}`]),
  ].join("\n\n");
}

function linesOf(fate: Fate, files: PlannedFile[], dryRun: boolean): string[] {
  const those = files.filter((file) => file.fate === fate);
  // A plan is there to be read.
  if (those.length > LISTED && !dryRun) return [`  ${count(those.length)} ${WORDS[fate]}`];
  return those.map(({ path, unmerged }) => {
    const beside = unmerged ? `${path}.new still waits to be merged` : WORDS[fate];
    return `  ${path}  ${paint(1).dim(beside)}`;
  });
}

function count(files: number): string {
  return files === 1 ? "1 file" : `${files} files`;
}

function coloured(diff: string): string {
  const { red, green, cyan } = paint(1);
  const colours: Record<string, (text: string) => string> = { "-": red, "+": green, "@": cyan };
  return diff
    .split("\n")
    .map((line) => (colours[line.charAt(0)] ?? String)(line))
    .join("\n");
}
