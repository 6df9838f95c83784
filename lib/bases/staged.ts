import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DittoError, messageOf } from "../kit/errors.ts";

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
  const temporary = `${path}.${process.pid}.tmp`;
  const discard = () => rm(temporary, { force: true });
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
  } catch (cause) {
    await discard().catch(() => {});
    throw new DittoError(`Cannot write "${path}": ${messageOf(cause)}`, {
      code: "FILE_UNWRITABLE",
      hint: "Correct dump.path, dump.schema_path or --report; the previous base is untouched",
      cause,
    });
  }
  return { publish: () => rename(temporary, path), discard };
}
