import { availableParallelism } from "node:os";
import { Distinct } from "../mask/distinct.ts";
import { freeBytes } from "./byte-buffer.ts";
import { type MaskThread, startThread } from "./mask-threads.ts";
import { RowHash } from "./row-hash.ts";
import type { RowMask } from "./row-masks.ts";
import { type MaskedRows, type RowForm, type RowMasker, rowMasker } from "./row-work.ts";

/** Masks the rows of one table on their way and hands them on in their order. */
export interface MaskStream {
  /** Takes whole rows; their bytes are given away. */
  push(rows: Uint8Array<ArrayBuffer>): void;
  /** Not undefined while so many rows are under way that no more should come. Rejects when one of them failed. */
  room(): Promise<void> | undefined;
  /** Resolves when all rows were handed on, to their hash; what the rules did is counted in the mask. */
  end(): Promise<RowHash>;
  /** Ends the threads. */
  close(): void;
}

/** Bytes of a table that are masked here, before threads are started: they take longer to start than these. */
const FEW = 4 << 20;
/** Bytes under way, so that memory stays bounded. */
const MANY = 4 << 20;
/** More threads than these wait for the servers, and each takes some 60 MB. */
const MOST_THREADS = 2;

/** Opens a stream into `write`. */
export function openMaskStream(mask: RowMask, form: RowForm, write: (lines: Uint8Array) => Promise<void>): MaskStream {
  const { changes, secret } = mask;
  const work = { ...form, changes, secret };
  const hash = new RowHash();
  const distinct = changes.map(() => ({ before: new Distinct(), after: new Distinct() }));
  let here: RowMasker | undefined = rowMasker(work);
  let threads: MaskThread[] = [];
  let pushed = 0;
  let turn = 0;
  let last = Promise.resolve();
  const underWay: Promise<void>[] = [];
  let bytes = 0;

  async function maskRows(rows: Uint8Array<ArrayBuffer>): Promise<MaskedRows> {
    pushed += rows.length;
    const wanted = Math.min(MOST_THREADS, availableParallelism() - 1);
    if (pushed > FEW && here !== undefined && wanted > 0) {
      threads = Array.from({ length: wanted }, () => startThread(work));
      // With what it remembers.
      here = undefined;
    }
    return here === undefined ? (threads[turn++ % threads.length] as MaskThread).mask(rows) : here(rows);
  }

  async function handOn(before: Promise<void>, masked: Promise<MaskedRows>): Promise<void> {
    await before;
    const { lines, sum, counts } = await masked;
    await write(lines);
    freeBytes(lines);
    hash.merge(sum);
    for (const [at, { seen, changed, kept, before, after }] of counts.entries()) {
      const count = changes[at]?.count;
      if (count === undefined) continue;
      count.seen += seen;
      count.changed += changed;
      count.kept += kept;
      distinct[at]?.before.merge(before);
      distinct[at]?.after.merge(after);
    }
  }

  return {
    push(rows) {
      const size = rows.length;
      bytes += size;
      const masked = maskRows(rows);
      // Whoever waits learns of a failure; until then it must not count as unhandled.
      masked.catch(() => {});
      last = handOn(last, masked).then(() => {
        bytes -= size;
        underWay.shift();
      });
      last.catch(() => {});
      underWay.push(last);
    },
    room: () => (bytes > MANY ? underWay[0] : undefined),
    async end() {
      await last;
      for (const [at, { request, count }] of changes.entries()) {
        const [before, after] = [distinct[at]?.before.count() ?? 0, distinct[at]?.after.count() ?? 0];
        count.distinct = { before: request === undefined ? null : before, after };
      }
      return hash;
    },
    close() {
      for (const thread of threads) thread.end();
    },
  };
}
