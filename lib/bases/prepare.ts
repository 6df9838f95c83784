import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Config } from "../kit/config.ts";
import { requireSource } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { resolveSource } from "../kit/secrets.ts";
import { parseDatabaseUrl } from "../kit/url.ts";
import { openRuntime } from "../runtime/open.ts";
import type { Selection } from "./build.ts";
import { type DetectedDump, detectDump } from "./files.ts";
import type { ReseedRequest } from "./reseed.ts";
import { stepLog } from "./steps.ts";
import { checkDump, keyTime, listDumps, readManifest, storeFolder } from "./store.ts";

/** What a reseed may be told on the command line. */
interface Wishes {
  flags: { from: string | undefined; "schema-only": boolean; jobs: number | undefined };
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
  refuseUnbuilt(config);
  const from =
    flags.from === undefined
      ? { url: await resolveSource(requireSource(config)) }
      : { file: await findDump(config, flags.from) };
  if ("file" in from) from.file.database ??= databaseOfSource(config);
  if ("file" in from) refuseOtherEngine(config, from.file);
  const { runtime, why } = await openRuntime(wishes.runtimeName ?? config.runtime, say);
  say(`Runtime: ${why}`);
  const { default: manifest } = await import("../../package.json");
  const { dump } = config;
  if ("file" in from) sayWhatIsIgnored(from.file, dump, say);
  const log = stepLog();
  return {
    project: config.project,
    source: config.sourceName,
    from,
    runtime,
    storage: config.storage,
    selection: selectionOf(dump, flags["schema-only"]),
    image: config.copy.image,
    settings: neededByExtensions(config.copy.settings),
    clientImage: dump.client_image,
    jobs: flags.jobs ?? Math.min(4, availableParallelism()),
    lockWaitMs: (config.source?.lock_wait ?? 10) * 1000,
    minFree: config.disk.min_free,
    sideEffects: config.copy.side_effects,
    tunnel: config.source?.tunnel ?? "",
    manners: { onBlock: config.source?.on_block ?? "abort", maxDuration: config.source?.max_duration ?? 0 },
    store: storeFolder(dump.store),
    keep: dump.keep,
    keepBases: dump.keep_bases,
    schemaPath: dump.schema_path,
    dumpPath: dump.path,
    dittoVersion: manifest.version,
    step: log.step,
    endSteps: log.end,
    warn: (message) => say(`Note: ${message}`),
    inUse: async (base) => (await basesInUse()).has(base.id),
  };
}

/** What the configuration says about what is taken. */
export function selectionOf(dump: Config["dump"], schemaOnly = false): Selection {
  return {
    tables: dump.tables,
    excludeTables: dump.exclude_tables,
    excludeTableData: dump.exclude_table_data,
    rows: dump.rows,
    excludeExtensions: dump.exclude_extensions,
    roles: dump.roles,
    schemaOnly,
  };
}

/** What the configuration may already say and this version doesn't do yet: silence would be believed. */
function refuseUnbuilt(config: Config): void {
  const refuse = (state: string, hint: string) =>
    new DittoError(`Cannot reseed: ${state}`, { code: "NOT_IN_THIS_VERSION", exit: 2, hint });
  if (config.obfuscation.rules.length > 0) {
    throw refuse(
      "masking (obfuscation.rules) is not in this version",
      "Without the rules the base holds the source's raw values; take them out only if that may be",
    );
  }
}

/** A selection is made while a source is read: a file that was not made that way is loaded whole. */
function sayWhatIsIgnored(file: DetectedDump, dump: Config["dump"], say: (text: string) => void): void {
  const keys = ["tables", "exclude_tables", "exclude_table_data", "rows", "exclude_extensions"] as const;
  const set = keys.filter((key) => dump[key] !== "auto" && Object.keys(dump[key]).length > 0);
  if (set.length === 0 || file.tables) return;
  say(`Note: ${file.name} is loaded whole: ${set.map((key) => `dump.${key}`).join(", ")} count only for a source`);
}

/** Of copy.settings what extensions need before they can be made: libraries to preload, and settings of their own. */
function neededByExtensions(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => /preload_libraries$|\./.test(name)));
}

/** Plain SQL names no database: its base then has the name of the source's. */
function databaseOfSource({ source }: Config): string | undefined {
  if (source?.database) return source.database;
  return /^[a-z+]+:\/\//.test(source?.url ?? "")
    ? parseDatabaseUrl(source?.url ?? "").database || undefined
    : undefined;
}

/** A base belongs to a source: a file of another engine is a mistake. A URL that is a secret isn't fetched for this. */
function refuseOtherEngine(config: Config, file: DetectedDump): void {
  const { engine = "", url = "" } = config.source ?? {};
  const named = /^(?:jdbc:)?(postg|pgsql|mysql|mariadb)/i.exec(engine || url)?.[1]?.toLowerCase();
  if (!file.engine || named === undefined) return;
  const family = named.startsWith("p") ? "postgres" : "mysql";
  if (family === file.engine) return;
  throw new DittoError(
    `Cannot load "${file.name}": it is a ${file.flavour} dump, and the source "${config.sourceName}" is of ${family}`,
    {
      code: "ENGINE_MISMATCH",
      exit: 2,
      hint: "Choose the source that it belongs to with --source, or a dump of this one",
    },
  );
}

/** The file that `--from` means: a path, a dump key, or the newest of this source. */
async function findDump(config: Config, from: string): Promise<DetectedDump> {
  if (/^(s3|https?):\/\//.test(from)) {
    throw new DittoError(`Cannot load "${from}": dumps over the network are not in this version`, {
      code: "NOT_IN_THIS_VERSION",
      exit: 2,
      hint: "Copy the file here and name its path",
    });
  }
  const folder = storeFolder(config.dump.store);
  if (from === "store") {
    const instance = config.sourceName === "default" ? config.project : `${config.project}.${config.sourceName}`;
    const [newest] = await listDumps(folder, instance);
    if (!newest)
      throw new DittoError(`Cannot load from the store: "${folder}" holds no dump of "${instance}"`, {
        code: "NO_DUMP",
        hint: 'Run "bun scripts/reseed.ts" where the source can be reached',
      });
    return checkedDump(join(folder, newest.key));
  }
  return checkedDump(keyTime(from) === undefined ? from : join(folder, from));
}

async function checkedDump(path: string): Promise<DetectedDump> {
  const detected = await detectDump(path);
  const manifest = await readManifest(path);
  if (!manifest) return detected;
  await checkDump(path, manifest);
  return {
    ...detected,
    database: manifest.database,
    version: manifest.server_version,
    flavour: manifest.flavour as "postgres",
    tables: manifest.tables,
  };
}
