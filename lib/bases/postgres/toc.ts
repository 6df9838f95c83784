import { DittoError } from "../../kit/errors.ts";

/** An entry of an archive's table of contents. */
export interface TocEntry {
  dumpId: number;
  /** The object's in the source's catalog; "0" for what has none, such as a comment. */
  oid: string;
  /** `TABLE DATA`, `SEQUENCE SET`, `BLOBS` … */
  kind: string;
  schema: string;
  name: string;
  owner: string;
  definition: string;
  /** Dump ids of what has to be there before. */
  dependencies: number[];
  /** Directory format: the data's file, without the compression's ending; "" when there is none. */
  file: string;
}

export type Compression = "none" | "gzip" | "lz4" | "zstd";

export interface Toc {
  /** The archive format's own version, e.g. 1.16 as 16. */
  version: number;
  form: "custom" | "directory";
  compression: Compression;
  database: string;
  serverVersion: string;
  entries: TocEntry[];
  /** Where the data of the custom format begins. */
  end: number;
}

const COMPRESSIONS: Compression[] = ["none", "gzip", "lz4", "zstd"];

/**
 * Reads the head and the table of contents of pg_dump's custom format and of the directory format's `toc.dat`.
 * Source of the format: ReadHead and ReadToc in src/bin/pg_dump/pg_backup_archiver.c (versions 1.13 to 1.16, which
 * Postgres 12 to 18 write). Throws `DUMP_DAMAGED` when the bytes end too early or are something else.
 */
export function readToc(bytes: Uint8Array): Toc {
  const reader = new ArchiveReader(bytes);
  try {
    const head = readHead(reader);
    const count = reader.int();
    const entries: TocEntry[] = [];
    for (let index = 0; index < count; index++) entries.push(readEntry(reader, head.version, head.form));
    return { ...head, entries, end: reader.at };
  } catch (cause) {
    if (cause instanceof DittoError) throw cause;
    throw damaged("its table of contents ends too early", cause);
  }
}

function readHead(reader: ArchiveReader): Omit<Toc, "entries" | "end"> {
  if (reader.ascii(5) !== "PGDMP") throw damaged("it is no archive of pg_dump's");
  const [major, version] = [reader.byte(), reader.byte()];
  reader.byte();
  if (major !== 1 || version < 13 || version > 16)
    throw damaged(`ditto does not know the archive format ${major}.${version}`);
  reader.intSize = reader.byte();
  reader.offsetSize = reader.byte();
  const form = reader.byte();
  // The directory format's toc.dat says "tar" (3), see _CloseArchive in pg_backup_directory.c.
  if (form !== 1 && form !== 3 && form !== 5) throw damaged("it is neither pg_dump's custom nor its directory format");
  const level = version >= 15 ? reader.byte() : reader.int();
  const compression = version >= 15 ? COMPRESSIONS[level] : level === 0 ? "none" : "gzip";
  for (let field = 0; field < 7; field++) reader.int();
  const database = reader.text() ?? "";
  const serverVersion = (reader.text() ?? "").split(" ")[0] ?? "";
  reader.text();
  return {
    version,
    form: form === 1 ? "custom" : "directory",
    compression: compression ?? "none",
    database,
    serverVersion,
  };
}

function readEntry(reader: ArchiveReader, version: number, form: "custom" | "directory"): TocEntry {
  const dumpId = reader.int();
  reader.int(); // whether it has data
  reader.text(); // table's oid
  const oid = reader.text() ?? "0";
  const name = reader.text() ?? "";
  const kind = reader.text() ?? "";
  reader.int(); // section
  const definition = reader.text() ?? "";
  reader.text(); // how to drop it
  reader.text(); // how to copy into it
  const schema = reader.text() ?? "";
  reader.text(); // tablespace
  if (version >= 14) reader.text(); // access method
  if (version >= 16) reader.int(); // relkind
  const owner = reader.text() ?? "";
  reader.text(); // WITH OIDS, of old
  const dependencies: number[] = [];
  // Ended by a string of length -1.
  for (let id = reader.text(); id !== undefined; id = reader.text()) dependencies.push(Number(id));
  const entry = { dumpId, oid, kind, schema, name, owner, definition, dependencies };
  if (form === "directory") return { ...entry, file: reader.text() ?? "" };
  reader.skipOffset(); // where its data begins
  return { ...entry, file: "" };
}

/** Numbers and strings as the archives have them: a sign byte and `intSize` bytes, least significant first. */
export class ArchiveReader {
  at = 0;
  intSize = 4;
  offsetSize = 8;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new RangeError("the archive ends too early");
    return value;
  }

  int(): number {
    const negative = this.byte() !== 0;
    let value = 0;
    for (let index = 0; index < this.intSize; index++) value += this.byte() * 256 ** index;
    return negative ? -value : value;
  }

  text(): string | undefined {
    const length = this.int();
    if (length < 0) return undefined;
    return this.#decoder.decode(this.#take(length));
  }

  ascii(length: number): string {
    return this.#decoder.decode(this.#take(length));
  }

  /** Passes over a place in the file: a byte that says whether it is known, and `offsetSize` bytes. */
  skipOffset(): void {
    this.#take(1 + this.offsetSize);
  }

  #take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw new RangeError("the archive ends too early");
    const part = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }
}

function damaged(state: string, cause?: unknown): DittoError {
  return new DittoError(`Cannot read the dump: ${state}`, {
    code: "DUMP_DAMAGED",
    hint: "Make the dump again, or copy it again completely; the previous base is untouched",
    cause,
  });
}
