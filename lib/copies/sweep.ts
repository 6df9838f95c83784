import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readBases } from "../bases/catalogue.ts";
import { servers } from "../engine/engines.ts";
import { type DittoError, messageOf } from "../kit/errors.ts";
import { startDetached } from "../kit/exec.ts";
import { withLock } from "../kit/lock.ts";
import { ownerAlive } from "../kit/owner.ts";
import { hasHome, homeFolder, homeId, homePath, type Stored } from "../kit/state.ts";
import type { Runtime, Thing } from "../runtime/index.ts";
import { changeCopy } from "./change.ts";
import { destroyIf } from "./destroy.ts";
import { dropLeftovers } from "./drop-snapshot.ts";
import { lostBase, lostCopy } from "./lost.ts";
import { orphanedPatches, unpatch } from "./patch.ts";
import { accessTo, type CopyRecord, knownCopies, readCopies, readCopy, runtimeIdOf } from "./record.ts";
import { knownSnapshots, pathOf, readSnapshots } from "./snapshot-record.ts";
import { sweepFiles } from "./sweep-files.ts";

/** What a sweep did, in words for a person. */
export interface Swept {
  removed: string[];
  /** Records whose server or data is gone. */
  lost: string[];
  /** What could not be removed, with the reason. */
  failed: string[];
}

const UNFINISHED: CopyRecord["status"][] = ["pending", "creating", "destroying", "failed"];

/** Why a copy should go now, or undefined. */
export async function dueReason(copy: CopyRecord, now = Date.now()): Promise<"expired" | "ended" | undefined> {
  // What a living command makes, uses or removes is that command's affair.
  if (copy.bound || UNFINISHED.includes(copy.status)) return (await ownerAlive(copy.owner)) ? undefined : "ended";
  return copy.expiresAt !== null && Date.parse(copy.expiresAt) < now ? "expired" : undefined;
}

/** What a sweep takes besides. */
export interface SweepWishes {
  /** Unnamed copies that are older than so many seconds, though they have not expired. */
  olderThan?: number | undefined;
  /** Unnamed copies of other state folders that expired a day ago. */
  everyHome?: boolean;
}

/** Removes what is expired, half made or without a record, in this state folder and on these runtimes; one sweep at a time. */
export async function sweep(runtimes: Runtime[], waitMs: number, wishes: SweepWishes = {}): Promise<Swept> {
  const swept: Swept = { removed: [], lost: [], failed: [] };
  await withLock(
    "sweep",
    async () => {
      await sweepCopies(swept, wishes.olderThan);
      for (const snapshot of await dropLeftovers()) swept.removed.push(`snapshot ${pathOf(snapshot)} (ended)`);
      await sweepPatches(swept);
      for (const runtime of runtimes) await sweepRuntime(runtime, swept);
      if (wishes.everyHome) for (const runtime of runtimes) await sweepForeign(runtime, swept);
      await sweepFiles();
    },
    waitMs,
  );
  return swept;
}

async function sweepCopies(swept: Swept, olderThan = Number.POSITIVE_INFINITY): Promise<void> {
  const reasonFor = async (copy: CopyRecord) => {
    const old = copy.name === "" && !copy.bound && Date.now() - Date.parse(copy.createdAt) > olderThan * 1000;
    return (await dueReason(copy)) ?? (old && !UNFINISHED.includes(copy.status) ? "expired" : undefined);
  };
  for (const known of await knownCopies()) {
    if (known.next) await healCopy(known);
    // To remove those before it took its time.
    const copy = await readCopy(known.id);
    if (!copy) continue;
    const reason = await reasonFor(copy);
    if (reason === undefined || (reason === "expired" && (await isInUse(copy)))) continue;
    await attempt(swept, `copy ${copy.name || copy.id} (${reason})`, () =>
      destroyIf(copy, reason, async (now) => (await reasonFor(now)) === reason),
    );
  }
}

/** Ends what a killed command left undone in a copy; one that is at work on it does that itself. */
async function healCopy(copy: CopyRecord): Promise<void> {
  try {
    await changeCopy(copy, async () => {}, 0);
  } catch {
    // It is in use, or can't be healed: whoever uses it next is told why.
  }
}

