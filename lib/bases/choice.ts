import { homePath, newId, readRecord, writeRecord } from "../kit/state.ts";
import type { BaseRecord } from "./catalogue.ts";

/** Whose choice it is: each project and source has its own. */
interface Owner {
  project: string;
  source: string;
}

/** The base that somebody chose for `create`. */
interface Choice {
  baseId: string;
  /** An id made at that moment: bases with a greater one are newer than the choice, which then counts no more. */
  moment: string;
}

function choiceFile({ project, source }: Owner): string {
  return homePath("current", `${project}.${source}.json`);
}

/** Makes a base the one that `create` takes, until a newer one is made. */
export function chooseBase(base: BaseRecord): Promise<void> {
  const choice: Choice = { baseId: base.id, moment: newId() };
  return writeRecord(choiceFile(base), choice);
}

/**
 * Of an owner's bases, newest first, the one that `create` takes: the newest, or an older one that was chosen since it was
 * made. A raw one is not taken by itself while there is another.
 */
export async function currentOf(bases: BaseRecord[]): Promise<BaseRecord | undefined> {
  const newest = bases.find(({ raw }) => !raw) ?? bases[0];
  const choice = newest && (await readChoice(newest));
  if (!choice || newest.id > choice.moment) return newest;
  return bases.find(({ id }) => id === choice.baseId) ?? newest;
}

/** The base that was chosen last, also when a newer one was made since: it is kept until another is chosen. */
export async function chosenBaseId(owner: Owner): Promise<string | undefined> {
  return (await readChoice(owner))?.baseId;
}

async function readChoice(owner: Owner): Promise<Choice | undefined> {
  const stored = await readRecord(choiceFile(owner), (data) => data as Choice);
  return stored?.kind === "record" ? stored.record : undefined;
}
