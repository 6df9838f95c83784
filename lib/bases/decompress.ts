import { Readable } from "node:stream";
import { createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { ZstdFrames } from "./zstd-frames.ts";

/** A compression that ditto undoes itself; `zlib` is gzip's data with zlib's own head, as pg_dump's custom format has it. */
export type Compressed = "none" | "gzip" | "zlib" | "zstd";

/** Large pieces: with the default of 16 kB, zstd ran at a seventh of its speed. */
const chunkSize = 1 << 20;

/** Undoes a compression piece by piece; damaged or cut-off data makes the reading fail. */
export function decompress(source: AsyncIterable<Uint8Array>, compression: Compressed): AsyncIterable<Uint8Array> {
  if (compression === "none") return source;
  const make = { gzip: createGunzip, zlib: createInflate, zstd: createZstdDecompress }[compression];
  const target = make({ chunkSize });
  const frames = compression === "zstd" ? new ZstdFrames() : undefined;
  const raw = Readable.from(frames ? followed(source, frames) : source);
  // pipe() doesn't hand on the source's error, and the reader would wait for ever.
  raw.on("error", (error) => target.destroy(error));
  // The reader is told; but one that has seen enough is gone, and an error that nobody takes would end the process.
  target.on("error", () => {});
  const data = raw.pipe(target) as AsyncIterable<Uint8Array>;
  return frames ? untilComplete(data, frames) : data;
}

async function* followed(source: AsyncIterable<Uint8Array>, frames: ZstdFrames): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
}

async function* untilComplete(data: AsyncIterable<Uint8Array>, frames: ZstdFrames): AsyncGenerator<Uint8Array> {
  yield* data;
  if (!frames.complete) throw new RangeError("unexpected end of zstd's data");
}

/** What the first bytes of a file say of its compression. */
export function compressionOf(head: Uint8Array): "none" | "gzip" | "zstd" {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return "none";
}
