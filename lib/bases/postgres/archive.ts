import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DittoError } from "../../kit/errors.ts";
import type { Toolbox } from "../../runtime/index.ts";
import type { DumpFile, RowWatch, TableRows } from "../build.ts";
import { ByteReader } from "../byte-reader.ts";
import { type Compressed, decompress } from "../decompress.ts";
import { RowHash } from "../row-hash.ts";
import { CopyCounter } from "./copy-counter.ts";
import { restoreFailure } from "./errors.ts";
import { ArchiveReader, readToc, type Toc } from "./toc.ts";

/** Prints each file of a dump's folder behind a line with its name and size, the table of contents first. */
const PRINT = `cd "$1" || exit 1
for file in toc.dat *.dat *.dat.*; do
  [ -e "$file" ] || continue
  if [ "$file" = toc.dat ]; then [ -z "$seen" ] || continue; seen=1; fi
  printf '%s %s\\n' "$file" "$(wc -c < "$file")"; cat "$file" || exit 1
done`;

/**
 * Rows and hashes of a dump in the directory format, from its files' bytes. They leave the container compressed: its
 * output passes at 70 MB/s. Positions of sequences and large objects count as tables of `pg_catalog`.
 */
export async function directoryRows(toolbox: Toolbox, folder: string): Promise<TableRows[]> {
  const child = await toolbox.start({ tool: "sh", args: ["-c", `seen=; ${PRINT}`, "sh", folder] });
  const reader = new ByteReader(child.stdout);
  const counts = new ArchiveCounts();
  let toc: Toc | undefined;
  for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
    const at = line.lastIndexOf(" ");
    const [file, size] = [line.slice(0, at), Number(line.slice(at + 1))];
    if (file === "toc.dat") {
      toc = readToc(await reader.take(size));
      counts.expect(toc);
    } else {
      await counts.addFile(...dataFile(file), reader.pieces(size));
    }
  }
  const { status, stderr } = await child.done;
  if (status !== 0 || !toc) throw restoreFailure("read the dump back", stderr, "");
  return counts.rows();
}

/** The table of contents of a dump in the directory format. */
export async function directoryToc(toolbox: Toolbox, folder: string): Promise<Toc> {
  const child = await toolbox.start({ tool: "cat", args: [`${folder}/toc.dat`] });
  const bytes = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  const { status, stderr } = await child.done;
  if (status !== 0) throw restoreFailure("read the dump back", stderr, "");
  return readToc(bytes);
}

/** Rows and hashes of a dump in the custom format, a file on this host; see {@link directoryRows}. */
export async function customRows(file: string, watch?: RowWatch): Promise<TableRows[]> {
  const toc = await readFileToc(file);
  const counts = new ArchiveCounts(watch);
  counts.expect(toc);
  for await (const { oid, dumpId, data } of customEntries(file, toc)) {
    if (oid === undefined) await counts.addEntry(dumpId, data);
    else await counts.addBlob(oid, data);
  }
  return counts.rows();
}

/** The data of a custom dump, each entry's to be read before the next is asked for; `oid` is that of a large object. */
async function* customEntries(
  file: string,
  toc: Toc,
): AsyncGenerator<{ dumpId: number; oid?: number; data: AsyncIterable<Uint8Array> }> {
  const reader = new ByteReader(createReadStream(file, { start: toc.end, highWaterMark: 1 << 20 }));
  const compression: Compressed = toc.compression === "gzip" ? "zlib" : toc.compression === "zstd" ? "zstd" : "none";
  // _PrintTocData and _skipData in pg_backup_custom.c: a block's sort, the entry, then counted pieces up to an empty one.
  for (let sort = await byte(reader); sort !== undefined; sort = await byte(reader)) {
    const dumpId = await int(reader);
    if (sort === 1) yield { dumpId, data: decompress(blockPieces(reader), compression) };
    else
      for (let oid = await int(reader); oid !== 0; oid = await int(reader))
        yield { dumpId, oid, data: decompress(blockPieces(reader), compression) };
  }
}

/** Rows and large objects of an archive on this host as they are inside of it; undefined where only pg_restore can read them. */
export async function archiveData(file: DumpFile): Promise<AsyncIterable<Uint8Array> | undefined> {
  const toc = await fileToc(file);
  if (toc.compression === "lz4") return undefined;
  return file.form === "postgres directory" ? folderData(file.path) : customData(file.path, toc);
}

async function* customData(file: string, toc: Toc): AsyncGenerator<Uint8Array> {
  for await (const { data } of customEntries(file, toc)) yield* data;
}

async function* folderData(folder: string): AsyncGenerator<Uint8Array> {
  for await (const { file, data } of folderFiles(folder)) yield* decompress(data, dataFile(file)[1]);
}

/** Rows of a dump that somebody made: without hashes, since its session wrote values in its own way. Throws `DUMP_DAMAGED`. */
export async function rowsOfFile(file: DumpFile): Promise<TableRows[] | undefined> {
  if (file.form === "sql" || (await fileToc(file)).compression === "lz4") return undefined;
  try {
    const rows = file.form === "postgres directory" ? await folderRows(file.path) : await customRows(file.path);
    return rows.map((table) => ({ ...table, hash: "" }));
  } catch (cause) {
    if (cause instanceof DittoError) throw cause;
    throw new DittoError(`Cannot load "${file.name}": its data is damaged or cut off`, {
      code: "DUMP_DAMAGED",
      hint: "Make the dump again, or copy it again completely; the previous base is untouched",
      cause,
    });
  }
}

