import type { Engine } from "./kind.ts";

/** The bytes of a bytea (`\x…`) or of a MySQL string with a character per byte. */
export function bytesOf(engine: Engine, text: string): Buffer {
  return engine === "postgres" ? Buffer.from(text.slice(2), "hex") : Buffer.from(text, "latin1");
}

/** The engine's text form of bytes. */
export function textOfBytes(engine: Engine, bytes: Buffer): string {
  return engine === "postgres" ? `\\x${bytes.toString("hex")}` : bytes.toString("latin1");
}

/** 8-4-4-4-12. */
export function dashed(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
