import type { Check } from "../bases/check.ts";
import { readable } from "../kit/glyphs.ts";
import { asTypedHere } from "../kit/runner.ts";
import { isTerminal, paint, terminalWidth } from "../kit/stdio.ts";
import { wrap } from "../kit/table.ts";
import type { Diagnosis } from "./doctor.ts";

const MARKS: Record<Check["status"], () => string> = {
  ok: () => paint(1).green("✓"),
  advice: () => paint(1).yellow("!"),
  failed: () => paint(1).red("✗"),
  unchecked: () => paint(1).dim("–"),
};

/** The list, a line for each check; below a red one what to do, and SQL as it is to be copied. */
export function renderDiagnosis({ checks }: Diagnosis): string {
  // Whole lines in a pipe, whose reader may be a program.
  const screen = isTerminal(1) ? terminalWidth(1) : Number.POSITIVE_INFINITY;
  const width = Math.max(...checks.map(({ check }) => check.length)) + 2;
  const lines = checks.flatMap(({ check, status, text, hint, statements }) => {
    const indent = " ".repeat(width + 2);
    const within = (words: string, room: number) =>
      asTypedHere(words)
        .split("\n")
        .flatMap((one) => wrap(one.split(" "), room));
    const [first = "", ...others] = within(text, screen - indent.length);
    const advice = hint === "" ? [] : within(hint, screen - indent.length - 2);
    return [
      `${MARKS[status]()} ${check.padEnd(width)}${first}`,
      ...others.map((line) => `${indent}${line}`),
      ...advice.map((line, at) => `${indent}${at === 0 ? "→ " : "  "}${line}`),
      ...statements.map((statement) => `${indent}  ${statement};`),
    ];
  });
  const red = checks.filter(({ status }) => status === "failed").length;
  return readable(
    [
      ...lines,
      "",
      red === 0 ? "Nothing is wrong" : `${red} of ${checks.length} ${red === 1 ? "is" : "are"} wrong`,
    ].join("\n"),
  );
}
