import { table } from "../../lib/kit/table.ts";
import { formatBytes, formatDuration } from "../../lib/kit/units.ts";
import { titleOf } from "./results.ts";
import type { Summary } from "./stats.ts";
import type { WorkspaceBlock, WorkspaceResults } from "./workspace.ts";

const GIGABYTE = 1024 ** 3;
const SNAPSHOT_MS = 500;
const ROLLBACK_MS = { postgres: 800, mysql: 1600, mariadb: 1600 };
const PAUSE_MS = 200;
const BUSY_PAUSE_MS = 600;

/** The results as text for a terminal. */
export function renderWorkspace({ machine, blocks, gaps }: WorkspaceResults): string {
  const load = machine.load_at_start[0]?.toFixed(1);
  const where = `${machine.cores} cores, ${formatBytes(machine.memory_bytes)}, Docker ${machine.docker}, Bun ${machine.bun}, load ${load} at the start`;
  const missing = Object.entries(gaps).map(([title, reason]) => `Not available: ${title}: ${reason}`);
  return [where, blockTable(blocks), missing.join("\n"), aimTable(blocks)].filter(Boolean).join("\n\n");
}

function blockTable(blocks: WorkspaceBlock[]): string {
  const figures = ["snapshot", "pause", "rollback", "reset", "clone", "busy_snapshot", "busy_pause"] as const;
  const rows = blocks.map((block) => [
    `${block.engine} ${block.version}`,
    block.database,
    block.method,
    ...figures.map((name) => formatDuration(block[name].median)),
    `${Math.round(block.busy_before * 100)} %`,
  ]);
  const head = ["Server", "Database", "Copies by", "Snapshot", "Pause", "Rollback", "Reset", "Clone", "Snapshot, busy"];
  return table(rows, { head: [...head, "Pause, busy", "Busy"], right: [3, 4, 5, 6, 7, 8, 9, 10] });
}

/** By image layers the cost follows the files that were touched: it is shown, and has no aim. */
function aimTable(blocks: WorkspaceBlock[]): string {
  const rows = blocks.filter(({ method }) => !method.endsWith("/image")).flatMap((block) => aimsOf(block, blocks));
  return rows.length === 0 ? "" : `Aims\n${table(rows)}`;
}

function aimsOf(block: WorkspaceBlock, all: WorkspaceBlock[]): string[][] {
  const atMost = (what: string, { median }: Summary, limit: number) => [
    median <= limit ? "met" : "MISSED",
    `${titleOf(block)}: ${what} ≤ ${formatDuration(limit)}`,
    formatDuration(median),
  ];
  const limit = ROLLBACK_MS[block.engine as keyof typeof ROLLBACK_MS];
  const pauses = [atMost("pause", block.pause, PAUSE_MS), atMost("pause, busy", block.busy_pause, BUSY_PAUSE_MS)];
  const commands = [
    atMost("snapshot", block.snapshot, SNAPSHOT_MS),
    ...(["rollback", "reset", "clone"] as const).map((name) => atMost(name, block[name], limit)),
  ];
  return [...commands, ...pauses, ...growthOf(block, all)];
}

function growthOf(block: WorkspaceBlock, all: WorkspaceBlock[]): string[][] {
  const small = all.find(
    ({ engine, method, nominal_bytes }) =>
      engine === block.engine && method === block.method && nominal_bytes > 0 && nominal_bytes < GIGABYTE / 50,
  );
  if (!small || block.nominal_bytes < GIGABYTE) return [];
  return (["snapshot", "rollback"] as const).map((name) => {
    const growth = block[name].median / small[name].median;
    return [
      growth <= 1.3 ? "met" : "MISSED",
      `${titleOf(block)}: ${name} within 1.3× of 10 MB`,
      `${growth.toFixed(2)}×`,
    ];
  });
}
