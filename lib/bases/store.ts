import { z } from "zod";
import { DittoError } from "../kit/errors.ts";
import { slug } from "../kit/state.ts";
import { PROFILE } from "../mask/profile.ts";
import type { StepReport, TableRows } from "./build.ts";
import type { Leak } from "./leak-search.ts";
import type { Pairs } from "./pair-check.ts";
import type { RuleCount } from "./row-masks.ts";

/** What stands beside a dump, in `<key>.json`; written after the dump, so a dump without one is half made. */
export interface DumpManifest {
  version: 1;
  key: string;
  project: string;
  source: string;
  profile: string;
  engine: string;
  server_version: string;
  flavour: string;
  ditto_version: string;
  database: string;
  bytes: number;
  sha256: string;
  tables: TableRows[];
  duration_ms: number;
  created_at: string;
  warnings: string[];
  /** What was kept from acting on the world, in words. */
  disarmed: string[];
  /** What rules did; absent in a dump that was made without looking for personal columns. */
  masking?: {
    key_fingerprint: string;
    rules: RuleCount[];
    /** Whether columns without a rule were looked at. */
    judged: boolean;
    unreviewed: string[];
    kept: string[];
    /** `left`: columns of whose values none was looked for; absent where there are none. */
    searched: { values: number; left?: string[]; leaks: Leak[] };
    /** Values of sampled rows, compared with the source's. */
    compared: Pairs;
  };
}

/** What is read of a manifest: it may come from anybody. */
const Manifest = z.looseObject({
  key: z.string().refine((key) => keyTime(key) !== undefined),
  profile: z.string().regex(PROFILE),
  engine: z.enum(["postgres", "mysql"]),
  flavour: z.enum(["postgres", "mysql", "mariadb"]),
  server_version: z.string().regex(/^\d[\w.-]*$/),
  database: z.string().min(1),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tables: z.array(z.looseObject({ schema: z.string(), name: z.string(), rows: z.number(), hash: z.string() })),
  created_at: z.iso.datetime(),
  masking: z.looseObject({ key_fingerprint: z.string().regex(/^[0-9a-f]*$/) }).optional(),
});

/** A complete dump of a store; `time` is the moment in its key, in milliseconds. */
export interface StoredDump {
  key: string;
  time: number;
  manifest: DumpManifest;
}

/** A dump that was found: on this disk, or elsewhere and to be fetched when it is needed. */
export type FoundDump = LocalDump | RemoteDump;

export interface LocalDump {
  path: string;
  /** Undefined: it has none, and can only be taken as it is. */
  manifest: DumpManifest | undefined;
}

export interface RemoteDump {
  /** Where it lies, for messages: without credentials. */
  address: string;
  manifest: DumpManifest | undefined;
  /** Begins to read it; `bytes` is the size that its server tells. */
  read(): Promise<{ bytes: number | undefined; stream: AsyncIterable<Uint8Array> }>;
}

/** Shows a step; the next one ends it. */
export type ShowStep = (title: string, total?: number) => StepReport;

/** Where dumps are kept. A dump appears before its manifest and goes after it: without one it counts for nothing. */
export interface DumpStore {
  /** A folder, or `s3://bucket/prefix`. */
  readonly address: string;
  /** Tries that dumps can be written, listed, read and removed. Throws what exactly is missing. */
  prove(): Promise<void>;
  /** Complete dumps, newest first by the time in their keys; `prefix` matches whole segments. */
  list(prefix?: string): Promise<StoredDump[]>;
  /** The dump of a key. Throws `DUMP_MISSING`, `DUMP_INCOMPLETE`. */
  find(key: string): Promise<FoundDump>;
  /** The file of this disk into which a dump of this key is written before it is published. */
  partialFile(key: string): string;
  /** Makes a written dump and then its manifest appear; the partial file is gone afterwards. */
  publish(partial: string, manifest: DumpManifest, step: ShowStep): Promise<void>;
  /** Removes a dump, also a half-published one. */
  withdraw(key: string): Promise<void>;
  /** Removes all but the newest `keep` dumps with the same first three segments, and what dead writers left there. */
  prune(key: string, keep: number): Promise<void>;
}

