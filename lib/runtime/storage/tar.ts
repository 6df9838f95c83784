import { DittoError } from "../../kit/errors.ts";
import type { Child } from "../../kit/exec.ts";

/** Prints the C library's name and version: Postgres sorts texts by it, and an index that another one sorted misses rows. Prints nothing, and fails, where there is another or it can't be told. */
export const TELL_LIBC = "getconf GNU_LIBC_VERSION 2>/dev/null";

/** What a packing process writes; the reading fails when the process does. */
export async function* packedBy(child: Child): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    yield* child.stdout;
    complete = true;
  } finally {
    // Whoever stops reading early would leave it waiting at the pipe.
    if (!complete) child.kill("SIGKILL");
  }
  const { status, stderr } = await child.done;
  if (status === 0) return;
  throw new DittoError(`Cannot pack the base: ${lastLine(stderr) || `the tool ended with status ${status}`}`, {
    code: "PACK_FAILED",
    hint: "Run the command again; the base is as it was",
  });
}

/** Writes a tar into an unpacking process and waits for its end; of two failures the consumer's is the reason. */
export async function unpackInto(child: Child, tar: AsyncIterable<Uint8Array>): Promise<void> {
  let ended = false;
  child.done.then(() => {
    ended = true;
  });
  try {
    for await (const chunk of tar) {
      if (ended) break;
      await child.stdin.write(chunk);
    }
  } catch (error) {
    child.kill("SIGKILL");
    await child.done;
    throw error;
  }
  await child.stdin.end();
  // What it says on stdout is of no interest, but must be taken.
  const [{ status, stderr }] = await Promise.all([child.done, new Response(child.stdout).text()]);
  if (status !== 0) throw notUnpacked(stderr, status);
}

function notUnpacked(stderr: string, status: number): DittoError {
  if (/no space left|quota exceeded/i.test(stderr)) {
    return new DittoError("Cannot unpack the base: the disk is full", {
      code: "DISK_FULL",
      hint: 'Free space there: "bun scripts/copy.ts prune", "bun scripts/base.ts list"',
    });
  }
  return new DittoError(`Cannot unpack the base: ${lastLine(stderr) || `the tool ended with status ${status}`}`, {
    code: "UNPACK_FAILED",
    hint: "Export the base again, or copy the file again completely",
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
