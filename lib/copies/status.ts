import { type BaseRecord, currentIds, readBases } from "../bases/catalogue.ts";
import { instanceOf, type StoredDump } from "../bases/store.ts";
import { openStore } from "../bases/stores.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { type DittoError, messageOf } from "../kit/errors.ts";
import { homeFolder, recordsOf, type Stored } from "../kit/state.ts";
import { answers } from "../runtime/docker/cli.ts";
import { canShut } from "../runtime/docker/network.ts";
import type { CloneMethod, Runtime, RuntimeName, ServerState } from "../runtime/index.ts";
import { openRuntime, runtimeNamed } from "../runtime/open.ts";
import { observe } from "./observe.ts";
import { type CopyRecord, type CopyView, readCopies, runtimeIdOf, viewOf } from "./record.ts";
import { readSnapshots, type SnapshotRecord, type SnapshotView, snapshotView } from "./snapshot-record.ts";
import { warningsOf } from "./status-warnings.ts";
import { lookAtStorage, type StorageStatus, surveyPool } from "./storage-status.ts";

/** How things stand, as `--json` has it: snake_case, bytes, seconds, ISO times. */
export interface Status {
  home: string;
  /** Null: no configuration file was found. */
  config_file: string | null;
  project: string;
  source: string;
  sources: string[];
  runtime: ChosenRuntime;
  storage: StorageStatus | null;
  network: { wish: "closed" | "open"; reaches_world: boolean };
  dump_store: StoreStatus;
  dump: DumpStatus | null;
  bases: BaseStatus[];
  copies: CopyStatus[];
  snapshots: SnapshotStatus[];
  disk: { bases_bytes: number; copies_bytes: number; snapshots_bytes: number; dumps_bytes: number };
  /** Records that this ditto can't read. */
  unreadable: { file: string; state: "newer" | "corrupt" }[];
  /** What needs attention, a sentence each. */
  warnings: string[];
}

/** `name` is null when none can be used; `reason` then says why. */
interface ChosenRuntime {
  name: RuntimeName | null;
  reason: string;
}

/** `error` is null when the store answers, else why nothing can be said of its dumps. */
interface StoreStatus {
  address: string;
  error: string | null;
}

/** The newest dump of this project and source. */
interface DumpStatus extends Age {
  key: string;
  store: string;
  sha256: string;
  bytes: number;
}

interface Age {
  created_at: string;
  age_seconds: number;
  /** Older than `dump.stale_after`. */
  stale: boolean;
}

export interface BaseStatus extends Age {
  id: string;
  project: string;
  source: string;
  engine: string;
  version: string;
  runtime: RuntimeName;
  method: CloneMethod;
  tables: number;
  rows: number;
  /** Its data directory. */
  disk_bytes: number;
  /** Of a file that was loaded as it is although rules are configured. */
  raw: boolean;
  /** What `create` takes in its project and source. */
  current: boolean;
  /** How many copies stand on it. */
  copies: number;
  dump_key: string;
  /** False: its data is gone. Null: its runtime doesn't answer. */
  present: boolean | null;
}

export interface CopyStatus extends CopyView {
  server: ServerState | "unknown";
  /** What it occupies beyond its base; null where that can't be told. */
  disk_bytes: number | null;
}

export interface SnapshotStatus extends SnapshotView {
  /** What it alone occupies; null where that can't be told. */
  disk_bytes: number | null;
  /** False: its data is gone. Null: its runtime doesn't answer. */
  present: boolean | null;
}

