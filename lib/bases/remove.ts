import { finish } from "../kit/cleanup.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type BaseRecord, basesOf, forgetBase } from "./catalogue.ts";
import { chosenBaseId } from "./choice.ts";

/** Which bases stay. */
interface Keeping {
  /** So many of the newest. */
  keepBases: number;
  /** True when a base is in use by a copy and must stay. */
  inUse(base: BaseRecord): Promise<boolean>;
}

/**
 * Removes the old bases of the project and source for which one was made; those in use stay, and the one that was chosen. A
 * raw one takes the place of raw ones only.
 */
export async function pruneBases(made: BaseRecord, { keepBases, inUse }: Keeping): Promise<void> {
  const chosen = await chosenBaseId(made);
  const alike = (await basesOf(made)).filter(({ raw }) => raw === made.raw);
  for (const old of alike.slice(keepBases)) {
    if (old.id !== chosen && old.id !== made.id && !(await inUse(old))) await removeBase(old);
  }
}

/** Removes a base by the runtime that made it, which alone knows where it lies. */
export async function removeBase({ id, frozen }: BaseRecord): Promise<void> {
  const runtime = await runtimeNamed(frozen.runtime, () => {});
  // The record first: data without a record is swept, a record without data would be offered.
  await finish(async () => {
    await forgetBase(id);
    await runtime.removeFrozen(frozen);
  });
}
