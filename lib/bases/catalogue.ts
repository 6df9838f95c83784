import { rm } from "node:fs/promises";
import type { EngineName, ServerVersion } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { homePath, readRecord, readRecords, recordsOf, type Stored, writeRecord } from "../kit/state.ts";
import type { Frozen } from "../runtime/index.ts";
import { currentOf } from "./choice.ts";

/** What is kept of a base; it exists when this record is written, and not before. */
export interface BaseRecord {
  id: string;
  project: string;
  source: string;
  /** The set of rules that made it; `none` without any. */
  profile: string;
  /** The fingerprint of the key that drew its pseudonyms. */
  maskKey?: string;
  engine: EngineName;
  server: ServerVersion;
  database: string;
  /** Server settings that make a copy behave as the source does (MySQL: sql_mode, time zone …). */
  settings?: Record<string, string>;
  /** What was kept from acting on the world, in words; absent before it was kept on record. */
  disarmed?: string[];
  frozen: Frozen;
  /** The server's image by its name, "" for the native runtime; absent before it was kept on record. */
  image?: string;
  /** Everything besides the dump that decides what a build from it gives, as a checksum; absent before it was kept on record. */
  recipe?: string;
  /** It holds raw rows of a file that was loaded as it is although rules were configured. */
  raw: boolean;
  /** Of the dump or SQL file that it was loaded from. */
  fileSha256?: string;
  /** "" when no portable dump was made. */
  dumpKey: string;
  dumpSha256: string;
  origin: "source" | "file";
  tables: number;
  rows: number;
  durationMs: number;
  warnings: string[];
  createdAt: string;
}

/** True when rules made the base; without any it holds the source's raw values. */
export function isMasked(base: Pick<BaseRecord, "profile">): boolean {
  return base.profile !== "none";
}

function parseBase(data: unknown): BaseRecord {
  const base = data as Partial<BaseRecord> | null;
  if (typeof base?.id !== "string" || typeof base.engine !== "string" || typeof base.frozen?.reference !== "string") {
    throw new Error("it is no record of a base");
  }
  return { raw: false, ...(base as Omit<BaseRecord, "raw">) };
}

function recordFile(id: string): string {
  return homePath("bases", `${id}.json`);
}

/** Every base of this state folder, oldest first, damaged and newer records too. */
export function readBases(): Promise<Stored<BaseRecord>[]> {
  return readRecords(homePath("bases"), parseBase);
}

/** One base by its id. */
export async function readBase(id: string): Promise<BaseRecord | undefined> {
  const stored = await readRecord(recordFile(id), parseBase);
  return stored?.kind === "record" ? stored.record : undefined;
}

/** Announces a base. */
export function writeBase(base: BaseRecord): Promise<void> {
  return writeRecord(recordFile(base.id), base);
}

/** Forgets a base; its data is the runtime's to remove. */
export function forgetBase(id: string): Promise<void> {
  return rm(recordFile(id), { force: true });
}

/** The bases of one project and source, newest first. */
export async function basesOf(owner: { project: string; source: string }): Promise<BaseRecord[]> {
  const bases = recordsOf(await readBases());
  return bases.filter((base) => base.project === owner.project && base.source === owner.source).reverse();
}

/** Of all bases those that `create` takes, one for each project and source. */
export async function currentIds(all: BaseRecord[]): Promise<Set<string>> {
  const owners = Map.groupBy(all.toReversed(), ({ project, source }) => `${project}.${source}`);
  const current = await Promise.all([...owners.values()].map(currentOf));
  return new Set(current.flatMap((base) => (base ? [base.id] : [])));
}

/**
 * The base that `create` takes: of those that these rules made, the newest, or the one that was chosen since; without
 * rules of any. Throws `NO_BASE`, `OTHER_RULES`.
 */
export async function currentBase(owner: { project: string; source: string }, profile = "none"): Promise<BaseRecord> {
  const bases = await basesOf(owner);
  const fitting = profile === "none" ? bases : bases.filter((base) => base.profile === profile);
  const current = await currentOf(fitting);
  if (current) return current;
  const whose = `"${owner.project}" (source "${owner.source}")`;
  if (bases.length > 0) {
    throw new DittoError(`Cannot make a copy: no base of ${whose} was made by the rules that are configured now`, {
      code: "OTHER_RULES",
      hint: 'Run "bun scripts/reseed.ts": obfuscation.rules have changed since the last one',
    });
  }
  throw new DittoError(`Cannot make a copy: there is no base of ${whose} yet`, {
    code: "NO_BASE",
    hint: 'Run "bun scripts/reseed.ts" first',
  });
}
