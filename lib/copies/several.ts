import { DittoError } from "../kit/errors.ts";
import { type CopyRecord, type CopyView, readCopy, viewOf, wordFor } from "./record.ts";

/** A copy to which something could not be done. */
export interface Failed {
  copy: CopyRecord;
  cause: unknown;
}

/** Does something to copies side by side; one that fails keeps no other from its end. */
export async function doToEach(
  copies: CopyRecord[],
  action: (copy: CopyRecord) => Promise<CopyRecord>,
): Promise<{ done: CopyRecord[]; failed: Failed[] }> {
  const results = await Promise.allSettled(copies.map((copy) => action(copy)));
  const done: CopyRecord[] = [];
  const failed: Failed[] = [];
  for (const [index, copy] of copies.entries()) {
    const result = results[index];
    if (result?.status === "fulfilled") done.push(result.value);
    else failed.push({ copy, cause: result?.reason });
  }
  return { done, failed };
}

/** One error for all that failed, by name; why and the way out are the first one's. */
export function severalFailed(verb: string, failed: Failed[]): unknown {
  const [first] = failed;
  const cause = first?.cause;
  if (first === undefined || !(cause instanceof DittoError)) return cause;
  if (failed.length === 1 && cause.message.includes(`"${wordFor(first.copy)}"`)) return cause;
  const names = failed.map(({ copy }) => `"${wordFor(copy)}"`).join(", ");
  // "Cannot start copy …: its data is gone" says the same action in other words.
  const state = cause.message.replace(/^Cannot [^:]*: /, "");
  const { code, hint } = cause;
  return new DittoError(`Cannot ${verb} ${names}: ${state}`, { code, ...(hint === undefined ? {} : { hint }), cause });
}

/** A copy that failed among others, as JSON: as it is now, and why. */
export async function failedView({ copy, cause }: Failed): Promise<CopyView & { error: object }> {
  const { code = "INTERNAL", message = String(cause), hint = "" } = cause as Partial<DittoError>;
  return { ...viewOf((await readCopy(copy.id)) ?? copy), error: { code, message, hint } };
}
