import { defer, interrupted, withCleanup } from "../../lib/kit/cleanup.ts";
import { DittoError, usageError } from "../../lib/kit/errors.ts";
import { removeLeftovers } from "../provision/docker.ts";
import { readProvisioned } from "../provision/report.ts";
import { stopAllSources } from "../provision/sources.ts";
import { measureGroup } from "./block.ts";
import { closeAbandonedHomes, leaveScratch } from "./home.ts";
import { loadWarning, readMachine, sameMachine } from "./machine.ts";
import { makePlan, type Plan } from "./plan.ts";
import { render } from "./report.ts";
import { type Results, readResults, record, titleOf, writeResults } from "./results.ts";
import type { CopyCall } from "./run.ts";
import { measureStartup } from "./startup.ts";
import { stopIfInterrupted } from "./timed.ts";

/** `bench copy`: measures what was asked for, or prints what was measured. Resolves to the exit status. */
export async function benchCopy(call: CopyCall): Promise<number> {
  const plan = await makePlan(call);
  const results = call.flags.report ? await lastResults(plan) : await measure(call, plan);
  call.answer(results, () => render(results, { markdown: call.flags.markdown }));
  return results.gaps.some(({ kind }) => kind === "failed") ? 1 : 0;
}

async function lastResults({ results }: Plan): Promise<Results> {
  const last = await readResults(results);
  if (last) return last;
  throw usageError(`Cannot report: there are no results in "${results}"`, 'Measure first: "bun run bench copy"');
}

async function measure(call: CopyCall, plan: Plan): Promise<Results> {
  const say = (text: string) => call.say(`${new Date().toTimeString().slice(0, 8)} ${text}`);
  const results = await openResults(call, plan);
  const warning = loadWarning(results.machine);
  if (warning !== undefined) say(warning);
  for (const gap of plan.gaps) {
    say(`${titleOf(gap)}: not available: ${gap.reason}`);
    record(results, { gap });
  }
  await removeLeftovers();
  await closeAbandonedHomes(plan.scratch);
  // A source that is just starting is known to nobody else yet.
  const release = defer(stopAllSources);
  try {
    await withCleanup(
      () => measureAll(plan, results, say),
      () => leaveScratch(plan.scratch),
    );
  } catch (error) {
    if (!interrupted()) throw error;
    // Whatever failed then failed because its tools were ended.
    throw new DittoError("Interrupted: the blocks that were done are in the results", {
      code: "INTERRUPTED",
      exit: 130,
    });
  } finally {
    release();
  }
  say(`written to ${plan.results}`);
  return results;
}

async function measureAll(plan: Plan, results: Results, say: (text: string) => void): Promise<void> {
  say(`--help and list, ${plan.startupRuns} times`);
  results.startup = await measureStartup(plan.scratch, plan.startupRuns);
  await writeResults(plan.results, results);
  for (const group of plan.groups) {
    stopIfInterrupted();
    await measureGroup(plan, group, {
      say,
      done: async (outcome) => {
        record(results, outcome);
        await writeResults(plan.results, results);
      },
    });
  }
}

async function openResults({ flags }: CopyCall, plan: Plan): Promise<Results> {
  const machine = await readMachine(readProvisioned().podman.env);
  const last = flags.append ? await readResults(plan.results) : undefined;
  if (last && !sameMachine(last.machine, machine)) {
    throw new DittoError(`Cannot append to "${plan.results}": it holds figures of another machine`, {
      code: "OTHER_MACHINE",
      hint: "Leave --append out, or name another file with --results",
    });
  }
  return { format: 1, startup: null, blocks: [], gaps: [], ...last, machine };
}
