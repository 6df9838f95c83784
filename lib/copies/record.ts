import { createHmac } from "node:crypto";
import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import type { EngineName, ServerVersion } from "../engine/index.ts";
import { maskInCi } from "../kit/cli.ts";
import { registerSecret } from "../kit/errors.ts";
import { homePath, homeSecret, readRecord, readRecords, type Stored, writeRecord } from "../kit/state.ts";
import { type DatabaseUrl, formatDatabaseUrl } from "../kit/url.ts";
import type { CloneMethod, Frozen, RuntimeName } from "../runtime/index.ts";

export type CopyStatus =
  | "pending"
  | "creating"
  | "ready"
  | "paused"
  | "stopped"
  | "unclean"
  | "destroying"
  | "destroyed"
  | "failed";

/** What is kept of a copy. The password is not: it is derived from the state folder's secret and the id. */
export interface CopyRecord {
  id: string;
  name: string;
  project: string;
  source: string;
  status: CopyStatus;
  engine: EngineName;
  server: ServerVersion;
  runtime: RuntimeName;
  /** What URLs say, and what the port is bound to. */
  host: string;
  bind: string;
  port: number;
  database: string;
  user: string;
  baseId: string;
  dumpKey: string;
  frozen: Frozen;
  method: CloneMethod;
  readyMs: number;
  /** Null: never. */
  ttlSeconds: number | null;
  labels: Record<string, string>;
  runId: string;
  jobName: string;
  createdAt: string;
  readyAt: string;
  expiresAt: string | null;
  errorMessage: string;
  /** Who is making it, and for `copy run` whose death ends it. */
  owner: string;
  /** True for the copy of a `copy run`: it goes with its command. */
  bound: boolean;
}

/** The JSON of a copy as users read it; snake_case and stable. */
export interface CopyView {
  id: string;
  name: string;
  project: string;
  source: string;
  status: CopyStatus;
  engine: string;
  version: string;
  runtime: RuntimeName;
  host: string;
  port: number;
  database: string;
  user: string;
  connection_string?: string;
  internal_url: string;
  base_id: string;
  dump_key: string;
  method: CloneMethod;
  ready_ms: number;
  warm: boolean;
  ttl_seconds: number | null;
  labels: Record<string, string>;
  run_id: string;
  job_name: string;
  created_at: string;
  ready_at: string;
  expires_at: string | null;
  error_message: string;
}

/** A copy as JSON; with its password when `url` is given. */
export function viewOf(copy: CopyRecord, url?: string): CopyView {
  return {
    id: copy.id,
    name: copy.name,
    project: copy.project,
    source: copy.source,
    status: copy.status,
    engine: copy.server.flavour,
    version: copy.server.version,
    runtime: copy.runtime,
    host: copy.host,
    port: copy.port,
    database: copy.database,
    user: copy.user,
    ...(url === undefined ? {} : { connection_string: url }),
    internal_url: "",
    base_id: copy.baseId,
    dump_key: copy.dumpKey,
    method: copy.method,
    ready_ms: copy.readyMs,
    warm: false,
    ttl_seconds: copy.ttlSeconds,
    labels: copy.labels,
    run_id: copy.runId,
    job_name: copy.jobName,
    created_at: copy.createdAt,
    ready_at: copy.readyAt,
    expires_at: copy.expiresAt,
    error_message: copy.errorMessage,
  };
}

/** The password of a copy (HMAC-SHA-256, base64url): the same for life, stored nowhere. */
export async function passwordOf(id: string): Promise<string> {
  const password = createHmac("sha256", await homeSecret())
    .update(`copy:${id}`)
    .digest("base64url");
  registerSecret(password);
  maskInCi(password);
  return password;
}

/** How a copy is reached. */
export async function accessTo(copy: CopyRecord): Promise<DatabaseUrl> {
  return {
    engine: copy.engine,
    host: copy.host,
    port: copy.port,
    user: copy.user,
    password: await passwordOf(copy.id),
    database: copy.database,
    params: {},
    dropped: [],
    ...(copy.server.flavour === "postgres" ? {} : { flavourHint: copy.server.flavour }),
  };
}

/** `postgres://…` with the password. */
export async function urlOf(copy: CopyRecord): Promise<string> {
  return formatDatabaseUrl(await accessTo(copy));
}

function parseCopy(data: unknown, id: string): CopyRecord {
  const copy = data as Partial<CopyRecord> | null;
  if (typeof copy?.id !== "string" || typeof copy.port !== "number" || typeof copy.frozen?.reference !== "string") {
    throw new Error("it is no record of a copy");
  }
  // What is removed by its id must be what it says it is.
  if (copy.id !== id) throw new Error("its id is not its file's name");
  return copy as CopyRecord;
}

function recordFile(id: string): string {
  return homePath("copies", `${id}.json`);
}

/** Every copy of this state folder, oldest first, damaged and newer records too. */
export function readCopies(): Promise<Stored<CopyRecord>[]> {
  return readRecords(homePath("copies"), parseCopy);
}

/** Those that can be read. */
export async function knownCopies(): Promise<CopyRecord[]> {
  return (await readCopies()).flatMap((stored) => (stored.kind === "record" ? [stored.record] : []));
}

export async function readCopy(id: string): Promise<CopyRecord | undefined> {
  const stored = await readRecord(recordFile(id), parseCopy);
  return stored?.kind === "record" ? stored.record : undefined;
}

export function writeCopy(copy: CopyRecord): Promise<void> {
  return writeRecord(recordFile(copy.id), copy);
}

export function forgetCopy(id: string): Promise<void> {
  return rm(recordFile(id), { force: true });
}

/** Something that happened to a copy. */
export interface CopyEvent {
  at: string;
  action: string;
  [detail: string]: unknown;
}

/** Appends to a copy's events. */
export async function logEvent(id: string, action: string, details: Record<string, unknown> = {}): Promise<void> {
  const file = homePath("events", `${id}.jsonl`);
  await mkdir(homePath("events"), { recursive: true, mode: 0o700 });
  const event: CopyEvent = { at: new Date().toISOString(), action, ...details };
  await appendFile(file, `${JSON.stringify(event)}\n`, { mode: 0o600 });
}

/** A copy's events, oldest first; a line that a kill cut off is left out. */
export async function readEvents(id: string): Promise<CopyEvent[]> {
  const text = await readFile(homePath("events", `${id}.jsonl`), "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as CopyEvent] : [];
    } catch {
      return [];
    }
  });
}
