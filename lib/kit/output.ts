import { DittoError, messageOf } from "./errors.ts";
import { writeAtomic } from "./state.ts";

/** Writes a text that was asked for, whole or not at all, readable for others as new files are. Throws `FILE_UNWRITABLE`. */
export async function saveText(path: string, text: string): Promise<void> {
  try {
    await writeAtomic(path, text, 0o666 & ~process.umask());
  } catch (cause) {
    throw new DittoError(`Cannot write "${path}": ${messageOf(cause)}`, {
      code: "FILE_UNWRITABLE",
      hint: "Name a file in a folder that is there and may be written",
      cause,
    });
  }
}
