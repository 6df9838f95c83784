import { closeSync, openSync, readSync } from "node:fs";
import { attempt } from "../../provision/exec.ts";

/** Bytes that are looked for, at least 8 of them. */
export interface Needle {
  name: string;
  bytes: Uint8Array;
}

const CHUNK = 4 << 20;

/** Regular files below these folders that were made or changed since `moment` was; unless told otherwise on their own file systems only. */
export async function filesSince(folders: string[], moment: string, { across = false } = {}): Promise<string[]> {
  const tests = [...(across ? [] : ["-xdev"]), "-type", "f", "-size", "+0", "-cnewer", moment, "-print0"];
  const found: string[] = [];
  for (const folder of folders) {
    for (let turn = 1; ; turn++) {
      // What vanishes meanwhile makes its status 1; a folder that does while it is read ends it before all was seen.
      const { stdout, stderr } = await attempt(["find", folder, ...tests]);
      found.push(...stdout.split("\0").filter(Boolean));
      if (!/failed to read file names|fts_read/.test(stderr)) break;
      if (turn === 5) throw new Error(stderr);
    }
  }
  return [...new Set(found)];
}

/** Which needle stands in which files: all of them in one pass over each file. */
export function searchFiles(files: string[], needles: Needle[]): Map<string, Set<string>> {
  const search = searcher(needles);
  const found = new Map<string, Set<string>>();
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length)) - 1;
  const buffer = Buffer.allocUnsafe(CHUNK + overlap);
  for (const file of files) {
    const descriptor = open(file);
    if (descriptor === undefined) continue;
    let kept = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, kept, CHUNK, null);
      if (read === 0) break;
      const end = kept + read;
      search(buffer, end, (name) => found.set(name, (found.get(name) ?? new Set()).add(file)));
      kept = Math.min(overlap, end);
      buffer.copyWithin(0, end - kept, end);
    }
    closeSync(descriptor);
  }
  return found;
}

/** The names of the needles in some bytes. */
export function searchBytes(bytes: Uint8Array, needles: Needle[]): Set<string> {
  const found = new Set<string>();
  searcher(needles)(bytes, bytes.length, (name) => found.add(name));
  return found;
}

function open(file: string): number | undefined {
  try {
    return openSync(file, "r");
  } catch {
    return undefined;
  }
}

/**
 * Wu and Manber, "A fast algorithm for multi-pattern searching" (1994): two bytes say how far the window may move on, so that
 * most bytes are never looked at.
 */
function searcher(needles: Needle[]): (bytes: Uint8Array, end: number, tell: (name: string) => void) => void {
  const width = Math.min(...needles.map(({ bytes }) => bytes.length));
  if (width < 8) throw new Error("a needle is too short to mean anything");
  const shifts = new Uint8Array(1 << 16).fill(Math.min(255, width - 1));
  const endings = new Map<number, Needle[]>();
  for (const needle of needles) {
    for (let at = 0; at + 1 < width; at++) {
      const block = ((needle.bytes[at] as number) << 8) | (needle.bytes[at + 1] as number);
      const shift = width - 2 - at;
      if (shift < (shifts[block] as number)) shifts[block] = shift;
      if (shift === 0) endings.set(block, [...(endings.get(block) ?? []), needle]);
    }
  }
  return (bytes, end, tell) => {
    for (let at = width - 2; at + 1 < end; ) {
      const block = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      const shift = shifts[block] as number;
      if (shift > 0) {
        at += shift;
        continue;
      }
      for (const { name, bytes: needle } of endings.get(block) ?? []) {
        const from = at - width + 2;
        if (from + needle.length <= end && stands(bytes, from, needle)) tell(name);
      }
      at++;
    }
  };
}

function stands(bytes: Uint8Array, from: number, needle: Uint8Array): boolean {
  for (let at = 0; at < needle.length; at++) if (bytes[from + at] !== needle[at]) return false;
  return true;
}
