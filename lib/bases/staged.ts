import { copyFile, mkdir, open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";
import { noteUnfinished } from "./unfinished.ts";

/** A file that is complete under a temporary name beside its own. */
export interface Staged {
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
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
    await sync(temporary);
  } catch (cause) {
    await discard();
    throw new DittoError(`Cannot write "${path}": ${messageOf(cause)}`, {
      code: "FILE_UNWRITABLE",
      hint: "Correct dump.path, dump.schema_path or --report; the previous base is untouched",
      cause,
    });
  }
  const publish = async () => {
    await rename(temporary, path);
    await forget();
  };
  return { publish, discard };
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
