import { table } from "../../lib/kit/table.ts";
import { formatBytes, formatDuration } from "../../lib/kit/units.ts";
import type { MaskBlock, MaskResults } from "./mask.ts";

const MEGABYTE = 1024 ** 2;
/** What this project wants. */
const MOST_TIMES = 2;
const MOST_MEMORY = 300 * MEGABYTE;

/** The results as text for a terminal. */
export function renderMask({ machine, values, blocks }: MaskResults): string {
  const costs = table(
    values.map(({ column, with_memo, without_memo }) => [column, micro(with_memo), micro(without_memo)]),
    { head: ["Value", "With memo", "Without"], right: [1, 2] },
  );
  const load = machine.load_at_start[0]?.toFixed(1);
  const where = `${machine.cores} cores, ${formatBytes(machine.memory_bytes)}, Docker ${machine.docker}, Bun ${machine.bun}, load ${load} at the start`;
  return [where, costs, blockTable(blocks), stepTable(blocks), aimTable(blocks)].filter(Boolean).join("\n\n");
}

function blockTable(blocks: MaskBlock[]): string {
  const rows = blocks.map(({ engine, version, rows, bytes, unmasked, masked, masked_to_unmasked, busy_before }) => [
    `${engine} ${version}`,
    rows.toLocaleString("en"),
    formatBytes(bytes),
    formatDuration(unmasked.whole.median),
    formatDuration(masked.whole.median),
    `${masked_to_unmasked.median.toFixed(2)}×`,
    `${(bytes / MEGABYTE / (masked.whole.median / 1000)).toFixed(1)} MB/s`,
    formatDuration(unmasked.cpu.median),
    formatDuration(masked.cpu.median),
    formatBytes(unmasked.peak.median),
    formatBytes(masked.peak.median),
    `${Math.round(busy_before * 100)} %`,
  ]);
  const head = ["Server", "Rows", "Size", "Unmasked", "Masked", "Ratio", "Speed", "CPU", "CPU, masked", "Memory"];
  return table(rows, { head: [...head, "Masked", "Busy"], right: Array.from({ length: 11 }, (_, at) => at + 1) });
}

function stepTable(blocks: MaskBlock[]): string {
  const rows = blocks.flatMap(({ engine, unmasked, masked }) =>
    [...new Set([...Object.keys(unmasked.steps), ...Object.keys(masked.steps)])].map((step) => [
      engine,
      step,
      ...[unmasked, masked].map(({ steps }) => (steps[step] ? formatDuration(steps[step].median) : "")),
    ]),
  );
  return rows.length === 0 ? "" : table(rows, { head: ["Server", "Step", "Unmasked", "Masked"], right: [2, 3] });
}

function aimTable(blocks: MaskBlock[]): string {
  const verdict = (met: boolean) => (met ? "met" : "MISSED");
  const rows = blocks.flatMap(({ engine, masked, masked_to_unmasked: { median } }) => [
    [verdict(median <= MOST_TIMES), `${engine}: masked within ${MOST_TIMES}× of unmasked`, `${median.toFixed(2)}×`],
    [verdict(masked.peak.max <= MOST_MEMORY), `${engine}: at most 300 MB`, formatBytes(masked.peak.max)],
  ]);
  return rows.length === 0 ? "" : `Aims\n${table(rows)}`;
}

function micro(microseconds: number): string {
  return `${microseconds.toFixed(2)} µs`;
}
