import { createHmac } from "node:crypto";
import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import type { EngineName, ServerVersion } from "../engine/index.ts";
import { maskInCi } from "../kit/cli.ts";
import { registerSecret } from "../kit/errors.ts";
import { homePath, homeSecret, readRecord, readRecords, recordsOf, type Stored, writeRecord } from "../kit/state.ts";
import { type DatabaseUrl, defaultPorts, formatDatabaseUrl } from "../kit/url.ts";
import type { CloneMethod, Frozen, RuntimeName } from "../runtime/index.ts";
import { loginHost } from "./address.ts";

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

/** Why a copy is destroyed, as its events say. */
export type EndReason = "deleted" | "expired" | "ended" | "lost";

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
  /** Where ditto logs in, when its server runs on another machine. */
  reach?: string;
  database: string;
  user: string;
  baseId: string;
  dumpKey: string;
  /** Of a raw base; absent in records of before there were such. */
  raw?: boolean;
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
  /** With what its server is started, also again. */
  serving: {
    settings: Record<string, string>;
    /** Bytes; 0: no limit. */
    memory: number;
    /** Processors; 0: no limit. */
    cpus: number;
    network: "closed" | "open";
    /** Networks of the container runtime's that it is in besides. */
    joins?: string[];
  };
  /** The ordinary role that its URL is for; absent: {@link COPY_USER}. */
  role?: string;
  /** What its runtime knows it by, when that is not its id: whenever its data is replaced it is another. */
  instance?: string;
  /** A migration is being tried in it, or whoever did that was killed. */
  migrating?: { owner: string; snapshot: SnapshotName };
  /** What it is about to become: its data is being replaced, or whoever did that was killed. */
  next?: CopyRecord;
  /** Why it is being destroyed. */
  ending?: EndReason;
  /** The snapshot that it was made of or put back on; absent: its base. */
  standsOn?: SnapshotName;
  /** The last snapshot that was taken of it since it was made or put back. */
  head?: SnapshotName;
}

/** A snapshot in the record of what comes after it. */
export interface SnapshotName {
  id: string;
  /** `COPY/NAME`, as a person writes it. */
  name: string;
}

/** What a copy's runtime knows it by. */
export function runtimeIdOf(copy: Pick<CopyRecord, "id" | "instance">): string {
  return copy.instance ?? copy.id;
}

/** What a person calls a copy. */
export function wordFor(copy: Pick<CopyRecord, "id" | "name">): string {
  return copy.name || copy.id;
}

/** How lists call a project, with its source where that has a name. */
export function projectLabel({ project, source }: { project: string; source: string }): string {
  return source === "default" ? project : `${project}/${source}`;
}

/** The user of every copy. */
export const COPY_USER = "ditto";

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
  /** `COPY/NAME` of the snapshot that it was made of or put back on; "": none, its base. */
  from_snapshot: string;
  dump_key: string;
  raw: boolean;
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
    user: copy.role ?? copy.user,
    ...(url === undefined ? {} : { connection_string: url }),
    internal_url: internalUrl(copy),
    base_id: copy.baseId,
    from_snapshot: copy.standsOn?.name ?? "",
    dump_key: copy.dumpKey,
    raw: copy.raw ?? false,
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

/** Where containers of a network that the copy joined find it; the login is that of `connection_string`. */
function internalUrl(copy: CopyRecord): string {
  if (!copy.serving.joins?.length) return "";
  const user = encodeURIComponent(copy.role ?? copy.user);
  return `${copy.engine}://${user}@ditto-${copy.id}:${defaultPorts[copy.engine]}/${encodeURIComponent(copy.database)}`;
}

/** The password of a copy, or of a role in it (HMAC-SHA-256, base64url): the same for life, stored nowhere. */
export async function passwordOf(id: string, role?: string): Promise<string> {
  const password = createHmac("sha256", await homeSecret())
    .update(role === undefined ? `copy:${id}` : `copy:${id}:role:${role}`)
    .digest("base64url");
  registerSecret(password);
  maskInCi(password);
  return password;
}

/** How ditto reaches a copy. */
export async function accessTo(copy: CopyRecord): Promise<DatabaseUrl> {
  return {
    engine: copy.engine,
    host: loginHost(copy),
    port: copy.port,
    user: copy.user,
    password: await passwordOf(copy.id),
    database: copy.database,
    params: {},
    dropped: [],
    ...(copy.server.flavour === "postgres" ? {} : { flavourHint: copy.server.flavour }),
  };
}

/** How its user reaches it, by the host that URLs say, and as the role that was asked for where one was. */
export async function accessForUser(copy: CopyRecord): Promise<DatabaseUrl> {
  const access = { ...(await accessTo(copy)), host: copy.host };
  const { role } = copy;
  return role === undefined ? access : { ...access, user: role, password: await passwordOf(copy.id, role) };
}

/** `postgres://…` with the password. */
export async function urlOf(copy: CopyRecord): Promise<string> {
  return formatDatabaseUrl(await accessForUser(copy));
}

function parseCopy(data: unknown, id: string): CopyRecord {
  const copy = data as Partial<CopyRecord> | null;
  if (typeof copy?.id !== "string" || typeof copy.port !== "number" || typeof copy.frozen?.reference !== "string") {
    throw new Error("it is no record of a copy");
  }
  // What is removed by its id must be what it says it is.
  if (copy.id !== id) throw new Error("its id is not its file's name");
  // Records of the first versions don't say it.
  const serving = { settings: {}, memory: 0, cpus: 0, network: "closed" as const };
  return { serving, ...copy } as CopyRecord;
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
  return recordsOf(await readCopies());
}

export async function readCopy(id: string): Promise<CopyRecord | undefined> {
  const stored = await readRecord(recordFile(id), parseCopy);
  return stored?.kind === "record" ? stored.record : undefined;
}

export function writeCopy(copy: CopyRecord): Promise<void> {
  return writeRecord(recordFile(copy.id), copy);
}

export async function forgetCopy(id: string): Promise<void> {
  await rm(recordFile(id), { force: true });
  await rm(homePath("locks", `copy-${id}.lock`), { force: true });
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
