import { join } from "node:path";
import type { Source } from "../provision/sources.ts";
import { dumpAndRestore, type OwnTimes, ownTools } from "./own-tools.ts";
import type { ReseedFigures } from "./results.ts";
import type { Site } from "./site.ts";
import { type Summary, summarize } from "./stats.ts";
import type { Timed } from "./timed.ts";

/** What the last reseed made. */
export interface MadeBase {
  baseBytes: number;
  dump: string;
}

interface Reseeded {
  ms: number;
  /** Without verification and portable dump. */
  baseMs: number;
  steps: Map<string, number>;
}

/** One whole reseed may copy many gigabytes. */
export const LIMIT_MS = 4 * 3600_000;

/** Steps that check the base or write the portable dump: a base without them would serve as well. */
const BEYOND_THE_BASE = /portable dump|verif|compare|check/i;

/** Reseeds in turn with the engine's own dump and restore; each goes first every other time, so caches favour neither. */
export async function measureReseeds(
  site: Site,
  target: Source,
  { pairs, tell }: { pairs: number; tell: (text: string) => void },
): Promise<{ figures: ReseedFigures; made: MadeBase }> {
  const own: OwnTimes[] = [];
  const ours: Reseeded[] = [];
  let made: MadeBase | undefined;
  const turns = [
    async () => void own.push(await dumpAndRestore(site.source, target)),
    async () => {
      const run = await site.home.run("reseed", ["--json"], { timeoutMs: LIMIT_MS });
      ours.push(readReseed(run));
      made = madeBy(site, run);
    },
  ];
  for (let pair = 0; pair < pairs; pair++) {
    for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) await turn();
    tell(`pair ${pair + 1}/${pairs}: own tools ${seconds(own.at(-1)?.ms)}, reseed ${seconds(ours.at(-1)?.ms)}`);
  }
  if (!made) throw new Error("no base was made");
  return { figures: figuresOf(ownTools(site.source), own, ours), made };
}

function figuresOf(tools: string, own: OwnTimes[], ours: Reseeded[]): ReseedFigures {
  const ratios = (part: (one: Reseeded) => number) =>
    summarize(ours.map((one, pair) => part(one) / (own[pair]?.ms ?? Number.NaN)));
  const dumps = own.flatMap(({ dumpMs }) => dumpMs ?? []);
  const restores = own.flatMap(({ restoreMs }) => restoreMs ?? []);
  return {
    own_tools: tools,
    own: summarize(own.map(({ ms }) => ms)),
    own_dump: dumps.length > 0 ? summarize(dumps) : null,
    own_restore: restores.length > 0 ? summarize(restores) : null,
    whole: summarize(ours.map(({ ms }) => ms)),
    base: summarize(ours.map(({ baseMs }) => baseMs)),
    whole_to_own: ratios(({ ms }) => ms),
    base_to_own: ratios(({ baseMs }) => baseMs),
    steps: stepSummaries(ours),
  };
}

export function stepSummaries(ours: Pick<Reseeded, "steps">[]): Record<string, Summary> {
  const names = new Set(ours.flatMap(({ steps }) => [...steps.keys()]));
  return Object.fromEntries(
    [...names].map((name) => [name, summarize(ours.flatMap(({ steps }) => steps.get(name) ?? []))]),
  );
}

function readReseed({ ms, lines }: Timed): Reseeded {
  const steps = stepsIn(lines);
  const named = [...steps.values()].reduce((sum, took) => sum + took, 0);
  steps.set("Start, freeze and the rest", ms - named);
  const beyond = [...steps].filter(([title]) => BEYOND_THE_BASE.test(title)).map(([, took]) => took);
  return { ms, baseMs: ms - beyond.reduce((sum, took) => sum + took, 0), steps };
}

/** Milliseconds of each step. A step says its title when it begins, and "✓ title  time" when it ends. */
export function stepsIn(lines: Timed["lines"]): Map<string, number> {
  const begun = new Map<string, number>();
  const steps = new Map<string, number>();
  for (const { text, ms } of lines) {
    const title = /^✓ (.*?) {2}/.exec(text)?.[1];
    if (title === undefined) begun.set(text.trim(), ms);
    else steps.set(title, (steps.get(title) ?? 0) + ms - (begun.get(title) ?? ms));
  }
  return steps;
}

function madeBy({ home }: Site, { stdout }: Timed): MadeBase {
  const base = JSON.parse(stdout) as { bytes: number; dump_key: string };
  return { baseBytes: base.bytes, dump: base.dump_key && join(home.folder, "home/dumps", base.dump_key) };
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "-" : `${(ms / 1000).toFixed(1)} s`;
}
