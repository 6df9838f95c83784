import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Machine } from "./machine.ts";
import type { Summary } from "./stats.ts";

/** Which engine, which rows, which storage: what one block measures. */
export interface BlockName {
  engine: string;
  version: string;
  /** "10 MB", "15,000 files" */
  database: string;
  /** "docker/pool" */
  method: string;
}

/** The figures of one block: times in milliseconds, sizes in bytes. */
export interface Block extends BlockName {
  /** What was asked for, to compare blocks by; 0 for the one of many files. */
  nominal_bytes: number;
  /** What the source's own catalog says. */
  database_bytes: number;
  tables: number;
  /** Files of the source's data directory. */
  files: number;
  rows_of_biggest: number;
  measured_at: string;
  seconds: number;
  load_before: number[];
  load_after: number[];
  /** The share of all processors that others used just before, 0 to 1. */
  busy_before: number;
  base_bytes: number;
  /** From the start of the process to its end; `to_url`: to the URL on stdout. */
  create: Summary;
  create_to_url: Summary;
  /** From connecting to the answer, right after create, and once more on the same copy. */
  first_count: Summary;
  second_count: Summary;
  delete: Summary;
  /** `copy.ts list` with `idle_copies` running. */
  list: Summary;
  idle_copies: number;
  /** Anonymous and shared memory 30 s after ready; null where it can't be seen. */
  memory: Summary | null;
  memory_source: string;
  disk_untouched: number;
  /** After every row of every table was read once. */
  disk_read: number;
  /** The portable dump, by the engine's own tool, into an empty running server of the same version. */
  restore: Summary;
  restore_tool: string;
  dump_bytes: number;
  reseed: ReseedFigures;
}

/** Reseeds in turn with the engine's own dump and restore. */
export interface ReseedFigures {
  own_tools: string;
  own: Summary;
  own_dump: Summary | null;
  own_restore: Summary | null;
  /** The whole process: with verification and the portable dump. */
  whole: Summary;
  /** Without the steps that verify and that write the portable dump. */
  base: Summary;
  /** Of each pair. */
  whole_to_own: Summary;
  base_to_own: Summary;
  /** Step → milliseconds. */
  steps: Record<string, Summary>;
}

/** A block without figures. */
export interface Gap extends BlockName {
  kind: "unavailable" | "failed";
  reason: string;
}

/** Whole processes without any server. */
export interface Startup {
  measured_at: string;
  load_before: number[];
  /** An empty script: what Bun itself takes. */
  bun: Summary;
  help: Summary;
  list: Summary;
}

/** Everything that `copy.json` holds. */
export interface Results {
  format: 1;
  machine: Machine;
  startup: Startup | null;
  blocks: Block[];
  gaps: Gap[];
}

/** Reads a results file; undefined when there is none. */
export async function readResults(file: string): Promise<Results | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const results = JSON.parse(text) as Results;
  return results.format === 1 ? results : undefined;
}

/** Writes the file so that it is whole at any time: a run of hours that is interrupted keeps what it measured. */
export async function writeResults(file: string, results: Results): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, `${JSON.stringify(results, null, 2)}\n`);
  await rename(unfinished, file);
}

/** Puts a block or a gap in the place of an earlier one of the same name. */
export function record(results: Results, entry: { block: Block } | { gap: Gap }): void {
  const name = "block" in entry ? entry.block : entry.gap;
  results.blocks = results.blocks.filter((other) => !sameBlock(other, name));
  results.gaps = results.gaps.filter((other) => !sameBlock(other, name));
  if ("block" in entry) results.blocks.push(entry.block);
  else results.gaps.push(entry.gap);
}

/** "postgres 17, 10 MB, docker/pool" */
export function titleOf({ engine, version, database, method }: BlockName): string {
  return `${engine} ${version}, ${database}, ${method}`.replace(" ,", ",");
}

function sameBlock(a: BlockName, b: BlockName): boolean {
  return titleOf(a) === titleOf(b);
}
