import { defer, withCleanup } from "../../lib/kit/cleanup.ts";
import { formatBytes } from "../../lib/kit/units.ts";
import { removeLeftovers } from "../provision/docker.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, stopAllSources } from "../provision/sources.ts";
import { startServer } from "./block.ts";
import { closeAbandonedHomes, closeHome, type Home, leaveScratch, openHome } from "./home.ts";
import { loadWarning, lookAround, type Machine, readMachine } from "./machine.ts";
import { renderMask } from "./mask-report.ts";
import { measureValues, type ValueCost } from "./mask-values.ts";
import { fillPeople, RULES } from "./people.ts";
import { CONTAINER_VERSIONS, chosen, ENGINES, type Engine, refuseForeignFlags } from "./plan.ts";
import { LIMIT_MS, stepSummaries, stepsIn } from "./reseed.ts";
import type { MaskCall } from "./run.ts";
import { type Summary, summarize } from "./stats.ts";
import { stopIfInterrupted } from "./timed.ts";

/** Reseeds of one kind: times in milliseconds, memory in bytes. */
export interface MaskRuns {
  whole: Summary;
  /** Of ditto and the tools that it ran on this host, without the servers. */
  cpu: Summary;
  peak: Summary;
  steps: Record<string, Summary>;
}

/** The figures of one engine. */
export interface MaskBlock {
  engine: Engine;
  version: string;
  rows: number;
  /** Of the table with its indexes. */
  bytes: number;
  load_before: number[];
  busy_before: number;
  unmasked: MaskRuns;
  masked: MaskRuns;
  /** Of each pair. */
  masked_to_unmasked: Summary;
}

/** Everything that `bench mask` measures. */
export interface MaskResults {
  machine: Machine;
  values: ValueCost[];
  blocks: MaskBlock[];
}

const USUAL_ROWS = 5_000_000;
const USUAL_PAIRS = 3;

/** `bench mask`: what masking adds to a reseed. */
export async function benchMask(call: MaskCall): Promise<number> {
  const { flags } = call;
  refuseForeignFlags(call);
  const engines = chosen("--engines", flags.engines, ENGINES, ENGINES);
  const scratch = flags.scratch ?? "/var/tmp/ditto-bench";
  const say = (text: string) => call.say(`${new Date().toTimeString().slice(0, 8)} ${text}`);
  const machine = await readMachine(readProvisioned().podman.env);
  const warning = loadWarning(machine);
  if (warning !== undefined) say(warning);
  await removeLeftovers();
  await closeAbandonedHomes(scratch);
  const release = defer(stopAllSources);
  const results: MaskResults = { machine, values: measureValues(), blocks: [] };
  const wish = { rows: flags.rows ?? USUAL_ROWS, pairs: flags.pairs ?? USUAL_PAIRS, scratch, say };
  try {
    await withCleanup(
      async () => {
        for (const engine of engines) results.blocks.push(await measureEngine(engine, wish));
      },
      () => leaveScratch(scratch),
    );
  } finally {
    release();
  }
  call.answer(results, renderMask);
  return 0;
}

interface Wish {
  rows: number;
  pairs: number;
  scratch: string;
  say(text: string): void;
}

async function measureEngine(engine: Engine, { rows, pairs, scratch, say }: Wish): Promise<MaskBlock> {
  stopIfInterrupted();
  const version = CONTAINER_VERSIONS[engine];
  const tell = (text: string) => say(`${engine} ${version}: ${text}`);
  tell(`start the source and fill it with ${rows.toLocaleString("en")} rows`);
  const source = await startServer({ engine, version }, "source");
  return withCleanup(
    async () => {
      const { bytes } = await fillPeople(source, rows);
      const calm = await lookAround();
      tell(`${formatBytes(bytes)}${calm.warning === undefined ? "" : `; ${calm.warning}`}`);
      const runs = await measurePairs(source, { pairs, scratch, tell });
      return { engine, version, rows, bytes, load_before: calm.load, busy_before: calm.busy, ...runs };
    },
    () => source.stop(),
  );
}

interface Run {
  ms: number;
  cpuMs: number;
  peakBytes: number;
  steps: Map<string, number>;
}

/** Each goes first every other time, so caches favour neither. */
async function measurePairs(
  source: Source,
  { pairs, scratch, tell }: Pick<Wish, "pairs" | "scratch"> & { tell(text: string): void },
): Promise<Pick<MaskBlock, "unmasked" | "masked" | "masked_to_unmasked">> {
  const runs = { unmasked: [] as Run[], masked: [] as Run[] };
  const turns = ["unmasked", "masked"] as const;
  for (let pair = 0; pair < pairs; pair++) {
    for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) {
      const home = openHome(scratch, configFor(source, turn === "masked" ? RULES : []));
      const run = await withCleanup(
        () => reseed(home),
        () => closeHome(home.folder),
      );
      runs[turn].push(run);
      const { ms, cpuMs, peakBytes } = run;
      tell(`${turn} ${(ms / 1000).toFixed(1)} s, CPU ${(cpuMs / 1000).toFixed(1)} s, ${formatBytes(peakBytes)}`);
    }
  }
  return {
    unmasked: summed(runs.unmasked),
    masked: summed(runs.masked),
    masked_to_unmasked: summarize(runs.masked.map(({ ms }, pair) => ms / (runs.unmasked[pair]?.ms ?? Number.NaN))),
  };
}

function configFor(source: Source, rules: object[]): object {
  return {
    source: { url: source.url },
    runtime: "docker",
    storage: "image",
    copy: { image: readProvisioned().images[`${source.engine}:${source.version}` as ServerImage] },
    obfuscation: { unreviewed: "allow", rules },
  };
}

async function reseed(home: Home): Promise<Run> {
  const { ms, cpuMs, peakBytes, lines } = await home.run("reseed", ["--json"], { timeoutMs: LIMIT_MS });
  return { ms, cpuMs, peakBytes, steps: stepsIn(lines) };
}

function summed(runs: Run[]): MaskRuns {
  return {
    whole: summarize(runs.map(({ ms }) => ms)),
    cpu: summarize(runs.map(({ cpuMs }) => cpuMs)),
    peak: summarize(runs.map(({ peakBytes }) => peakBytes)),
    steps: stepSummaries(runs),
  };
}
