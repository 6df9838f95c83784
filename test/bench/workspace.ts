import { defer, withCleanup } from "../../lib/kit/cleanup.ts";
import { removeLeftovers } from "../provision/docker.ts";
import { readProvisioned } from "../provision/report.ts";
import { stopAllSources } from "../provision/sources.ts";
import { withSource } from "./block.ts";
import { startBusyClients, watchPause } from "./busy.ts";
import { BIGGEST } from "./content.ts";
import { closeAbandonedHomes, leaveScratch } from "./home.ts";
import { loadWarning, lookAround, type Machine, readMachine } from "./machine.ts";
import { type Group, type Method, makePlan, type Plan } from "./plan.ts";
import { LIMIT_MS } from "./reseed.ts";
import { type BlockName, titleOf } from "./results.ts";
import type { WorkspaceCall } from "./run.ts";
import { type Site, withSite } from "./site.ts";
import { type Summary, summarize } from "./stats.ts";
import { stopIfInterrupted } from "./timed.ts";
import { renderWorkspace } from "./workspace-report.ts";

/** Commands of one workspace: whole processes, in milliseconds. */
export interface WorkspaceBlock extends BlockName {
  nominal_bytes: number;
  busy_before: number;
  snapshot: Summary;
  /** The longest that a client waited for an answer meanwhile. */
  pause: Summary;
  rollback: Summary;
  reset: Summary;
  clone: Summary;
  /** Under six writers, with half of the biggest table just updated. */
  busy_snapshot: Summary;
  busy_pause: Summary;
}

/** Everything that `bench workspace` measures. */
export interface WorkspaceResults {
  machine: Machine;
  blocks: WorkspaceBlock[];
  /** Title of a block → why there is none. */
  gaps: Record<string, string>;
}

/** Snapshots under load: each dirties half of the biggest table first. */
const BUSY_RUNS = 3;

/** `bench workspace`: snapshot, roll back, reset and clone. */
export async function benchWorkspace(call: WorkspaceCall): Promise<number> {
  const plan = await makePlan(call, "10M,1G");
  const say = (text: string) => call.say(`${new Date().toTimeString().slice(0, 8)} ${text}`);
  const machine = await readMachine(readProvisioned().podman.env);
  const warning = loadWarning(machine);
  if (warning !== undefined) say(warning);
  const gaps = Object.fromEntries(plan.gaps.map((gap) => [titleOf(gap), gap.reason]));
  const results: WorkspaceResults = { machine, blocks: [], gaps };
  await removeLeftovers();
  await closeAbandonedHomes(plan.scratch);
  const release = defer(stopAllSources);
  try {
    await withCleanup(
      async () => {
        for (const group of plan.groups) results.blocks.push(...(await measureGroup(plan, group, say)));
      },
      () => leaveScratch(plan.scratch),
    );
  } finally {
    release();
  }
  call.answer(results, renderWorkspace);
  return 0;
}

async function measureGroup(plan: Plan, group: Group, say: (text: string) => void): Promise<WorkspaceBlock[]> {
  const blocks: WorkspaceBlock[] = [];
  await withSource(group, say, async (source, filled) => {
    for (const method of group.methods) {
      stopIfInterrupted();
      const name = nameOf(group, method);
      const tell = (text: string) => say(`${titleOf(name)}: ${text}`);
      const { busy } = await lookAround();
      const figures = await withSite(plan, { method, group, source, filled }, (site) => measure(site, plan.runs, tell));
      blocks.push({ ...name, nominal_bytes: group.content.nominalBytes, busy_before: busy, ...figures });
    }
  });
  return blocks;
}

function nameOf({ server, content }: Group, method: Method): BlockName {
  return { engine: server.engine, version: server.version, database: content.label, method: method.name };
}

type Figures = Omit<WorkspaceBlock, keyof BlockName | "nominal_bytes" | "busy_before">;

async function measure(site: Site, runs: number, tell: (text: string) => void): Promise<Figures> {
  const { home } = site;
  await home.run("reseed", [], { timeoutMs: LIMIT_MS });
  const { connection_string: url } = await home.json<{ connection_string: string }>("copy", [
    "create",
    "--name",
    "work",
  ]);
  const calm: Record<"snapshot" | "pause" | "rollback" | "reset" | "clone", number>[] = [];
  for (let run = 0; run < runs; run++) {
    const watch = await watchPause(site.group.server.engine, url);
    const snapshot = await home.run("snapshot", ["create", "work", `s${run}`]);
    const pause = await watch.end();
    const rollback = await home.run("snapshot", ["rollback", "work"]);
    const clone = await home.run("copy", ["clone", "work", "--name", "twin"]);
    await home.run("copy", ["delete", "twin", "--yes"]);
    const reset = await home.run("copy", ["reset", "work", "--yes"]);
    calm.push({ snapshot: snapshot.ms, pause, rollback: rollback.ms, clone: clone.ms, reset: reset.ms });
    const said = Object.entries(calm.at(-1) ?? {}).map(([what, ms]) => `${what} ${Math.round(ms)} ms`);
    tell(`${run + 1}/${runs}: ${said.join(", ")}`);
  }
  const busy = await measureBusy(site, url, tell);
  await home.run("copy", ["delete", "--all", "--yes"]);
  const all = (name: keyof (typeof calm)[number]) => summarize(calm.map((round) => round[name]));
  return {
    snapshot: all("snapshot"),
    pause: all("pause"),
    rollback: all("rollback"),
    reset: all("reset"),
    clone: all("clone"),
    ...busy,
  };
}

async function measureBusy(
  { home, group, filled }: Site,
  url: string,
  tell: (text: string) => void,
): Promise<Pick<Figures, "busy_snapshot" | "busy_pause">> {
  const { engine } = group.server;
  const [times, pauses]: [number[], number[]] = [[], []];
  const clients = await startBusyClients(engine, url, filled.accounts);
  try {
    for (let run = 0; run < BUSY_RUNS; run++) {
      await clients.dirty(`UPDATE ${BIGGEST} SET abalance = abalance + 1 WHERE aid % 2 = 0`);
      const watch = await watchPause(engine, url);
      const { ms } = await home.run("snapshot", ["create", "work", `busy${run}`]);
      const pause = await watch.end();
      times.push(ms);
      pauses.push(pause);
      // With every one of them a pool would have to hold the big table that often.
      await home.run("snapshot", ["delete", `work/busy${run}`, "--yes"]);
      tell(`busy ${run + 1}/${BUSY_RUNS}: snapshot ${Math.round(ms)} ms, pause ${Math.round(pause)} ms`);
    }
  } finally {
    await clients.stop();
  }
  return { busy_snapshot: summarize(times), busy_pause: summarize(pauses) };
}
