/** What takes the place of a chunk on its way: parts of it, and text that is new. */
export type Parts = (Uint8Array | string)[];

/** All parts as one chunk, without copying when it is one already. */
export function joinParts(parts: Parts): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && typeof first !== "string" && first !== undefined) return first;
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}
