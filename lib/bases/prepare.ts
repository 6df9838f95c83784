import { availableParallelism } from "node:os";
import type { Config } from "../kit/config.ts";
import { requireSource } from "../kit/config.ts";
import { type DittoError, usageError } from "../kit/errors.ts";
import { claimProject } from "../kit/projects.ts";
import { resolveSource } from "../kit/secrets.ts";
import { openRuntime } from "../runtime/open.ts";
import type { Selection } from "./build.ts";
import { findDump } from "./from.ts";
import type { ReseedRequest } from "./reseed.ts";
import { stepLog } from "./steps.ts";
import { openStore } from "./stores.ts";

/** What a reseed may be told on the command line. */
interface Wishes {
  flags: {
    from: string | undefined;
    "schema-only": boolean;
    rebuild?: boolean;
    check?: boolean;
    "new-key"?: boolean;
    report?: string | undefined;
    jobs: number | undefined;
    "raw-on-disk"?: boolean;
    verify?: "counts" | "full" | undefined;
  };
  /** Loads a file as it is although rules are configured. */
  raw?: boolean;
  runtimeName?: "auto" | "docker" | "podman" | "native";
  say(text: string): void;
  verboseSay(text: string): void;
}

/** Turns flags and configuration into a request, with the runtime chosen and the dump or source found. */
export async function prepareReseed(
  config: Config,
  wishes: Wishes,
  basesInUse: () => Promise<Set<string>>,
): Promise<ReseedRequest> {
  const { flags, say } = wishes;
  const rawFile = wishes.raw ? "label" : config.obfuscation.rules.length > 0 ? "mask" : "load";
  const rawOnDisk = flags["raw-on-disk"] ?? false;
  if (rawOnDisk) refuseUselessDisk(flags.from, rawFile);
  const recount = flags.verify === "full";
  if (recount && flags.from !== undefined && rawFile !== "mask") throw nothingToCount();
  const from =
    flags.from === undefined
      ? { url: await resolveSource(requireSource(config)) }
      : { dump: await findDump(config, flags.from, { say, staged: rawFile === "mask", onDisk: rawOnDisk }) };
  const { runtime, why } = await openRuntime(wishes.runtimeName ?? config.runtime, say);
  say(`Runtime: ${why}`);
  if (config.unnamed) await claimProject(config.unnamed);
  const { default: manifest } = await import("../../package.json");
  const { dump } = config;
  const log = stepLog();
  return {
    project: config.project,
    source: config.sourceName,
    from,
    runtime,
    storage: config.storage,
    selection: selectionOf(config, flags["schema-only"]),
    image: config.copy.image,
    settings: neededByExtensions(config.copy.settings),
    clientImage: dump.client_image,
    jobs: flags.jobs ?? Math.min(4, availableParallelism()),
    lockWaitMs: (config.source?.lock_wait ?? 10) * 1000,
    rawFile,
    rawOnDisk,
    recount,
    rebuild: flags.rebuild ?? false,
    minFree: config.disk.min_free,
    sideEffects: config.copy.side_effects,
    masking: {
      rules: config.obfuscation.rules,
      unreviewed: config.obfuscation.unreviewed,
      keySecret: config.obfuscation.key_secret,
      newKey: flags["new-key"] ?? false,
      makesKey: !flags.check,
    },
    tunnel: config.source?.tunnel ?? "",
    manners: { onBlock: config.source?.on_block ?? "abort", maxDuration: config.source?.max_duration ?? 0 },
    store: openStore(dump.store),
    keep: dump.keep,
    keepBases: dump.keep_bases,
    schemaPath: dump.schema_path,
    dumpPath: dump.path,
    reportPath: flags.report ?? "",
    dittoVersion: manifest.version,
    say,
    step: log.step,
    endSteps: log.end,
    warn: (message) => say(`Note: ${message}`),
    inUse: async (base) => (await basesInUse()).has(base.id),
  };
}

/** A wish that changes nothing would be believed to have done something. */
function refuseUselessDisk(from: string | undefined, rawFile: ReseedRequest["rawFile"]): void {
  if (from !== undefined && rawFile === "mask") return;
  const state =
    from === undefined ? "a source's rows are masked on their way" : "without obfuscation.rules it is loaded as it is";
  throw usageError(`Cannot use --raw-on-disk: ${state}`, "Leave it out; it is for raw files that are to be masked");
}

function nothingToCount(): DittoError {
  return usageError(
    "Cannot use --verify full with --from: a file has no server that could count its rows again",
    "Leave it out: the base is compared with the file's own rows in any case",
  );
}

/** What the configuration says about what is taken. */
export function selectionOf(
  { dump, obfuscation }: Pick<Config, "dump" | "obfuscation">,
  schemaOnly = false,
): Selection {
  return {
    tables: dump.tables,
    excludeTables: dump.exclude_tables,
    excludeTableData: dump.exclude_table_data,
    rows: dump.rows,
    excludeExtensions: dump.exclude_extensions,
    roles: dump.roles,
    largeObjects: obfuscation.large_objects,
    schemaOnly,
  };
}

/** Of copy.settings what extensions need before they can be made: libraries to preload, and settings of their own. */
function neededByExtensions(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => /preload_libraries$|\./.test(name)));
}
