import { S3Client } from "bun";
import { interrupted } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { flowing, within } from "../kit/time-limit.ts";
import { endpointHost, s3Address, s3Settings } from "./s3-address.ts";
import { explainS3, type S3Attempt, s3Code } from "./s3-errors.ts";

/** An object as a list shows it; `modified` in milliseconds. */
export interface S3Object {
  key: string;
  bytes: number;
  modified: number;
}

/** One bucket; every call throws a sentence with the way out. */
export interface Bucket {
  /** All objects whose keys begin so. */
  list(prefix: string): Promise<S3Object[]>;
  /** The text of a small object; undefined when there is none. */
  readText(key: string): Promise<string | undefined>;
  writeText(key: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Sends a file piece by piece; `tell` hears how many bytes went. Complete or invisible. */
  upload(file: string, key: string, tell: (bytes: number) => void): Promise<void>;
  /** Bytes of an object; undefined when there is none. */
  size(key: string): Promise<number | undefined>;
  /** The bytes of an object. Throws `DUMP_MISSING`. */
  read(key: string): AsyncIterable<Uint8Array>;
}

/** How long S3 may take, in milliseconds: for an answer, for the next bytes, for taking a part. */
export interface S3Limits {
  answer: number;
  bytes: number;
  part: number;
}

const LIMITS: S3Limits = { answer: 20_000, bytes: 60_000, part: 300_000 };

/** What IAM calls the permissions. */
const PERMISSIONS = { list: "s3:ListBucket", read: "s3:GetObject", write: "s3:PutObject", remove: "s3:DeleteObject" };
type Verb = keyof typeof PERMISSIONS;

const JSON_TYPE = { type: "application/json" };
const MIB = 1 << 20;

/** Of 10,000 parts at most an object can consist. */
const MOST_PARTS = 9_000;

/** Opens a bucket with what the environment says; nothing is contacted yet. */
export function openBucket(bucket: string, limits: S3Limits = LIMITS): Bucket {
  const settings = s3Settings();
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const client = new S3Client({ ...given, bucket });
  const attempt = (verb: Verb, key: string): S3Attempt => ({
    title: `Cannot ${verb} "${s3Address({ bucket, key })}"`,
    bucket,
    host: endpointHost(settings),
    permission: PERMISSIONS[verb],
  });
  /** Tries one call within the limit for an answer. */
  const ask = <T>(verb: Verb, key: string, call: () => Promise<T>) =>
    explained(attempt(verb, key), () => within(limits.answer, call()));
  return {
    list: (prefix) => ask("list", prefix.replace(/\/$/, ""), () => listAll(client, prefix)),
    readText: (key) => ask("read", key, () => orNone(client.file(key).text())),
    writeText: async (key, text) => void (await ask("write", key, () => client.write(key, text, JSON_TYPE))),
    remove: (key) => ask("remove", key, () => client.delete(key)),
    async upload(file, key, tell) {
      const bytes = Bun.file(file).size;
      await explained(attempt("write", key), () => send(client, { file, key, tell, limits }));
      const there = (await ask("read", key, () => sizeOf(client, key))) ?? 0;
      if (there !== bytes) throw cutOff(s3Address({ bucket, key }), there, bytes);
    },
    size: (key) => ask("read", key, () => sizeOf(client, key)),
    read: (key) => explainedStream(attempt("read", key), flowing(client.file(key).stream(), limits.bytes)),
  };
}

async function explained<T>(attempt: S3Attempt, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explainS3(error, attempt);
  }
}

async function* explainedStream<T>(attempt: S3Attempt, stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    throw explainS3(error, attempt);
  }
}

async function listAll(client: S3Client, prefix: string): Promise<S3Object[]> {
  const objects: S3Object[] = [];
  for (let continuationToken: string | undefined; ; ) {
    const page = await client.list({ prefix, ...(continuationToken === undefined ? {} : { continuationToken }) });
    for (const { key, size = 0, lastModified = "" } of page.contents ?? [])
      objects.push({ key, bytes: size, modified: Date.parse(lastModified) });
    continuationToken = page.isTruncated ? page.nextContinuationToken : undefined;
    if (continuationToken === undefined) return objects;
  }
}

/** Undefined instead of the error that an object is missing. */
async function orNone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (s3Code(error) === "NoSuchKey") return undefined;
    throw error;
  }
}

/** A HEAD that fails has no body to say why: a GET of one byte has. */
async function sizeOf(client: S3Client, key: string): Promise<number | undefined> {
  try {
    return (await orNone(client.stat(key)))?.size;
  } catch (error) {
    if (s3Code(error) === "UnknownError") await client.file(key).slice(0, 1).text();
    throw error;
  }
}

async function send(
  client: S3Client,
  { file, key, tell, limits }: { file: string; key: string; tell: (bytes: number) => void; limits: S3Limits },
): Promise<void> {
  const partSize = Math.max(8, Math.ceil(Bun.file(file).size / MOST_PARTS / MIB)) * MIB;
  const writer = client.file(key).writer({ partSize, queueSize: 2, retry: 5, type: "application/octet-stream" });
  let sent = 0;
  for await (const piece of Bun.file(file).stream()) {
    // Never ended on a failure: `end`, even with an error, completes the object with what was sent.
    if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
    writer.write(piece);
    await within(limits.part, Promise.resolve(writer.flush()));
    sent += piece.length;
    tell(sent);
  }
  await within(limits.part, Promise.resolve(writer.end()));
}

/** The error for an object of which only a part is there. */
function cutOff(address: string, bytes: number, wanted: number): DittoError {
  return new DittoError(`Cannot write "${address}": only ${bytes} of ${wanted} bytes are there`, {
    code: "UPLOAD_CUT_OFF",
    hint: "Run it again; the previous base is untouched",
  });
}
