import { expect, test } from "bun:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decompress } from "../../../lib/bases/decompress.ts";

const text = Array.from({ length: 20_000 }, (_, n) => `insert into t values (${(n * 7919) % 1000});\n`).join("");
const packed = {
  gzip: gzipSync(text),
  zlib: deflateSync(text),
  zstd: Buffer.concat([zstdCompressSync(text.slice(0, 99)), zstdCompressSync(text.slice(99))]),
};

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(bytes: Uint8Array, compression: keyof typeof packed, size: number): Promise<string> {
  const out: Uint8Array[] = [];
  for await (const chunk of decompress(pieces(bytes, size), compression)) out.push(chunk.slice());
  return Buffer.concat(out).toString();
}

for (const compression of ["gzip", "zlib", "zstd"] as const) {
  test(`${compression} comes back whole, in pieces of any size`, async () => {
    for (const size of [1, 1000, 1 << 20]) expect(await read(packed[compression], compression, size)).toBe(text);
  });

  test(`${compression} that was cut off is an error wherever it was cut`, async () => {
    const whole = packed[compression];
    for (const length of [5, 20, 300, whole.length >> 1, whole.length - 4]) {
      const reading = read(whole.subarray(0, length), compression, 1000);
      expect(await reading.catch((error) => error)).toBeInstanceOf(Error);
    }
  });
}
