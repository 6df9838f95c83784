import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineName, ServerVersion } from "../engine/index.ts";
import { homePath, NAME, readRecord, readRecords, recordsOf, type Stored, writeRecord } from "../kit/state.ts";
import type { Frozen, Platform } from "../runtime/index.ts";
import type { SnapshotName } from "./record.ts";

/** What is kept of a snapshot; it exists when this record is written, and not before. */
export interface SnapshotRecord {
  id: string;
  name: string;
  /** The copy that it was taken of, which may be gone by now. */
  copyId: string;
  /** "" when that has none. */
  copyName: string;
  project: string;
  source: string;
  engine: EngineName;
  server: ServerVersion;
  platform: Platform;
  database: string;
  /** Server settings of the base. */
  settings: Record<string, string>;
  /** How a copy of it gets its password: of its own id, never of what was frozen. */
  credentials: "hmac-sha256";
  /** The snapshot before it; absent: the base. */
  parent?: SnapshotName;
  baseId: string;
  dumpKey: string;
  /** The set of rules that made the base, and the fingerprint of their key. */
  profile: string;
  maskKey?: string;
  /** Of a raw copy. */
  raw: boolean;
  frozen: Frozen;
  /** The server's image by its name; "" for the native runtime. */
  image: string;
  /** For how long the server stood still; 0 when it didn't run. */
  pausedMs: number;
  /** What it lacks of what the server held, in words. */
  notCaptured: string[];
  /** By whom it was made for a command's own use: it goes when that has ended and nothing stands on it. */
  auto?: string;
  createdAt: string;
}

/** The JSON of a snapshot as users read it; snake_case and stable. */
export interface SnapshotView {
  id: string;
  name: string;
  copy: string;
  copy_id: string;
  project: string;
  source: string;
  engine: string;
  version: string;
  platform: string;
  runtime: string;
  method: string;
  parent: string;
  base_id: string;
  masked: boolean;
  raw: boolean;
  bytes: number;
  paused_ms: number;
  not_captured: string[];
  created_at: string;
}

/** A snapshot as JSON. */
export function snapshotView(snapshot: SnapshotRecord): SnapshotView {
  const { server, platform, frozen } = snapshot;
  return {
    id: snapshot.id,
    name: snapshot.name,
    copy: snapshot.copyName || snapshot.copyId,
    copy_id: snapshot.copyId,
    project: snapshot.project,
    source: snapshot.source,
    engine: server.flavour,
    version: server.version,
    platform: platform.platform,
    runtime: frozen.runtime,
    method: frozen.method,
    parent: snapshot.parent?.name ?? "",
    base_id: snapshot.baseId,
    masked: snapshot.profile !== "none",
    raw: snapshot.raw,
    bytes: frozen.bytes,
    paused_ms: snapshot.pausedMs,
    not_captured: snapshot.notCaptured,
    created_at: snapshot.createdAt,
  };
}

/** `COPY/NAME`, as a person writes it. */
export function pathOf({ copyName, copyId, name }: SnapshotRecord): string {
  return `${copyName || copyId}/${name}`;
}

/** A snapshot as the records of what comes after it name it. */
export function linkTo(snapshot: SnapshotRecord): SnapshotName {
  return { id: snapshot.id, name: pathOf(snapshot) };
}

function parseSnapshot(data: unknown, name: string): SnapshotRecord {
  const snapshot = data as Partial<SnapshotRecord> | null;
  const complete = [snapshot?.id, snapshot?.copyId, snapshot?.engine, snapshot?.frozen?.reference];
  if (!complete.every((part) => typeof part === "string")) throw new Error("it is no record of a snapshot");
  // What is removed by its name must be what it says it is.
  if (snapshot?.name !== name || !NAME.test(snapshot.copyId ?? "")) throw new Error("its name is not its file's name");
  return snapshot as SnapshotRecord;
}

function recordFile({ copyId, name }: Pick<SnapshotRecord, "copyId" | "name">): string {
  return homePath("snapshots", copyId, `${name}.json`);
}

/** Every snapshot of this state folder, oldest first, damaged and newer records too. */
export async function readSnapshots(): Promise<Stored<SnapshotRecord>[]> {
  const folders = await readdir(homePath("snapshots")).catch(() => []);
  const stored = await Promise.all(folders.map((folder) => readRecords(homePath("snapshots", folder), parseSnapshot)));
  return stored.flat().sort((a, b) => momentOf(a).localeCompare(momentOf(b)));
}

function momentOf(stored: Stored<SnapshotRecord>): string {
  return stored.kind === "record" ? stored.record.id : "";
}

/** Those that can be read, of one copy or of all. */
export async function knownSnapshots(copyId?: string): Promise<SnapshotRecord[]> {
  const all = recordsOf(await readSnapshots());
  return copyId === undefined ? all : all.filter((snapshot) => snapshot.copyId === copyId);
}

export async function readSnapshot(key: Pick<SnapshotRecord, "copyId" | "name">): Promise<SnapshotRecord | undefined> {
  const stored = await readRecord(recordFile(key), parseSnapshot);
  return stored?.kind === "record" ? stored.record : undefined;
}

/** True when a file has the name, whatever is in it. */
export async function isTaken(key: Pick<SnapshotRecord, "copyId" | "name">): Promise<boolean> {
  return (await readRecord(recordFile(key), parseSnapshot)) !== undefined;
}

/** Announces a snapshot. */
export function writeSnapshot(snapshot: SnapshotRecord): Promise<void> {
  return writeRecord(recordFile(snapshot), snapshot);
}

/** Forgets a snapshot; its data is the runtime's to remove. */
export async function forgetSnapshot(snapshot: SnapshotRecord): Promise<void> {
  const file = recordFile(snapshot);
  await rm(file, { force: true });
  // The last one takes the folder with it.
  await rmdir(join(file, "..")).catch(() => {});
}
