import { basesOf } from "../bases/catalogue.ts";
import { type Check, failed, failedBy, inTime, passed, unchecked } from "../bases/check.ts";
import { checkSource } from "../bases/checkup.ts";
import { instanceOf } from "../bases/store.ts";
import { openStore } from "../bases/stores.ts";
import type { Conversation } from "../kit/cli.ts";
import { type Config, loadConfig } from "../kit/config.ts";
import type { DittoError } from "../kit/errors.ts";
import { hasHome } from "../kit/state.ts";
import { formatAge, formatBytes, formatDuration } from "../kit/units.ts";
import type { Runtime } from "../runtime/index.ts";
import { openRuntime } from "../runtime/open.ts";
import { addressOf } from "./address.ts";
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
const CONFIGURED = ["storage", "source", "privileges", "contents", "masks", "tools", "dump", "disk"] as const;

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
  const parts = await Promise.all([
    inTime("storage", 30, checkStorage(config, runtime)),
    inTime("source", 120, checkSource(config, runtime)),
    inTime("dump", 30, checkDump(config)),
    inTime("disk", 30, checkDisk(config, runtime)),
  ]);
  const checks = [
    passed("config", configText(config)),
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
  const sentences = [`${found.method ?? "no base yet"}: ${found.cost}`, found.better];
  return [passed("storage", sentences.filter((text) => text !== "").join(". "))];
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
  const name = newest ? `, ${newest.key}` : ", as a base without a portable dump";
  if (dump.stale_after === 0 || age <= dump.stale_after * 1000) return [passed("dump", `${formatAge(made)}${name}`)];
  const text = `The newest was made ${formatAge(made)}, and dump.stale_after is ${formatDuration(dump.stale_after * 1000)}`;
  return [failed("dump", { text, hint: 'Run "bun scripts/reseed.ts", or raise dump.stale_after' })];
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
