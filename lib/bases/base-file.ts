import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { constants, createZstdCompress } from "node:zlib";
import { withCleanup } from "../kit/cleanup.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import { type BaseFacts, damaged, FORMAT, header, type Manifest, readManifest, refused } from "./base-manifest.ts";
import { decompress } from "./decompress.ts";
import { noteUnfinished } from "./unfinished.ts";

/*
 * A base as one file: a skippable frame of zstd (RFC 8878, 3.1.2) that holds the manifest as JSON, then a tar of the data
 * directory in zstd. `zstd -dc FILE | tar t` lists it, and the manifest is read without unpacking anything.
 */

/** A base's file that was looked at: its manifest is complete, and no byte is missing. */
export interface BaseFile {
  path: string;
  manifest: Manifest;
  /** The facts as they stand in the file, for the checksum. */
  factsText: string;
  /** Where the data begins. */
  offset: number;
}

/** Writes a base into a file (0600) that appears when it is complete; resolves to its size and checksum. */
export async function writeBaseFile(
  path: string,
  facts: BaseFacts,
  data: { tar: AsyncIterable<Uint8Array>; tell(bytes: number): void },
): Promise<{ bytes: number; sha256: string }> {
  const { temporary, discard } = await noteUnfinished(path);
  return withCleanup(async () => {
    try {
      await mkdir(dirname(path), { recursive: true });
      const written = await writeTo(temporary, facts, data);
      await rename(temporary, path);
      return written;
    } catch (error) {
      throw unwritable(path, error);
    }
  }, discard);
}

async function writeTo(
  file: string,
  facts: BaseFacts,
  { tar, tell }: { tar: AsyncIterable<Uint8Array>; tell(bytes: number): void },
): Promise<{ bytes: number; sha256: string }> {
  const unknown: Manifest = { ditto_base: FORMAT, sha256: "0".repeat(64), bytes: Number.MAX_SAFE_INTEGER, facts };
  const room = Buffer.byteLength(JSON.stringify(unknown)) + 1;
  const hash = createHash("sha256").update(JSON.stringify(facts));
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.write(header(unknown, room));
    let bytes = 0;
    for await (const chunk of compressed(counted(tar, tell))) {
      hash.update(chunk);
      await handle.write(chunk);
      bytes += chunk.length;
    }
    const sha256 = hash.digest("hex");
    // Only now: a file that was cut off before says nothing that could be believed.
    await handle.write(header({ ...unknown, sha256, bytes }, room), 0, 8 + room, 0);
    await handle.sync();
    return { bytes: 8 + room + bytes, sha256 };
  } finally {
    await handle.close();
  }
}

function compressed(data: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // The lowest level: the next halves the speed and saves a tenth.
  const target = createZstdCompress({ chunkSize: 1 << 20, params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const raw = Readable.from(data);
  // pipe() doesn't hand on the source's error, and the reader would wait for ever.
  raw.on("error", (error) => target.destroy(error));
  target.on("error", () => {});
  return raw.pipe(target) as AsyncIterable<Uint8Array>;
}

async function* counted(stream: AsyncIterable<Uint8Array>, tell: (bytes: number) => void) {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    tell(bytes);
    yield chunk;
  }
}

function unwritable(path: string, cause: unknown): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (cause instanceof DittoError || !/^E[A-Z]+$/.test(code)) return cause;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new DittoError(`Cannot write "${path}": ${full ? "the disk is full" : messageOf(cause)}`, {
    code: full ? "DISK_FULL" : "FILE_UNWRITABLE",
    hint: full ? "Free space there, or name another place" : "Name a file in a folder that you may write to",
    cause,
  });
}

/** Looks at a base's file without unpacking it. Throws `FILE_MISSING`, `FILE_FOREIGN`, `FILE_NEWER`, `FILE_DAMAGED`. */
export async function openBaseFile(path: string): Promise<BaseFile> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) {
    const state = facts ? "it is not a file" : "there is no such file";
    throw refused(path, { state, code: "FILE_MISSING", hint: "Check the path" });
  }
  const { manifest, factsText, offset } = await readManifest(path);
  if (facts.size !== offset + manifest.bytes) throw damaged(path, "it is cut off, or something was added to it");
  return { path, manifest, factsText, offset };
}

/** The tar in a base's file. The reading fails at the end when the bytes are not those that were written. */
export async function* readBaseFile(file: BaseFile, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const { path, manifest, factsText, offset } = file;
  const hash = createHash("sha256").update(factsText);
  const raw = createReadStream(path, { start: offset, highWaterMark: 1 << 20 });
  const hashed = async function* () {
    let bytes = 0;
    for await (const chunk of raw as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      bytes += chunk.length;
      tell(bytes);
      yield chunk;
    }
  };
  try {
    yield* decompress(hashed(), "zstd");
  } catch (cause) {
    throw damaged(path, "its data can't be read", cause);
  } finally {
    raw.destroy();
  }
  if (hash.digest("hex") !== manifest.sha256) throw damaged(path, "its checksum is not the one that it names");
}
