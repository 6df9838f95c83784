import { knownCopies } from "./record.ts";

/** Ids of the bases that copies stand on. */
export async function baseIdsInUse(): Promise<Set<string>> {
  return new Set((await knownCopies()).map((copy) => copy.baseId));
}
