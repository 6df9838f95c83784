import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DumpFile } from "./build.ts";
import { openDump } from "./files.ts";
import { archiveData } from "./postgres/archive.ts";

/** What only the engine's own tool can unpack is taken to be so many times as large. */
const UNREADABLE_RATIO = 5;

/** Bytes of a file as it is, and of what it holds, unpacked; beyond `enough` the latter are not counted on. */
export async function sizesOf(file: DumpFile, enough: number): Promise<{ packed: number; unpacked: number }> {
  const packed = await packedBytes(file);
  if (packed > enough) return { packed, unpacked: packed };
  const data = file.form === "sql" ? (await openDump(file)).stream : await archiveData(file);
  if (data === undefined) return { packed, unpacked: packed * UNREADABLE_RATIO };
  let unpacked = 0;
  for await (const chunk of data) {
    unpacked += chunk.length;
    if (unpacked > enough) break;
  }
  return { packed, unpacked };
}

async function packedBytes({ form, path }: DumpFile): Promise<number> {
  if (form !== "postgres directory") return (await stat(path)).size;
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
