import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { ownerAlive, ownerTag } from "../kit/owner.ts";
import { homePath, newId, readRecords, writeRecord } from "../kit/state.ts";

/** A file that is being written outside of the state folder, where no sweep would look for it. */
interface Unfinished {
  path: string;
  owner: string;
}

/** A temporary name beside `path`, on record until `forget`: when this process is killed, the next sweep removes the file. */
export async function noteUnfinished(path: string): Promise<{ temporary: string; forget(): Promise<void> }> {
  const temporary = `${resolve(path)}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const note = homePath("work", `${newId()}.json`);
  const unfinished: Unfinished = { path: temporary, owner: await ownerTag() };
  await writeRecord(note, unfinished);
  return { temporary, forget: () => rm(note, { force: true }) };
}

/** Removes the files whose writers are dead. */
export async function sweepUnfinished(): Promise<void> {
  for (const stored of await readRecords(homePath("work"), parseUnfinished)) {
    if (stored.kind !== "record" || (await ownerAlive(stored.record.owner))) continue;
    await rm(stored.record.path, { force: true });
    await rm(stored.file, { force: true });
  }
}

function parseUnfinished(data: unknown): Unfinished {
  const { path, owner } = data as Partial<Unfinished>;
  // Whatever stands in such a record: only files with the name of unfinished ones are removed.
  if (typeof owner === "string" && path !== undefined && /^\/.*\.\d+\.[0-9a-f]{8}\.tmp$/.test(path))
    return { path, owner };
  throw new Error("it is no note of an unfinished file");
}