/** Looks at everything side by side; a runtime that is down leaves gaps, never an error. */
export async function readStatus(config: Config, call: Conversation): Promise<Status> {
  const chosen = chooseRuntime(config, call);
  const ask = asking(chosen);
  const stored = { bases: readBases(), copies: readCopies(), snapshots: readSnapshots() };
  const [runtime, storage, dumps, bases, copies, snapshots, unreadable] = await Promise.all([
    chosen,
    Promise.all([chosen, stored.bases.then(recordsOf)]).then(([{ name }, all]) =>
      storageOf(name, all, { config, ask }),
    ),
    readDumps(config),
    lookAtBases(stored, config, ask),
    stored.copies.then((all) => Promise.all(recordsOf(all).map((copy) => lookAtCopy(copy, ask)))),
    stored.snapshots.then((all) => Promise.all(recordsOf(all).map((snapshot) => lookAtSnapshot(snapshot, ask)))),
    Promise.all([stored.bases, stored.copies, stored.snapshots]).then((all) => all.flat().flatMap(strange)),
  ]);
  const status: Omit<Status, "warnings"> = {
    home: homeFolder(),
    config_file: config.file ?? null,
    project: config.project,
    source: config.sourceName,
    sources: config.sources,
    runtime,
    storage,
    network: { wish: config.copy.network, reaches_world: reachesWorld(config, runtime.name) },
    dump_store: dumps.store,
    dump: dumps.newest,
    bases,
    copies,
    snapshots,
    disk: {
      bases_bytes: sum(bases.map((base) => base.disk_bytes)),
      copies_bytes: sum(copies.map((copy) => copy.disk_bytes ?? 0)),
      snapshots_bytes: sum(snapshots.map((snapshot) => snapshot.disk_bytes ?? 0)),
      dumps_bytes: dumps.bytes,
    },
    unreadable,
  };
  return { ...status, warnings: warningsOf(status, config.dump.stale_after) };
}

/** A native server is a process of this host, and podman's bridges are shut by root alone. */
function reachesWorld({ copy }: Config, runtime: RuntimeName | null): boolean {
  if (copy.network === "open" || runtime === null || runtime === "native") return true;
  return !canShut(runtime, copy.bind);
}

async function chooseRuntime(config: Config, call: Conversation): Promise<ChosenRuntime> {
  try {
    const { runtime, why } = await openRuntime(call.runtimeName ?? config.runtime, () => {});
    return { name: runtime.name, reason: why };
  } catch (error) {
    return { name: null, reason: messageOf(error) };
  }
}

/** What is asked of runtimes; each question once. */
interface Asking {
  answers(name: RuntimeName): Promise<boolean>;
  pool(name: RuntimeName): ReturnType<typeof surveyPool>;
}

/** The chosen runtime has answered already. */
function asking(chosen: Promise<ChosenRuntime>): Asking {
  const once = <T>(question: (name: RuntimeName) => Promise<T>) => {
    const asked = new Map<RuntimeName, Promise<T>>();
    return (name: RuntimeName) => {
      const answer = asked.get(name) ?? question(name);
      asked.set(name, answer);
      return answer;
    };
  };
  return {
    answers: once(async (name) => name === "native" || (await chosen).name === name || (await answers(name)).ok),
    pool: once(async (name) => (name === "native" ? null : surveyPool(name).catch(() => null))),
  };
}

async function storageOf(
  name: RuntimeName | null,
  bases: BaseRecord[],
  { config, ask }: { config: Config; ask: Asking },
): Promise<StorageStatus | null> {
  if (name === null) return null;
  const mine = bases.filter((base) => base.project === config.project && base.source === config.sourceName);
  const pool = (await ask.pool(name))?.state ?? null;
  return lookAtStorage(name, { wish: config.storage, method: mine.at(-1)?.frozen.method ?? null, pool });
}

async function readDumps(config: Config): Promise<{ store: StoreStatus; newest: DumpStatus | null; bytes: number }> {
  const store = openStore(config.dump.store);
  const { address } = store;
  try {
    const dumps = await store.list(instanceOf({ project: config.project, source: config.sourceName }));
    const bytes = sum(dumps.map(({ manifest }) => manifest.bytes));
    const [newest] = dumps;
    return { store: { address, error: null }, newest: newest ? dumpStatus(newest, address, config) : null, bytes };
  } catch (error) {
    const { hint } = error as Partial<DittoError>;
    const why = [messageOf(error), hint].filter(Boolean).join(". ");
    return { store: { address, error: why }, newest: null, bytes: 0 };
  }
}

