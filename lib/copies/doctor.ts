import { basesOf } from "../bases/catalogue.ts";
import { advised, CHECKS, type Check, failed, failedBy, inTime, passed, unchecked } from "../bases/check.ts";
import { checkSource } from "../bases/checkup.ts";
import { instanceOf } from "../bases/store.ts";
import { openStore } from "../bases/stores.ts";
import type { Conversation } from "../kit/cli.ts";
import { type Config, loadConfig } from "../kit/config.ts";
import type { DittoError } from "../kit/errors.ts";
import { hasHome } from "../kit/state.ts";
import { formatAge, formatBytes, formatDuration } from "../kit/units.ts";
import { HERE, type Runtime } from "../runtime/index.ts";
import { openRuntime } from "../runtime/open.ts";
import { addressOf } from "./address.ts";
import { checkSecrets } from "./doctor-secrets.ts";
import { choosePort } from "./ports.ts";
import { knownCopies } from "./record.ts";
import { shortPath } from "./status-text.ts";
import { lookAtStorage, surveyPool } from "./storage-status.ts";

/** What doctor found; `ok` is false when a line is red. */
export interface Diagnosis {
  ok: boolean;
  /** "" when the configuration can't be read. */
  project: string;
  source: string;
  checks: Check[];
}

/** What follows from the configuration, in the list's order. */
const CONFIGURED = CHECKS.filter((check) => check !== "config" && check !== "runtime");

/** Goes through everything that a reseed needs, side by side and each within its time. Reads only, and asks nothing. */
export async function diagnose(call: Conversation): Promise<Diagnosis> {
  const config = await loadConfig(call).catch((error: unknown) => failedBy("config", error));
  const opened = await openRuntime(call.runtimeName ?? ("check" in config ? "auto" : config.runtime), () => {}).catch(
    (error: unknown) => failedBy("runtime", error),
  );
  const runtimeLine = "check" in opened ? opened : passed("runtime", opened.why);
  if ("check" in config) {
    const others = CONFIGURED.map((check) => unchecked(check, "the configuration can't be read"));
    return { ok: false, project: "", source: "", checks: [config, runtimeLine, ...others] };
  }
  const runtime = "check" in opened ? undefined : opened.runtime;
  const address = runtime && (await addressOf(config, runtime).catch((error: unknown) => failedBy("runtime", error)));
  const [secrets = [], ...parts] = await Promise.all([
    inTime("secrets", 30, checkSecrets(config)),
    inTime("storage", 30, checkStorage(config, runtime)),
    inTime("source", 120, checkSource(config, runtime)),
    inTime("dump", 30, checkDump(config)),
    inTime("ports", 30, checkPorts(config, runtime)),
    inTime("disk", 30, checkDisk(config, runtime)),
  ]);
  const checks = [
    passed("config", configText(config)),
    ...secrets,
    address && "check" in address ? address : runtimeLine,
    ...parts.flat(),
  ];
  const ok = checks.every(({ status }) => status !== "failed");
  return { ok, project: config.project, source: config.sourceName, checks };
}

function configText({ file }: Config): string {
  return file === undefined ? "no ditto.yaml here; everything has its default" : shortPath(file);
}

async function checkStorage(config: Config, runtime: Runtime | undefined): Promise<Check[]> {
  if (!runtime) return [unchecked("storage", "there is no runtime")];
  const [base] = await basesOf({ project: config.project, source: config.sourceName });
  const pool = runtime.name === "native" ? null : await surveyPool(runtime.name).catch(() => null);
  const found = await lookAtStorage(runtime.name, {
    wish: config.storage,
    method: base?.frozen.method ?? null,
    pool: pool?.state ?? null,
  });
  const text = `${found.method ?? "no base yet"}: ${found.cost}`;
  return [found.better === "" ? passed("storage", text) : advised("storage", { text, hint: found.better })];
}

async function checkDump(config: Config): Promise<Check[]> {
  const { project, sourceName, dump } = config;
  const dumps = await openStore(dump.store)
    .list(instanceOf({ project, source: sourceName }))
    .catch((error: DittoError) => error);
  if (!Array.isArray(dumps)) return [failed("dump", { text: dumps.message, hint: dumps.hint ?? "Check dump.store" })];
  const [newest] = dumps;
  const [base] = await basesOf({ project, source: sourceName });
  const made = newest?.manifest.created_at ?? base?.createdAt;
  if (made === undefined) return [unchecked("dump", 'there is none yet; "bun scripts/reseed.ts" makes the first')];
  const age = Date.now() - Date.parse(made);
  if (age < -SKEW_MS) return [skewed(newest?.key ?? base?.id ?? "", -age)];
  const name = newest ? `, ${newest.key}` : ", as a base without a portable dump";
  if (dump.stale_after === 0 || age <= dump.stale_after * 1000) return [passed("dump", `${formatAge(made)}${name}`)];
  const text = `The newest was made ${formatAge(made)}, and dump.stale_after is ${formatDuration(dump.stale_after * 1000)}`;
  return [failed("dump", { text, hint: 'Run "bun scripts/reseed.ts", or raise dump.stale_after' })];
}

/** Clocks of two machines may differ by so much. */
const SKEW_MS = 5 * 60_000;

/** Which dump is the newest, what is pruned and what is stale all go by these times. */
function skewed(name: string, aheadMs: number): Check {
  const text = `${name} says that it was made ${formatDuration(aheadMs)} from now: a clock is wrong, so the newest dump may be taken for another`;
  return failed("dump", {
    text,
    hint: 'Set the clocks of this machine and of the one that made it, then run "bun scripts/reseed.ts"',
  });
}

/** Whether a copy made now would find a port. */
async function checkPorts({ copy }: Config, runtime: Runtime | undefined): Promise<Check[]> {
  const { ports } = copy;
  if (ports === "auto") return [passed("ports", "any free one")];
  if (!runtime) return [unchecked("ports", "there is no runtime")];
  const copies = await knownCopies();
  const held = copies.filter(({ port }) => port >= ports.from && port <= ports.to).length;
  const range = `${ports.from}-${ports.to} (copy.ports)`;
  const reach = (await runtime.host()) === HERE ? {} : { reach: await runtime.host() };
  try {
    await choosePort({ port: undefined, ports, address: { bind: copy.bind, host: copy.bind, ...reach } }, copies);
  } catch (error) {
    if ((error as DittoError).code !== "PORTS_USED_UP") throw error;
    const text = `None of ${range} is free, so no copy can be made; copies hold ${held} of them`;
    return [failed("ports", { text, hint: 'Delete copies ("bun scripts/copy.ts list"), or widen copy.ports' })];
  }
  return [passed("ports", `${range}, of which copies hold ${held}`)];
}

async function checkDisk({ disk }: Config, runtime: Runtime | undefined): Promise<Check[]> {
  if (!runtime) return [unchecked("disk", "there is no runtime")];
  // A look must not make the state folder, from which native servers' folders have their names.
  if (runtime.name === "native" && !(await hasHome()))
    return [unchecked("disk", "native servers have no folder yet; the first reseed makes it")];
  const free = await runtime.freeSpace();
  if (!free) return [unchecked("disk", `this host can't see where ${runtime.name} keeps its data`)];
  const text = `${formatBytes(free.bytes)} free in ${free.path}, disk.min_free is ${formatBytes(disk.min_free)}`;
  if (free.bytes >= disk.min_free) return [passed("disk", text)];
  const hint = 'Delete copies ("bun scripts/copy.ts list"), run "bun scripts/copy.ts prune", or lower disk.min_free';
  return [failed("disk", { text, hint })];
}