async function folderRows(folder: string): Promise<TableRows[]> {
  const counts = new ArchiveCounts();
  counts.expect(await fileToc({ form: "postgres directory", path: folder }));
  for await (const { file, data } of folderFiles(folder)) await counts.addFile(...dataFile(file), data);
  return counts.rows();
}

async function* folderFiles(folder: string): AsyncGenerator<{ file: string; data: AsyncIterable<Uint8Array> }> {
  for (const file of await readdir(folder)) {
    if (file === "toc.dat" || !/\.dat(\.(gz|zst))?$/.test(file)) continue;
    yield { file, data: createReadStream(join(folder, file), { highWaterMark: 1 << 20 }) };
  }
}

/** The table of contents of a dump on this host. Throws `DUMP_DAMAGED`. */
export function fileToc(file: { form: string; path: string }): Promise<Toc> {
  return readFileToc(file.form === "postgres directory" ? join(file.path, "toc.dat") : file.path);
}

async function readFileToc(file: string): Promise<Toc> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    for (let length = 1 << 20; ; length *= 4) {
      const head = new Uint8Array(Math.min(length, size));
      await handle.read(head, 0, head.length, 0);
      try {
        return readToc(head);
      } catch (error) {
        if (length >= size) throw error;
      }
    }
  } finally {
    await handle.close();
  }
}

async function byte(reader: ByteReader): Promise<number | undefined> {
  try {
    return (await reader.take(1))[0];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

async function int(reader: ByteReader): Promise<number> {
  return new ArchiveReader(await reader.take(5)).int();
}

async function* blockPieces(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (let length = await int(reader); length > 0; length = await int(reader)) yield* reader.pieces(length);
}

/** The name that the table of contents has for a file of the folder, and how it is compressed. */
function dataFile(file: string): [name: string, compression: Compressed] {
  const name = file.replace(/\.(gz|zst)$/, "");
  return [name, file.endsWith(".gz") ? "gzip" : file.endsWith(".zst") ? "zstd" : "none"];
}

/** Collects what an archive holds and knows what it should hold. */
class ArchiveCounts {
  readonly #tables = new Map<string, TableRows>();
  readonly #sequences = new RowHash();
  readonly #blobs = new RowHash();
  readonly #watch: RowWatch | undefined;
  #byFile = new Map<string, { schema: string; name: string }>();
  #byId = new Map<number, { schema: string; name: string }>();

  constructor(watch?: RowWatch) {
    this.#watch = watch;
  }

  expect(toc: Toc): void {
    for (const entry of toc.entries) {
      if (entry.kind === "SEQUENCE SET") this.#sequences.add(new TextEncoder().encode(entry.definition));
      if (entry.kind !== "TABLE DATA") continue;
      this.#byId.set(entry.dumpId, entry);
      this.#byFile.set(entry.file, entry);
    }
  }

  async addFile(file: string, compression: Compressed, packed: AsyncIterable<Uint8Array>): Promise<void> {
    const data = decompress(packed, compression);
    const oid = /^blob_(\d+)\.dat$/.exec(file)?.[1];
    if (oid !== undefined) return this.addBlob(Number(oid), data);
    const table = this.#byFile.get(file);
    if (table) return this.#addTable(table, data);
    await drain(data);
  }

  async addEntry(dumpId: number, data: AsyncIterable<Uint8Array>): Promise<void> {
    const table = this.#byId.get(dumpId);
    return table ? this.#addTable(table, data) : drain(data);
  }

  async addBlob(oid: number, data: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash("sha256");
    for await (const chunk of data) hash.update(chunk);
    this.#blobs.add(new TextEncoder().encode(`${oid}:${hash.digest("hex")}`));
  }

  /** Throws `DUMP_DAMAGED` when data of a table is missing. */
  rows(): TableRows[] {
    const missing = [...this.#byId.values()].filter((table) => !this.#tables.has(`${table.schema}.${table.name}`));
    const [first] = missing;
    if (first) {
      throw new DittoError(`Cannot use the dump: it has no rows of ${first.schema}.${first.name}`, {
        code: "DUMP_DAMAGED",
        hint: "Run the command again; the previous base is untouched",
      });
    }
    const special = (name: string, hash: RowHash) =>
      hash.rows > 0 ? [{ schema: "pg_catalog", name, rows: hash.rows, hash: hash.digest() }] : [];
    return [
      ...this.#tables.values(),
      ...special("sequences", this.#sequences),
      ...special("large objects", this.#blobs),
    ];
  }

  async #addTable(table: { schema: string; name: string }, data: AsyncIterable<Uint8Array>): Promise<void> {
    const counter = new CopyCounter();
    const see = this.#watch?.(table);
    for await (const chunk of data) {
      counter.push(chunk);
      see?.(chunk);
    }
    this.#tables.set(`${table.schema}.${table.name}`, { schema: table.schema, name: table.name, ...counter.result() });
  }
}

async function drain(data: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of data);
}
