import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";

/** Writes a stream into a new file (0600), synced; resolves to its size and SHA-256 in hex. */
export async function saveStream(
  stream: AsyncIterable<Uint8Array>,
  file: string,
  tell: (bytes: number) => void = () => {},
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, "w", 0o600);
    try {
      for await (const chunk of stream) {
        hash.update(chunk);
        await handle.write(chunk);
        bytes += chunk.length;
        tell(bytes);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unwritable(file, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The error for a file of the dump store that can't be written; any other error as it is. */
function unwritable(file: string, cause: unknown): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const full = code === "ENOSPC" || code === "EDQUOT";
  if (!full && !["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code)) return cause;
  return new DittoError(`Cannot write "${file}": ${full ? "the disk is full" : messageOf(cause)}`, {
    code: full ? "DISK_FULL" : "FILE_UNWRITABLE",
    hint: `${full ? "Free space there" : "Correct the folder"}, or name another in dump.store; the previous base is untouched`,
    cause,
  });
}

/** Size and SHA-256 in hex of a file. */
export async function checksum(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  for await (const chunk of Bun.file(file).stream()) hash.update(chunk);
  return { bytes: Bun.file(file).size, sha256: hash.digest("hex") };
}
