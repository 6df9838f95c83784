import { type BaseRecord, currentBase, readBase } from "../bases/catalogue.ts";
import { removeBase } from "../bases/remove.ts";
import { openStore } from "../bases/stores.ts";
import type { Config } from "../kit/config.ts";
import type { DittoError } from "../kit/errors.ts";
import { messageOf } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { baseIdsInUse } from "./in-use.ts";

interface Context {
  config: Config;
  say(text: string): void;
}

/** The codes of errors that say: the data of the base isn't there any more. */
const LOST = ["BASE_LOST", "BASE_GONE", "POOL_MISSING", "POOL_PATH_MISSING"];

/** How long others wait for the one that builds, in milliseconds. */
const WAIT_MS = 60 * 60_000;

/**
 * Uses a base. When its data turns out to be gone (a prune of the daemon's, say), it is built again from the portable
 * dump that was kept of it, in the open, and used then; without a dump the error is what it was.
 */
export async function onWholeBase<T>(
  base: BaseRecord,
  context: Context,
  use: (base: BaseRecord) => Promise<T>,
): Promise<T> {
  try {
    return await use(base);
  } catch (error) {
    if (!LOST.includes((error as DittoError).code) || !(await hasDump(base, context.config))) throw error;
    // Its own runtime knows; a daemon may come to after it has said no.
    const { frozen } = base;
    if (await (await runtimeNamed(frozen.runtime, () => {})).exists(frozen)) throw error;
    return use(await rebuilt(base, context));
  }
}

async function hasDump(base: BaseRecord, { dump }: Config): Promise<boolean> {
  if (base.dumpKey === "") return false;
  const found = await openStore(dump.store)
    .find(base.dumpKey)
    .catch(() => undefined);
  return found !== undefined;
}

/** Of many commands that miss the same base one builds it, and the others take what that one made. */
function rebuilt(lost: BaseRecord, context: Context): Promise<BaseRecord> {
  return withLock(`rebuild-${lost.project}-${lost.source}`, () => rebuildOnce(lost, context), WAIT_MS);
}

async function rebuildOnce(lost: BaseRecord, { config, say }: Context): Promise<BaseRecord> {
  const known = await readBase(lost.id);
  if (!known) return currentBase(lost, lost.profile);
  say(
    `The data of base ${lost.id} is gone from ${lost.frozen.runtime}: building it again from its dump ${lost.dumpKey}`,
  );
  // Loaded here because most copies are made without.
  const [{ prepareReseed }, { reseed }] = await Promise.all([
    import("../bases/prepare.ts"),
    import("../bases/reseed.ts"),
  ]);
  const flags = { from: lost.dumpKey, "schema-only": false, jobs: undefined, rebuild: true };
  const copy = { ...config.copy, image: config.copy.image || lost.image || "" };
  const asBuilt = { ...config, copy, project: lost.project, sourceName: lost.source };
  const wishes = { flags, runtimeName: lost.frozen.runtime, say, verboseSay: () => {} };
  const request = await prepareReseed(asBuilt, wishes, baseIdsInUse);
  // The lost one goes at the end, and no other has to go for it.
  const made = await reseed({ ...request, keepBases: request.keepBases + 1 });
  // What is left of it, if anything, serves nobody; copies that stand on it have data of their own.
  await removeBase(lost).catch((error) => say(`Note: base ${lost.id} could not be removed: ${messageOf(error)}`));
  return made;
}