/** A dump's manifest follows it at once: one that has none for so long lost its writer in between. */
export const ORPHANED_AFTER_MS = 24 * 3600 * 1000;

/** Three segments, none of which leads elsewhere, and a time. */
const KEY =
  /^(?!\.{1,2}\/)([\w.-]+)\/(?!\.{1,2}\/)([\w.-]+)\/(?!\.{1,2}\/)([\w.-]+)\/(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.dump$/;

/** The first segment of a source's keys. */
export function instanceOf({ project, source }: { project: string; source: string }): string {
  return source === "default" ? project : `${project}.${source}`;
}

/** `<instance>/<database>/<profile>/<timestamp>.dump`; the time is UTC. Throws for what would not be a key. */
export function dumpKey(
  of: { project: string; source: string; database: string; profile: string },
  now = new Date(),
): string {
  const time = now.toISOString().replace(/[:.]/g, "-");
  const key = `${instanceOf(of)}/${slug(of.database)}/${of.profile}/${time}.dump`;
  if (keyTime(key) !== undefined) return key;
  throw new DittoError(`Cannot keep a dump under "${key}": that is no key`, { code: "DUMP_KEY" });
}

/** The moment in a key, in milliseconds; undefined when it is no key. */
export function keyTime(key: string): number | undefined {
  const match = KEY.exec(key);
  if (!match) return undefined;
  const [year = 0, month = 1, ...rest] = match.slice(4).map(Number);
  return Date.UTC(year, month - 1, ...(rest as [number, number, number, number, number]));
}

/** True when a key lies below a prefix of whole segments; "" is above all. */
export function isBelow(key: string, prefix: string): boolean {
  return prefix === "" || key === prefix || key.startsWith(`${prefix}/`);
}

/** The text of a manifest; `file` is what messages call it. Throws `MANIFEST_DAMAGED`. */
export function parseManifest(text: string, file: string): DumpManifest {
  let places: string[] = [];
  try {
    const manifest: unknown = JSON.parse(text);
    const checked = Manifest.safeParse(manifest);
    if (checked.success) return manifest as DumpManifest;
    places = checked.error.issues.map((issue) => `"${issue.path.join(".")}"`);
  } catch {
    // Said below.
  }
  throw new DittoError(
    `Cannot read "${file}": the manifest is damaged${places.length === 0 ? "" : ` (${places.join(", ")})`}`,
    {
      code: "MANIFEST_DAMAGED",
      hint: "Make the dump again; without its manifest it can't be trusted",
    },
  );
}

/** The text of a manifest, for its file. */
export function manifestText(manifest: DumpManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Throws `CHECKSUM_MISMATCH` when bytes are not those that a manifest describes; `name` is what messages call them. */
export function checkBytes(read: { bytes: number; sha256: string }, manifest: DumpManifest, name: string): void {
  if (read.bytes === manifest.bytes && read.sha256 === manifest.sha256) return;
  throw new DittoError(`Cannot load "${name}": its checksum is not the one in its manifest`, {
    code: "CHECKSUM_MISMATCH",
    hint: "The file was changed or cut off: copy it again, or make the dump again; the previous base is untouched",
  });
}

/** The error for a key under which there is no dump that counts. */
export function noSuchDump(address: string, key: string, state: "missing" | "incomplete"): DittoError {
  const found = state === "missing" ? "there is no such dump" : "it has no manifest, so it was never finished";
  return new DittoError(`Cannot load "${key}" from "${address}": ${found}`, {
    code: state === "missing" ? "DUMP_MISSING" : "DUMP_INCOMPLETE",
    hint: 'Name another key, or "--from store" for the newest complete dump',
  });
}
