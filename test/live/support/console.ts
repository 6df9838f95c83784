import { attempt } from "../../provision/exec.ts";

/** A block of a document that shows commands and what they print. */
export interface ConsoleBlock {
  /** Where it begins and ends in the document, without the fences. */
  from: number;
  to: number;
  entries: { command: string; output: string }[];
}

/** The blocks that are marked `<!-- run -->`, in their order. */
export function readBlocks(markdown: string): ConsoleBlock[] {
  return [...markdown.matchAll(/^<!-- run -->\n```console\n([\s\S]*?)^```$/gm)].map((match) => {
    const text = match[1] ?? "";
    const from = match.index + match[0].length - "```".length - text.length;
    return { from, to: from + text.length, entries: readEntries(text) };
  });
}

function readEntries(text: string): ConsoleBlock["entries"] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf("\n");
      return { command: part.slice(0, end), output: part.slice(end + 1).trimEnd() };
    });
}

/** Runs a command as a person would in a shell; what it prints on both streams comes in its order. */
export async function play(command: string, options: { cwd: string; env: Record<string, string> }) {
  const { status, stdout } = await attempt(["bash", "-c", `cd "$folder" && { ${command}; } 2>&1`], {
    env: { ...options.env, folder: options.cwd },
    timeoutMs: 180_000,
  });
  return { status, output: asOnTerminal(stdout) };
}

/** A terminal shows a step on one line; elsewhere its beginning, now and then its progress, and its end have one each. */
function asOnTerminal(text: string): string {
  const lines = text.split("\n");
  const ended = lines.flatMap((line) => /^✓ (.+?) {2}/.exec(line)?.[1] ?? []);
  const isStep = (line: string) => ended.some((title) => line === title || line.startsWith(`  ${title}  `));
  return lines
    .filter((line) => !isStep(line))
    .join("\n")
    .trimEnd();
}

/** What stays the same from run to run: numbers, ids, times and places are not compared, nor how lines are wrapped. */
export function normalised(text: string): string {
  return text
    .replace(/\b[0-9a-hj-km-np-tv-z]{26}\b/g, "ID")
    .replace(/\d{4}-\d\d-\d\dT[\d:.-]+Z/g, "TIME")
    .replace(/\b[0-9a-f]{12}…/g, "HASH…")
    .replace(/\b\d+(\.\d+){2,}\S*/g, "N")
    .replace(/\d[\d,.]*( (ms|s|min|h|d|B|kB|MB|GB)(\/s)?\b)*/g, "N")
    .replace(/in N( N)*/g, "in N")
    .replace(/\bjust now\b|\bN ago\b/g, "AGO")
    .replace(/\bN( N)+\b/g, "N")
    .replace(/-{3,}/g, "---")
    .replace(/\s+/g, " ")
    .trim();
}
