import { readFileSync } from "node:fs";

/** What stands in front of a base's file. */
interface Manifest {
  ditto_base: number;
  facts: { platform: string; libc: string; masked: boolean; base: { server: { version: string } } };
  [field: string]: unknown;
}

/** The manifest of a base's file. */
export function manifestOf(file: string): Manifest {
  const bytes = readFileSync(file);
  return JSON.parse(bytes.subarray(8, 8 + bytes.readUInt32LE(4)).toString());
}

/** The bytes of a base's file with another manifest of the same length or shorter. */
export function withManifest(file: string, change: (manifest: Manifest) => unknown): Uint8Array {
  const bytes = readFileSync(file);
  const room = bytes.readUInt32LE(4);
  const manifest = manifestOf(file);
  change(manifest);
  bytes.write(JSON.stringify(manifest).padEnd(room, " "), 8);
  return bytes;
}

/** The bytes of a base's file with one of its data's turned round. */
export function damaged(file: string): Uint8Array {
  const bytes = readFileSync(file);
  const at = Math.floor((bytes.length + bytes.readUInt32LE(4)) / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}
