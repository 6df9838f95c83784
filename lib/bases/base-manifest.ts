import { open } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { DittoError } from "../kit/errors.ts";
import { NAME } from "../kit/state.ts";
import { PROFILE } from "../mask/profile.ts";
import type { BaseRecord } from "./catalogue.ts";
import { keyTime } from "./store.ts";

/** The version of the form, not of ditto. */
export const FORMAT = 1;

/** Before a skippable frame's content stand this and its length, both little endian. */
const SKIPPABLE = 0x184d2a50;
const LONGEST = 16 << 20;

/** A file may come from anybody: what becomes an argument, a path or a server's start is checked. */
const Base = z.looseObject({
  engine: z.enum(["postgres", "mysql"]),
  server: z.object({
    flavour: z.enum(["postgres", "mysql", "mariadb"]),
    version: z.string().regex(/^\d+(\.\d+)*$/),
  }),
  profile: z.string().regex(PROFILE),
  raw: z.boolean().optional(),
  database: z.string().min(1),
  settings: z.record(z.string().regex(/^[a-zA-Z][\w.-]*$/), z.string()).optional(),
  dumpKey: z.string().refine((key) => key === "" || keyTime(key) !== undefined),
  dumpSha256: z.string(),
  origin: z.enum(["source", "file"]),
  tables: z.number(),
  rows: z.number(),
  durationMs: z.number(),
  warnings: z.array(z.string()),
  createdAt: z.iso.datetime(),
});

const Snapshot = z.looseObject({
  name: z.string().regex(NAME),
  copyId: z.string().regex(NAME),
  copyName: z.string().regex(/^$|^[a-z0-9][a-z0-9_-]{0,40}$/),
  notCaptured: z.array(z.string()),
  createdAt: z.iso.datetime(),
});

const Facts = z.looseObject({
  ditto_version: z.string(),
  masked: z.boolean(),
  image: z.string().regex(/^(\w[\w.:/@-]*)?$/),
  platform: z.string().min(1),
  libc: z.string(),
  base: Base,
  snapshot: Snapshot.optional(),
});

const Whole = z.looseObject({ sha256: z.string(), bytes: z.number(), facts: Facts });

/** What the file says of the base in it. */
export interface BaseFacts {
  ditto_version: string;
  /** False: it holds the source's raw values. */
  masked: boolean;
  /** The server's image by its name; "" for a base of the native runtime. */
  image: string;
  /** As in `Platform`. */
  platform: string;
  libc: string;
  base: Omit<BaseRecord, "frozen" | "raw"> & { raw?: boolean };
  /** When it is a snapshot's: what that is called, and what it lacks. `base` is then what its copy was made of. */
  snapshot?: SnapshotFacts;
}

export interface SnapshotFacts {
  name: string;
  copyId: string;
  copyName: string;
  notCaptured: string[];
  createdAt: string;
}

/** What stands in front of a base's data. */
export interface Manifest {
  ditto_base: number;
  /** Of the facts as they stand here, and of the compressed data. */
  sha256: string;
  /** Of the compressed data. */
  bytes: number;
  facts: BaseFacts;
}

/** A manifest as a skippable frame with so much room for it. */
export function header(manifest: Manifest, room: number): Buffer {
  const frame = Buffer.alloc(8 + room, " ");
  frame.writeUInt32LE(SKIPPABLE, 0);
  frame.writeUInt32LE(room, 4);
  frame.write(JSON.stringify(manifest), 8);
  frame.write("\n", 7 + room);
  return frame;
}

/** Reads and checks a base's manifest. Throws `FILE_FOREIGN`, `FILE_NEWER`, `FILE_DAMAGED`. */
export async function readManifest(path: string): Promise<{ manifest: Manifest; factsText: string; offset: number }> {
  const handle = await open(path, "r");
  try {
    const head = Buffer.alloc(8);
    const { bytesRead } = await handle.read(head, 0, 8, 0);
    const room = head.readUInt32LE(4);
    if (bytesRead < 8 || head.readUInt32LE(0) !== SKIPPABLE || room > LONGEST) throw foreign(path);
    const text = Buffer.alloc(room);
    if ((await handle.read(text, 0, room, 8)).bytesRead < room) throw damaged(path, "it is cut off");
    return { ...parse(path, text.toString("utf8")), offset: 8 + room };
  } finally {
    await handle.close();
  }
}

function parse(path: string, text: string): { manifest: Manifest; factsText: string } {
  const manifest = parseJson(text);
  if (typeof manifest?.ditto_base !== "number") throw foreign(path);
  if (manifest.ditto_base > FORMAT) {
    const hint = "Update this ditto, or export the base with this version";
    throw refused(path, { state: "it is of a newer ditto", code: "FILE_NEWER", hint });
  }
  const checked = Whole.safeParse(manifest);
  if (!checked.success) {
    const places = checked.error.issues.map((issue) => `"${issue.path.join(".")}"`).join(", ");
    throw damaged(path, `its manifest is not a base's (${places})`);
  }
  return { manifest: manifest as Manifest, factsText: JSON.stringify(manifest.facts) };
}

function parseJson(text: string): Partial<Manifest> | undefined {
  try {
    return JSON.parse(text) as Partial<Manifest>;
  } catch {
    return undefined;
  }
}

function foreign(path: string): DittoError {
  const hint = 'Bases are written by "bun scripts/base.ts export"; a dump is loaded by "bun scripts/reseed.ts --from"';
  return refused(path, { state: "it is not a base's file", code: "FILE_FOREIGN", hint });
}

/** The error for a file whose bytes are not those that were written. */
export function damaged(path: string, state: string, cause?: unknown): DittoError {
  const hint = "Copy the file again completely, or export the base again; no base was made";
  return new DittoError(`Cannot import "${basename(path)}": ${state}`, { code: "FILE_DAMAGED", hint, cause });
}

/** The error for a file that is no base's for this ditto. */
export function refused(path: string, why: { state: string; code: string; hint: string }): DittoError {
  const { state, code, hint } = why;
  return new DittoError(`Cannot import "${basename(path)}": ${state}`, { code, exit: 2, hint });
}