function dumpStatus({ manifest }: StoredDump, store: string, config: Config): DumpStatus {
  const { key, sha256, bytes, created_at } = manifest;
  return { key, store, sha256, bytes, ...ageOf(created_at, config) };
}

async function lookAtBases(
  stored: { bases: Promise<Stored<BaseRecord>[]>; copies: Promise<Stored<CopyRecord>[]> },
  config: Config,
  ask: Asking,
): Promise<BaseStatus[]> {
  const [all, copies] = await Promise.all([stored.bases.then(recordsOf), stored.copies.then(recordsOf)]);
  const current = await currentIds(all);
  return Promise.all(
    all.map(async (base) => ({
      id: base.id,
      project: base.project,
      source: base.source,
      engine: base.server.flavour,
      version: base.server.version,
      runtime: base.frozen.runtime,
      method: base.frozen.method,
      tables: base.tables,
      rows: base.rows,
      disk_bytes: base.frozen.bytes,
      raw: base.raw,
      current: current.has(base.id),
      copies: copies.filter((copy) => copy.baseId === base.id).length,
      dump_key: base.dumpKey,
      present: await isPresent(base, ask),
      ...ageOf(base.createdAt, config),
    })),
  );
}

async function lookAtSnapshot(snapshot: SnapshotRecord, ask: Asking): Promise<SnapshotStatus> {
  const { frozen } = snapshot;
  const pool = frozen.method === "pool" ? await ask.pool(frozen.runtime) : null;
  const runtime = await runtimeNamed(frozen.runtime, () => {});
  const [present, bytes] = await Promise.all([
    isPresent(snapshot, ask),
    frozen.method === "pool" ? pool?.bytes.get(frozen.reference) : runtime.frozenUsage(frozen).catch(() => undefined),
  ]);
  return { ...snapshotView(snapshot), disk_bytes: bytes ?? null, present };
}

async function isPresent({ frozen }: Pick<BaseRecord, "frozen">, ask: Asking): Promise<boolean | null> {
  if (frozen.method === "pool") {
    const pool = await ask.pool(frozen.runtime);
    // It would have to be mounted first.
    if (pool?.state.mounted === false) return null;
  }
  const runtime = await runtimeNamed(frozen.runtime, () => {});
  const [alive, present] = await Promise.all([ask.answers(frozen.runtime), runtime.exists(frozen).catch(() => null)]);
  return alive ? present : null;
}

async function lookAtCopy(copy: CopyRecord, ask: Asking): Promise<CopyStatus> {
  const runtime = await runtimeNamed(copy.runtime, () => {});
  const [alive, seen, bytes] = await Promise.all([
    ask.answers(copy.runtime),
    observe(copy),
    bytesOf(copy, runtime, ask).catch(() => undefined),
  ]);
  if (!alive) return { ...viewOf(copy), server: "unknown", disk_bytes: null };
  return { ...viewOf(seen.copy), server: seen.server, disk_bytes: bytes ?? null };
}

async function bytesOf(copy: CopyRecord, runtime: Runtime, ask: Asking): Promise<number | undefined> {
  if (copy.method !== "pool") return runtime.usage(runtimeIdOf(copy), copy.frozen);
  return (await ask.pool(copy.runtime))?.bytes.get(`copies/${runtimeIdOf(copy)}`);
}

function ageOf(createdAt: string, config: Config): Age {
  const age = Math.max(0, Math.round((Date.now() - Date.parse(createdAt)) / 1000));
  const limit = config.dump.stale_after;
  return { created_at: createdAt, age_seconds: age, stale: limit > 0 && age > limit };
}

function strange({ file, kind }: Stored<unknown>): Status["unreadable"] {
  return kind === "record" ? [] : [{ file, state: kind }];
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
