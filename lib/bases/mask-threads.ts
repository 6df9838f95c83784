import { DittoError } from "../kit/errors.ts";
import type { MaskedRows, RowWork } from "./row-work.ts";
import type { Counts } from "./value-changes.ts";

/** What a thread is asked: to mask rows, or what it did so far. */
export type Question = { rows: Uint8Array<ArrayBuffer> } | "counts";
export type Answer =
  | { masked: MaskedRows }
  | { counts: Counts }
  | { failure: { message: string; code: string; hint: string | undefined } };

/** A thread that masks rows of one table. */
export interface MaskThread {
  /** The bytes are given away. Answers come in the order of the questions. */
  mask(rows: Uint8Array<ArrayBuffer>): Promise<MaskedRows>;
  /** What was done to the rows so far. */
  counts(): Promise<Counts>;
  end(): void;
}

/** Starts a thread. The key goes there by message, so it is in memory only. */
export function startThread(work: RowWork): MaskThread {
  const worker = new Worker(new URL("./mask-thread.ts", import.meta.url), { smol: true });
  const waiting: PromiseWithResolvers<Answer>[] = [];
  let failure: Error | undefined;
  const fail = () => {
    // Its message may quote what it worked on.
    failure = new DittoError("Cannot mask: a thread that masks rows ended", {
      code: "MASK_FAILED",
      hint: "Run it again; if it was for want of memory, give it more",
    });
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.shift();
    if (!("failure" in data)) return asked?.resolve(data);
    const { message, code, hint } = data.failure;
    asked?.reject(new DittoError(message, { code, ...(hint === undefined ? {} : { hint }) }));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail();
  };
  worker.addEventListener("close", fail);
  worker.postMessage({ work });
  const ask = async <A extends Answer>(question: Question, given: ArrayBuffer[] = []): Promise<A> => {
    if (failure) throw failure;
    const answer = Promise.withResolvers<Answer>();
    waiting.push(answer);
    worker.postMessage(question, given);
    return (await answer.promise) as A;
  };
  return {
    mask: async (rows) => (await ask<{ masked: MaskedRows }>({ rows }, [rows.buffer])).masked,
    counts: async () => (await ask<{ counts: Counts }>("counts")).counts,
    end: () => worker.terminate(),
  };
}
