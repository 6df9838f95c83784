import { table } from "../../lib/kit/table.ts";
import { formatBytes, formatDuration } from "../../lib/kit/units.ts";
import { checkAims } from "./aims.ts";
import { type Block, type Results, titleOf } from "./results.ts";
import type { Summary } from "./stats.ts";

interface Column {
  head: string;
  cell(block: Block): string;
  /** Only in the table of a terminal: README.md has less room. */
  detail?: boolean;
  left?: boolean;
}

const COLUMNS: Column[] = [
  { head: "Server", cell: ({ engine, version }) => `${LABELS[engine] ?? engine} ${version}`, left: true },
  { head: "Database", cell: ({ database }) => database, left: true },
  { head: "Copies by", cell: ({ method }) => method, left: true },
  { head: "Create", cell: ({ create }) => time(create) },
  { head: "Restore", cell: ({ restore }) => time(restore) },
  { head: "Faster", cell: ({ create, restore }) => times(restore.median / create.median) },
  { head: "First count", cell: ({ first_count }) => time(first_count) },
  { head: "Again", cell: ({ second_count }) => time(second_count), detail: true },
  { head: "Delete", cell: (block) => time(block.delete) },
  { head: "Memory", cell: ({ memory }) => (memory ? formatBytes(memory.median) : "?") },
  { head: "Disk", cell: ({ disk_untouched }) => formatBytes(disk_untouched) },
  { head: "Disk, read", cell: ({ disk_read }) => formatBytes(disk_read) },
  { head: "List", cell: ({ list }) => time(list), detail: true },
  { head: "Own tools", cell: ({ reseed }) => time(reseed.own) },
  { head: "Reseed", cell: ({ reseed }) => time(reseed.whole) },
  { head: "Base/own", cell: ({ reseed }) => times(reseed.base_to_own.median), detail: true },
  { head: "Reseed/own", cell: ({ reseed }) => times(reseed.whole_to_own.median) },
  { head: "Busy", cell: ({ busy_before }) => `${Math.round(busy_before * 100)} %`, detail: true },
];

const LABELS: Record<string, string> = { postgres: "Postgres", mysql: "MySQL", mariadb: "MariaDB" };

/** The results as text: aligned for a terminal, or as README.md has them. */
export function render(measured: Results, { markdown }: { markdown: boolean }): string {
  const results = { ...measured, blocks: inOrder(measured.blocks) };
  return markdown ? renderMarkdown(results) : renderText(results);
}

/** By server, then by size with the one of many files last; methods stay as they were measured. */
function inOrder(blocks: Block[]): Block[] {
  const engines = Object.keys(LABELS);
  const size = ({ nominal_bytes }: Block) => nominal_bytes || Number.MAX_SAFE_INTEGER;
  return blocks.toSorted(
    (a, b) =>
      engines.indexOf(a.engine) - engines.indexOf(b.engine) ||
      Number(b.version) - Number(a.version) ||
      size(a) - size(b),
  );
}

function renderText(results: Results): string {
  const gaps = results.gaps.map(
    (gap) => `${gap.kind === "failed" ? "FAILED" : "Not available"}: ${titleOf(gap)}: ${gap.reason}`,
  );
  const aims = checkAims(results).map(({ aim, measured, met }) => [met ? "met" : "MISSED", aim, measured]);
  const parts = [
    machineLine(results),
    startupLine(results),
    results.blocks.length > 0 ? alignedTable(results.blocks) : "",
    gaps.join("\n"),
    aims.length > 0 ? `Aims\n${table(aims)}` : "",
  ];
  return parts.filter(Boolean).join("\n\n");
}

function alignedTable(blocks: Block[]): string {
  const right = COLUMNS.flatMap(({ left }, at) => (left ? [] : [at]));
  return table(
    blocks.map((block) => COLUMNS.map(({ cell }) => cell(block))),
    { head: COLUMNS.map(({ head }) => head), right },
  );
}

function renderMarkdown(results: Results): string {
  const columns = COLUMNS.filter(({ detail }) => !detail);
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rows = results.blocks.map((block) => row(columns.map(({ cell }) => cell(block))));
  const ruler = row(columns.map(({ left }) => (left ? "---" : "---:")));
  return [row(columns.map(({ head }) => head)), ruler, ...rows, "", machineLine(results), startupLine(results)].join(
    "\n",
  );
}

function machineLine({ machine, blocks }: Results): string {
  const kernel = /^(\w+ \d+\.\d+)/.exec(machine.kernel)?.[1] ?? machine.kernel;
  const docker = machine.docker && `, Docker ${machine.docker} (${machine.docker_storage})`;
  const counts = blocks.map(({ create }) => create.samples.length);
  const runs =
    blocks.length === 0 ? "" : `; medians of ${[...new Set([Math.min(...counts), Math.max(...counts)])].join(" to ")}`;
  const load = machine.load_at_start[0]?.toFixed(1);
  return `Measured on ${machine.date.slice(0, 10)}: ${machine.cores} cores, ${formatBytes(machine.memory_bytes)}, ${kernel}${docker}, Bun ${machine.bun}, load ${load} at the start${runs}.`;
}

function startupLine({ startup }: Results): string {
  if (!startup) return "";
  return `copy.ts --help ${time(startup.help)}, copy.ts list ${time(startup.list)}; an empty script ${time(startup.bun)}.`;
}

function time(summary: Summary): string {
  return formatDuration(summary.median);
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;
}