async function sweepPatches(swept: Swept): Promise<void> {
  for (const id of await orphanedPatches()) {
    await attempt(swept, `what copy ${id} wrote into files (it is gone)`, () => unpatch(id));
  }
}

/** Notes what was removed; nothing when `remove` resolves to false. */
async function attempt(swept: Swept, what: string, remove: () => Promise<unknown>): Promise<void> {
  try {
    if ((await remove()) !== false) swept.removed.push(what);
  } catch (error) {
    swept.failed.push(`${what}: ${(error as Error).message}`);
  }
}

/** True when somebody else than this question is connected: such a copy is not swept. */
async function isInUse(copy: CopyRecord): Promise<boolean> {
  // A server that stands still can't be asked: its clients get a day to let it go on.
  if (copy.status === "paused") return copy.expiresAt === null || !abandoned(copy.expiresAt);
  const count = {
    postgres:
      "SELECT count(*)::int AS clients FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    mysql:
      "SELECT count(*) AS clients FROM information_schema.processlist WHERE user = 'ditto' AND id <> connection_id()",
  }[copy.engine];
  try {
    const session = await servers[copy.engine].connect(await accessTo(copy), { timeoutMs: 5_000 });
    const [row] = await session.query<{ clients: number | string }>(count).finally(() => session.close());
    return Number(row?.clients ?? 0) > 0;
  } catch (error) {
    // A server that is gone or that its own URL doesn't open is used by nobody; a full one is in use.
    return (error as DittoError).code === "TOO_MANY_CONNECTIONS";
  }
}

/** One runtime that can't be asked doesn't keep the others from being swept. */
async function sweepRuntime(runtime: Runtime, swept: Swept): Promise<void> {
  try {
    await sweepThings(runtime, swept);
  } catch (error) {
    swept.failed.push(`what ${runtime.name} holds: ${(error as Error).message}`);
  }
}

/** No record and a dead owner: swept. No record and a living owner: left alone. A record without its thing: lost. */
async function sweepThings(runtime: Runtime, swept: Swept): Promise<void> {
  const home = await homeId();
  // Records before things: what appears in between has a thing, and is not taken for lost.
  const copies = (await knownCopies()).filter(
    (copy) => copy.runtime === runtime.name && !UNFINISHED.includes(copy.status),
  );
  const things = (await runtime.things()).filter((thing) => thing.home === home);
  for (const thing of things) {
    if (thing.kind === "pool" || thing.id === "network" || (await ownerAlive(thing.owner))) continue;
    // Only now: its maker may have written the record and ended since the list was made.
    if (thing.kind !== "tool" && (await isRecorded(thing))) continue;
    await attempt(swept, `${thing.kind} ${thing.id} (half made)`, () => runtime.removeThing(thing));
  }
  const served = new Set(things.filter(({ running }) => running).map(({ id }) => id));
  for (const copy of copies) {
    if (served.has(runtimeIdOf(copy)) || (await runtime.state(runtimeIdOf(copy))) !== "missing") continue;
    // Its container was removed while it was stopped: the next start makes another on its data.
    if (copy.name !== "" && (await runtime.hasData(runtimeIdOf(copy), copy.frozen))) continue;
    await endLostCopy(copy, swept);
  }
  await reportLostBases(runtime, swept);
  await reportLostSnapshots(runtime, swept);
  for (const path of await runtime.sweepStorage()) swept.removed.push(`what was left of ${path} (half made)`);
}

/** How long after its expiry a copy that can't be asked is nobody's any more, in milliseconds. */
const ABANDONED_MS = 24 * 3600 * 1000;

function abandoned(expiresAt: string | null): boolean {
  return expiresAt !== null && Date.now() - Date.parse(expiresAt) > ABANDONED_MS;
}

