import { formatBytes, formatDuration } from "../../lib/kit/units.ts";
import { type Block, type Results, titleOf } from "./results.ts";

/** One thing that this project wants to be, and what it was. */
export interface Aim {
  aim: string;
  measured: string;
  met: boolean;
}

const MEGABYTE = 1024 ** 2;
const CREATE_MS = { postgres: 600, mysql: 1300, mariadb: 1300 };
const NATIVE_CREATE_MS = 350;
const MEMORY = { postgres: 40 * MEGABYTE, mysql: 150 * MEGABYTE, mariadb: 150 * MEGABYTE };
const HELP_MS = 60;
const LIST_MS = 150;

/** Holds the results against the aims, which are for two cores without other work. */
export function checkAims(results: Results): Aim[] {
  const { startup, blocks } = results;
  return [
    ...(startup ? [atMost("--help", startup.help.median, HELP_MS), atMost("list", startup.list.median, LIST_MS)] : []),
    ...blocks.flatMap((block) => aimsOf(block, blocks)),
  ];
}

function aimsOf(block: Block, all: Block[]): Aim[] {
  const title = titleOf(block);
  const engine = block.engine as keyof typeof MEMORY;
  const aims: Aim[] = [];
  const limit = block.method === "native/reflink" ? NATIVE_CREATE_MS : CREATE_MS[engine];
  if (block.method !== "native/copy") aims.push(atMost(`${title}: create`, block.create.median, limit));
  if (block.memory) aims.push(smaller(`${title}: memory of an idle copy`, block.memory.median, MEMORY[engine]));
  if (block.nominal_bytes === 1024 ** 3) {
    const faster = block.restore.median / block.create.median;
    aims.push(ratio(`${title}: create at least 15× faster than restore`, faster, faster >= 15));
  }
  return [...aims, ...growthAims(block, all), ...reseedAims(block)];
}

/** Whatever its size, and however many files it has, a copy takes as long as a small one. */
function growthAims(block: Block, all: Block[]): Aim[] {
  const small = all.find(
    ({ engine, version, method, nominal_bytes }) =>
      nominal_bytes === 10 * MEGABYTE &&
      engine === block.engine &&
      version === block.version &&
      method === block.method,
  );
  const compared = block.nominal_bytes === 0 || block.nominal_bytes >= 1024 ** 3;
  if (!small || !compared || block.method === "native/copy") return [];
  const growth = block.create.median / small.create.median;
  return [ratio(`${titleOf(block)}: create within 1.2× of 10 MB`, growth, growth <= 1.2)];
}

/** Of a small database the servers' starts are measured, and the own tools find theirs started. */
function reseedAims(block: Block): Aim[] {
  if (block.nominal_bytes < 100 * MEGABYTE) return [];
  const { base_to_own: base, whole_to_own: whole, own_tools: tools } = block.reseed;
  return [
    ratio(`${titleOf(block)}: base within 1.15× of ${tools}`, base.median, base.median <= 1.15),
    ratio(`${titleOf(block)}: reseed within 1.8× of ${tools}`, whole.median, whole.median <= 1.8),
  ];
}

function atMost(what: string, ms: number, limit: number): Aim {
  return { aim: `${what} ≤ ${formatDuration(limit)}`, measured: formatDuration(ms), met: ms <= limit };
}

function smaller(what: string, bytes: number, limit: number): Aim {
  return { aim: `${what} ≤ ${formatBytes(limit)}`, measured: formatBytes(bytes), met: bytes <= limit };
}

function ratio(what: string, measured: number, met: boolean): Aim {
  return { aim: what, measured: `${measured.toFixed(2)}×`, met };
}
