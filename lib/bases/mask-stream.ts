import { availableParallelism } from "node:os";
import { Distinct } from "../mask/distinct.ts";
import { freeBytes } from "./byte-buffer.ts";
import { type MaskThread, startThread } from "./mask-threads.ts";
import { RowHash } from "./row-hash.ts";
import type { RowMask, ValueChange } from "./row-masks.ts";
import { type MaskedRows, type RowForm, type RowMasker, rowMasker } from "./row-work.ts";
import type { Count, Counts } from "./value-changes.ts";

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
export const MOST_BYTES = 4 << 20;
/** More threads than these wait for the servers, and each takes some 60 MB. */
const MOST_THREADS = 2;

/** Opens a stream into `write`. */
export function openMaskStream(mask: RowMask, form: RowForm, write: (lines: Uint8Array) => Promise<void>): MaskStream {
  const { changes, secret } = mask;
  const work = { ...form, changes, secret };
  const hash = new RowHash();
  let here: RowMasker | undefined = rowMasker(work);
  let countsHere: Counts = [];
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
      countsHere = here.counts();
      // With what it remembers.
      here = undefined;
    }
    return (here ?? (threads[turn++ % threads.length] as MaskThread)).mask(rows);
  }

  async function handOn(before: Promise<void>, masked: Promise<MaskedRows>): Promise<void> {
    await before;
    const { lines, sum } = await masked;
    await write(lines);
    freeBytes(lines);
    hash.merge(sum);
  }

  /** Not only until one piece is gone: a reader that is let on may bring more than that before it can be held again. */
  async function untilFewer(): Promise<void> {
    while (bytes > MOST_BYTES) await underWay[0];
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
    room: () => (bytes > MOST_BYTES ? untilFewer() : undefined),
    async end() {
      await last;
      // Once, and not with each piece: what they count in is as much as a quarter of the rows.
      const counts = await Promise.all([here?.counts() ?? countsHere, ...threads.map((thread) => thread.counts())]);
      for (const [at, change] of changes.entries())
        addCounts(
          change,
          counts.flatMap((all) => all[at] ?? []),
        );
      return hash;
    },
    close() {
      for (const thread of threads) thread.end();
    },
  };
}

function addCounts({ request, count }: ValueChange, parts: Count[]): void {
  const [before, after] = [new Distinct(), new Distinct()];
  for (const part of parts) {
    count.seen += part.seen;
    count.changed += part.changed;
    count.kept += part.kept;
    before.merge(part.before);
    after.merge(part.after);
  }
  count.distinct = { before: request === undefined ? null : before.count(), after: after.count() };
}