/** Copies of state folders that are perhaps gone: only those whose expiry, as it stands beside their data, is a day past. */
async function sweepForeign(runtime: Runtime, swept: Swept): Promise<void> {
  const home = await homeId();
  for (const thing of await runtime.things()) {
    if (thing.home === home || thing.kind !== "copy" || !abandoned(thing.expiresAt)) continue;
    if (!abandoned(await runtime.expiryOf(thing))) continue;
    await attempt(swept, `copy ${thing.id} (of state folder ${thing.home})`, () => runtime.removeThing(thing));
  }
}

/** A damaged or newer record counts: what belongs to it is not ours to judge. So does a base that only copies still name. */
async function isRecorded(thing: Thing): Promise<boolean> {
  const copies = await readCopies();
  if (thing.kind === "snapshot") {
    return (await readSnapshots()).some((stored) => stored.kind !== "record" || stored.record.id === thing.id);
  }
  if (thing.kind === "copy") return copies.some((stored) => isIn(stored, thing.id));
  const basedOn = copies.some((stored) => stored.kind === "record" && stored.record.baseId === thing.id);
  return basedOn || (await readBases()).some(({ id }) => id === thing.id);
}

/** True for what the runtime holds of a copy: one that was replaced goes. Of a record that can't be read all is kept. */
function isIn(stored: Stored<CopyRecord>, id: string): boolean {
  if (stored.kind !== "record") return id === stored.id || id.startsWith(`${stored.id}-`);
  const { record } = stored;
  return id === runtimeIdOf(record) || (record.next !== undefined && id === runtimeIdOf(record.next));
}

async function endLostCopy(copy: CopyRecord, swept: Swept): Promise<void> {
  // Somebody may be deleting it just now, or have put another server in the place of the one that was looked for.
  const asSeen = (now: CopyRecord | undefined) =>
    now !== undefined && now.status === copy.status && runtimeIdOf(now) === runtimeIdOf(copy);
  if (!asSeen(await readCopy(copy.id))) return;
  if (copy.name !== "") swept.lost.push(`copy ${copy.name}: ${lostCopy(copy)}`);
  else {
    const what = `copy ${copy.id} (its server is gone)`;
    await attempt(swept, what, () => destroyIf(copy, "lost", async (now) => asSeen(now)));
  }
}

async function reportLostBases(runtime: Runtime, swept: Swept): Promise<void> {
  for (const stored of await readBases()) {
    if (stored.kind !== "record" || stored.record.frozen.runtime !== runtime.name) continue;
    if (await runtime.exists(stored.record.frozen)) continue;
    const { frozen, dumpKey } = stored.record;
    swept.lost.push(`base ${stored.id}: ${lostBase({ method: frozen.method, dump_key: dumpKey })}`);
  }
}

async function reportLostSnapshots(runtime: Runtime, swept: Swept): Promise<void> {
  for (const snapshot of await knownSnapshots()) {
    if (snapshot.frozen.runtime !== runtime.name || (await runtime.exists(snapshot.frozen))) continue;
    swept.lost.push(`snapshot ${pathOf(snapshot)}: its data is gone; "bun scripts/snapshot.ts delete" forgets it`);
  }
}

const FULL_SWEEP_EVERY_MS = 15 * 60 * 1000;

/**
 * Starts a sweep in the background when something is due; costs a look at the records only. Never throws, for the command
 * has answered: it says why there is none.
 */
export async function sweepInBackground(script: string, say: (text: string) => void): Promise<void> {
  try {
    await startSweep(script);
  } catch (error) {
    say(`Note: what has expired stays for now: ${messageOf(error)}`);
  }
}

async function startSweep(script: string): Promise<void> {
  if (process.env.DITTO_NO_SWEEP === "1" || !(await hasHome())) return;
  const mark = homePath("swept");
  const last = (await stat(mark).catch(() => undefined))?.mtimeMs ?? 0;
  const due = await Promise.all((await knownCopies()).map((copy) => dueReason(copy)));
  if (due.every((reason) => reason === undefined) && Date.now() - last < FULL_SWEEP_EVERY_MS) return;
  await Bun.write(mark, "");
  const log = join(homeFolder(), "sweep.log");
  await startDetached([process.execPath, script, "prune", "--quiet"], {
    logFile: log,
    cwd: "/",
    env: { DITTO_NO_SWEEP: "1" },
  });
}
