import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError } from "../kit/errors.ts";
import { workFile } from "./download.ts";
import { parseS3Address, s3Address } from "./s3-address.ts";
import { type Bucket, openBucket, type S3Object } from "./s3-bucket.ts";
import {
  type DumpManifest,
  type DumpStore,
  keyTime,
  manifestText,
  noSuchDump,
  ORPHANED_AFTER_MS,
  parseManifest,
  type RemoteDump,
  type ShowStep,
  type StoredDump,
} from "./store.ts";

/** Where a store's dumps lie in its bucket. */
interface Shelf {
  address: string;
  bucket: Bucket;
  /** The object's name for a key of the store. */
  name(key: string): string;
}

/** A dump store in S3, `s3://bucket/prefix`; nothing is contacted yet. Throws exit 2. */
export function openS3Store(configured: string): DumpStore {
  const place = parseS3Address(configured);
  const shelf: Shelf = {
    address: s3Address(place),
    bucket: openBucket(place.bucket),
    name: (key) => (place.key === "" ? key : `${place.key}/${key}`),
  };
  return {
    address: shelf.address,
    prove: () => prove(shelf),
    list: async (prefix = "") => readDumps(shelf, await listShelf(shelf, prefix)),
    find: (key) => find(shelf, key),
    partialFile: (key) => workFile(key),
    publish: (partial, manifest, step) => publish(shelf, { partial, manifest, step }),
    withdraw: (key) => remove(shelf, key),
    prune: (key, keep) => prune(shelf, dirname(key), keep),
  };
}

const PROBE = ".ditto-probe-";

/** Writes, lists, reads and removes a small object; also those of probes that were killed. */
async function prove(shelf: Shelf): Promise<void> {
  const { bucket, name } = shelf;
  const probe = name(`${PROBE}${randomBytes(4).toString("hex")}`);
  await bucket.writeText(probe, "{}");
  const left = [probe];
  try {
    const found = await bucket.list(name(PROBE));
    left.push(...found.filter(isOrphaned).map(({ key }) => key));
    await bucket.readText(probe);
  } finally {
    for (const key of left) await bucket.remove(key);
  }
}

/** The objects below a prefix of whole segments, by their keys in the store. */
async function listShelf({ bucket, name }: Shelf, prefix: string): Promise<Map<string, S3Object>> {
  const objects = await bucket.list(name(prefix === "" ? "" : `${prefix}/`));
  const above = name("").length;
  return new Map(objects.map((object) => [object.key.slice(above), object]));
}

/** How many manifests are asked for at once. */
const AT_ONCE = 8;

/** Complete dumps among objects, newest first. */
async function readDumps({ bucket, name }: Shelf, objects: Map<string, S3Object>): Promise<StoredDump[]> {
  const keys = [...objects.keys()].filter((key) => keyTime(key) !== undefined && objects.has(`${key}.json`));
  const found: StoredDump[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const read = keys.slice(from, from + AT_ONCE).map(async (key) => {
      const text = await bucket.readText(name(`${key}.json`));
      const manifest = text === undefined ? undefined : intact(text, key);
      if (manifest) found.push({ key, time: keyTime(key) ?? 0, manifest });
    });
    await Promise.all(read);
  }
  return found.sort((a, b) => b.time - a.time);
}

/** A damaged manifest is left as it is, and its dump counts as incomplete. */
function intact(text: string, key: string): DumpManifest | undefined {
  try {
    return parseManifest(text, key);
  } catch {
    return undefined;
  }
}

async function find({ address, bucket, name }: Shelf, key: string): Promise<RemoteDump> {
  const [text, bytes] = await Promise.all([bucket.readText(name(`${key}.json`)), bucket.size(name(key))]);
  if (bytes === undefined) throw noSuchDump(address, key, "missing");
  if (text === undefined) throw noSuchDump(address, key, "incomplete");
  return {
    address: `${address}/${key}`,
    manifest: parseManifest(text, `${address}/${key}.json`),
    read: async () => ({ bytes, stream: bucket.read(name(key)) }),
  };
}

async function publish(
  { bucket, name }: Shelf,
  { partial, manifest, step }: { partial: string; manifest: DumpManifest; step: ShowStep },
): Promise<void> {
  const report = step("Upload the dump", manifest.bytes);
  await bucket.upload(partial, name(manifest.key), (bytes) => report.update({ bytes }));
  await bucket.writeText(name(`${manifest.key}.json`), manifestText(manifest));
  await rm(partial, { force: true });
}

/** The manifest first: a dump without one is not listed, and a later run removes it. */
async function remove({ bucket, name }: Shelf, key: string): Promise<void> {
  await bucket.remove(name(`${key}.json`));
  await bucket.remove(name(key));
}

async function prune(shelf: Shelf, prefix: string, keep: number): Promise<void> {
  const objects = await listShelf(shelf, prefix);
  for (const { key } of (await readDumps(shelf, objects)).slice(keep)) await remove(shelf, key);
  for (const [key, object] of objects) {
    const halfMade = keyTime(key) !== undefined && !objects.has(`${key}.json`);
    if (halfMade && isOrphaned(object)) await shelf.bucket.remove(object.key);
  }
}

function isOrphaned({ modified }: S3Object): boolean {
  return Date.now() - modified > ORPHANED_AFTER_MS;
}

/** A dump or SQL file at an S3 address, with its manifest when one stands beside it. Throws `DUMP_MISSING`. */
export async function findS3Object(text: string): Promise<RemoteDump> {
  const place = parseS3Address(text);
  const bucket = openBucket(place.bucket);
  const address = s3Address(place);
  const bytes = await bucket.size(place.key);
  if (bytes === undefined) throw await missingObject(bucket, place.key, address);
  const manifest = await bucket.readText(`${place.key}.json`).catch((error: DittoError) => {
    // Who may not list a bucket is told "denied" of what isn't there.
    if (error.code === "S3_DENIED") return undefined;
    throw error;
  });
  return {
    address,
    manifest: manifest === undefined ? undefined : parseManifest(manifest, `${address}.json`),
    read: async () => ({ bytes, stream: bucket.read(place.key) }),
  };
}

async function missingObject(bucket: Bucket, key: string, address: string): Promise<DittoError> {
  const inside = await bucket.list(`${key}/`).catch(() => []);
  if (inside.length === 0) {
    return new DittoError(`Cannot load "${address}": there is no such object`, {
      code: "DUMP_MISSING",
      hint: 'Check the key, or take "--from store" for the newest dump of dump.store',
    });
  }
  return new DittoError(`Cannot load "${address}": it is a folder, and only single files are fetched`, {
    code: "DUMP_FOREIGN",
    hint: "Name a file in it; fetch a folder of pg_dump's directory format yourself and name its path",
  });
}
