import type { Change, Diagram } from "./diagram.ts";

/** Backgrounds that black text is readable on. */
const GROUPS = ["#cfe3ff", "#d9f2d0", "#ffe3c2", "#ead9ff", "#ffd6de", "#d1f1ee", "#fff0b8", "#e3e3ea"];

/** What is marked, in whatever group it is. */
export const CHANGES: Record<Change, { fill: string; line: string }> = {
  added: { fill: "#d7f5dd", line: "#1a7f37" },
  removed: { fill: "#fbdcdc", line: "#cf222e" },
  changed: { fill: "#fdf3cf", line: "#9a6700" },
};

/** Group → colour, in the order of the names; they begin again where there are many. */
export function groupColours({ entities }: Diagram): Map<string, string> {
  const groups = [...new Set(entities.map(({ group }) => group))].sort();
  return new Map(groups.map((group, at) => [group, GROUPS[at % GROUPS.length] as string]));
}
