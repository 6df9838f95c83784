/** A thread that masks rows: it takes its work first, then rows over and over, and says at the end what it did to them. */
import { DittoError } from "../kit/errors.ts";
import type { Answer, Question } from "./mask-threads.ts";
import { type RowMasker, type RowWork, rowMasker } from "./row-work.ts";

declare const self: Worker;

let masker: RowMasker | undefined;

self.onmessage = ({ data }: MessageEvent<{ work: RowWork } | Question>) => {
  if (data === "counts") return self.postMessage({ counts: masker?.counts() ?? [] } satisfies Answer);
  if ("work" in data) {
    masker = rowMasker(data.work);
    return;
  }
  const answer = maskRows(data.rows);
  self.postMessage(answer, "masked" in answer ? [answer.masked.lines.buffer] : []);
};

function maskRows(rows: Uint8Array<ArrayBuffer>): Answer {
  try {
    if (masker === undefined) throw new Error("there is no work");
    return { masked: masker.mask(rows) };
  } catch (error) {
    const known = error instanceof DittoError ? error : undefined;
    const { code = "MASK_FAILED", hint } = known ?? {};
    // Only our own messages are known to quote no row.
    return { failure: { message: known?.message ?? "Cannot mask: rows could not be read", code, hint } };
  }
}
