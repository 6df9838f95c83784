import { lstat } from "node:fs/promises";
import { DittoError } from "./errors.ts";

/** Throws `UNSAFE_PATH` unless `folder` is a real directory of ours that nobody else may write to. */
export async function requireOurs(folder: string): Promise<void> {
  const facts = await lstat(folder);
  if (facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0) return;
  throw new DittoError(`Cannot use "${folder}": it is not a directory that only this user can write to`, {
    code: "UNSAFE_PATH",
    hint: "Look who made it, remove it, and run the command again",
  });
}
