import { copyFile, mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";
import { noteUnfinished } from "./unfinished.ts";

/** A file that is complete under a temporary name beside its own. */
export interface Staged {
  /** Throws `FILE_UNWRITABLE`, and then nothing of it is left. */
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/** Copies a file to where it will appear as `path`. */
export function stageCopy(file: string, path: string): Promise<Staged> {
  return stage(path, (temporary) => copyFile(file, temporary));
}

/** Writes a text to where it will appear as `path`. */
export function stageText(text: string, path: string): Promise<Staged> {
  return stage(path, (temporary) => writeFile(temporary, text));
}

async function stage(path: string, write: (temporary: string) => Promise<void>): Promise<Staged> {
  const { temporary, forget, discard } = await noteUnfinished(path);
  try {
    if ((await stat(path).catch(() => undefined))?.isDirectory()) throw new Error(FOLDER);
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
    await sync(temporary);
  } catch (cause) {
    await discard();
    throw unwritable(path, cause, `${CORRECT}; the previous base is untouched`);
  }
  const publish = async () => {
    try {
      await rename(temporary, path);
    } catch (cause) {
      await discard();
      throw unwritable(path, cause, `The new base is there and current. ${CORRECT}, and run the reseed again`);
    }
    await forget();
  };
  return { publish, discard };
}

const FOLDER = "a folder has this name";
const CORRECT = "Correct dump.path, dump.schema_path or --report";

function unwritable(path: string, cause: unknown, hint: string): DittoError {
  const reason = (cause as NodeJS.ErrnoException).code === "EISDIR" ? FOLDER : messageOf(cause);
  return new DittoError(`Cannot write "${path}": ${reason}`, { code: "FILE_UNWRITABLE", hint, cause });
}

/** Renamed before its bytes are on the disk, it could be empty after a crash. */
async function sync(file: string): Promise<void> {
  const handle = await open(file);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
