import { DittoError } from "../kit/errors.ts";
import type { MaskedRows, RowWork } from "./row-work.ts";

/** What a thread answers to rows. */
export type Answer = { masked: MaskedRows } | { failure: { message: string; code: string; hint: string | undefined } };

/** A thread that masks rows of one table. */
export interface MaskThread {
  /** The bytes are given away. Answers come in the order of the questions. */
  mask(rows: Uint8Array<ArrayBuffer>): Promise<MaskedRows>;
  end(): void;
}

/** Starts a thread. The key goes there by message, so it is in memory only. */
export function startThread(work: RowWork): MaskThread {
  const worker = new Worker(new URL("./mask-thread.ts", import.meta.url), { smol: true });
  const waiting: PromiseWithResolvers<MaskedRows>[] = [];
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
    if ("masked" in data) return asked?.resolve(data.masked);
    const { message, code, hint } = data.failure;
    asked?.reject(new DittoError(message, { code, ...(hint === undefined ? {} : { hint }) }));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail();
  };
  worker.addEventListener("close", fail);
  worker.postMessage({ work });
  return {
    mask(rows) {
      if (failure) return Promise.reject(failure);
      const answer = Promise.withResolvers<MaskedRows>();
      waiting.push(answer);
      worker.postMessage({ rows }, [rows.buffer]);
      return answer.promise;
    },
    end: () => worker.terminate(),
  };
}
