import { randomBytes } from "node:crypto";
import { rm, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { ownerAlive, ownerTag } from "../kit/owner.ts";
import { homePath, newId, readRecords, writeRecord } from "../kit/state.ts";

/** A file that is being written outside of the state folder, where no sweep would look for it. */
interface Unfinished {
  path: string;
  owner: string;
}

/** A temporary name that is on record: when this process is killed, the next sweep removes the file. */
interface Noted {
  temporary: string;
  /** Takes it off the record: the file has its own name now. */
  forget(): Promise<void>;
  /** Removes the file; when that can't be done now, it is left to a sweep. */
  discard(): Promise<void>;
}

/** A temporary name beside `path`. */
export async function noteUnfinished(path: string): Promise<Noted> {
  const temporary = `${resolve(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const note = homePath("work", `${newId()}.json`);
  const unfinished: Unfinished = { path: temporary, owner: await ownerTag() };
  await writeRecord(note, unfinished);
  const forget = () => rm(note, { force: true });
  const discard = async () => {
    if (await isGone(temporary)) await forget();
  };
  return { temporary, forget, discard };
}

/** Removes the files whose writers are dead. */
export async function sweepUnfinished(): Promise<void> {
  for (const stored of await readRecords(homePath("work"), parseUnfinished)) {
    if (stored.kind !== "record" || (await ownerAlive(stored.record.owner))) continue;
    if (await isGone(stored.record.path)) await rm(stored.file, { force: true });
  }
}

/** Removes a file; false for one that can't be removed. */
function isGone(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code === "ENOENT" || code === "ENOTDIR",
  );
}

function parseUnfinished(data: unknown): Unfinished {
  const { path, owner } = data as Partial<Unfinished>;
  // Whatever stands in such a record: only files with the name of unfinished ones are removed.
  if (typeof owner === "string" && path !== undefined && /^\/.*\.\d+\.[0-9a-f]{8}\.tmp$/.test(path))
    return { path, owner };
  throw new Error("it is no note of an unfinished file");
}
