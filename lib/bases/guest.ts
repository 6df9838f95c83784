import type { ServerEngine, Session } from "../engine/index.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import { formatDuration } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Transfer } from "./build.ts";
import { openLookout } from "./lookout.ts";

/** A session of the source's own that waits for what the dump holds. */
export interface Waiter {
  /** The same from look to look. */
  key: string;
  /** Whose it is, as far as the dump user may know: `session 4711 of user "app" (psql)`. */
  session: string;
  table: string;
}

/** Who keeps the dump from a lock. */
export type Blocker = Pick<Waiter, "session" | "table">;

/** What an engine knows about waiting and ending, asked through a second session. */
export interface Watchman {
  waiters(watch: Session): Promise<Waiter[]>;
  /** Sessions that the dump waits for, where the server tells. */
  blockers?(watch: Session): Promise<Blocker[]>;
  /** Ends every session of the dump on the source. */
  endDump(watch: Session): Promise<void>;
}

/** A dump that is being watched over. */
export interface Guest {
  /** The table whose rows are being read. */
  reading(table: { schema: string; name: string } | undefined): void;
  /** Nothing is held on the source any more: the watching ends. */
  release(): Promise<void>;
  /** Why the watch ended the dump, or who waited when it failed by itself. */
  verdict(failure: unknown): unknown;
}

export interface GuestManners {
  onBlock: "abort" | "warn";
  /** Seconds; 0: as long as it takes. */
  maxDuration: number;
  warn(message: string): void;
}

/** How long somebody may wait for one of our locks, in milliseconds. */
const PATIENCE_MS = 30_000;

const LOOK_EVERY_MS = 1_000;

/** How long looks may fail until that is said, in milliseconds. */
const BLIND_LIMIT_MS = 10_000;

/** How long the end of a dump waits for a look, in milliseconds. */
const LAST_LOOK_MS = 2_000;

/**
 * Watches over a dump from a second session: ends it when somebody else's session has waited 30 s for one of its locks, and
 * when it takes longer than it may. Both end the dump's sessions on the source itself, so that its locks are gone at once.
 */
export async function watchOver(
  source: DatabaseUrl,
  parts: { engine: ServerEngine; transfer: Transfer; session: Session },
  manners: GuestManners,
): Promise<Guest> {
  const state = { reading: undefined as { schema: string; name: string } | undefined };
  const watchman = await parts.transfer.watchman(parts.session, () => state.reading);
  const lookout = await openLookout(() => parts.engine.connect(source, { guest: true }));
  const begun = Date.now();
  const since = new Map<string, number>();
  let seen: Waiter[] = [];
  let blockers: Blocker[] = [];
  let ended: DittoError | undefined;
  let over = false;
  let released = false;
  let blindSince: number | undefined;
  const said = new Set<string>();
  const sayOnce = (about: string, message: string) => {
    if (!said.has(about)) manners.warn(message);
    said.add(about);
  };

  const look = async (watch: Session) => {
    seen = await watchman.waiters(watch);
    blockers = (await watchman.blockers?.(watch)) ?? [];
    const keys = new Set(seen.map(({ key }) => key));
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
    for (const { key } of seen) if (!since.has(key)) since.set(key, Date.now());
    const waiter = seen.find(({ key }) => Date.now() - (since.get(key) ?? 0) >= PATIENCE_MS);
    if (waiter && manners.onBlock === "abort") ended = blocking(waiter);
    else if (waiter)
      sayOnce("wait", `${waiter.session} waits for "${waiter.table}", which this dump holds (source.on_block: warn)`);
  };
  /** A look that fails says nothing about the dump: when the source is gone, the dump finds out by itself. */
  const blind = (error: unknown) => {
    blindSince ??= Date.now();
    if (released || Date.now() - blindSince < BLIND_LIMIT_MS) return;
    const unkept = lookout.lost() ? "source.on_block and source.max_duration are" : "source.on_block is";
    sayOnce("blind", `Nobody watches over the dump, and ${unkept} not kept: ${messageOf(error)}`);
  };
  const round = async () => {
    await lookout.ask(look).then(() => {
      blindSince = undefined;
    }, blind);
    if (manners.maxDuration > 0 && Date.now() - begun > manners.maxDuration * 1000) ended ??= tooLong(manners);
    if (!ended || released) return;
    await lookout.ask(watchman.endDump);
    over = true;
  };
  const watching = (async () => {
    while (!released && !over) {
      // A dump that could not be ended is so in the next round.
      await round().catch(() => {});
      for (let slept = 0; slept < LOOK_EVERY_MS && !released && !over; slept += 50) await Bun.sleep(50);
    }
  })();

  return {
    reading(table) {
      state.reading = table;
    },
    async release() {
      released = true;
      await Promise.race([watching, Bun.sleep(LAST_LOOK_MS)]);
      await lookout.close();
    },
    verdict(failure) {
      if (ended || (failure as { code?: string }).code !== "LOCK_WAIT") return ended ?? failure;
      const [waiter] = seen;
      const [blocker] = blockers;
      return waiter ? blocking(waiter) : blocker ? locked(blocker) : failure;
    },
  };
}

function blocking({ session, table }: Waiter): DittoError {
  return new DittoError(`Cannot go on with the dump: ${session} waits for "${table}", which it holds`, {
    code: "BLOCKING",
    hint: "The dump was ended so that the source can go on; run it when no migration runs there. source.on_block: warn lets them wait",
  });
}

function locked({ session, table }: Blocker): DittoError {
  return new DittoError(`Cannot dump the source: ${session} has locked "${table}" for longer than lock_wait`, {
    code: "LOCK_WAIT",
    hint: "Try again when its migration or maintenance is over, or raise source.lock_wait",
  });
}

function tooLong({ maxDuration }: GuestManners): DittoError {
  return new DittoError(`Cannot go on with the dump: it takes longer than ${formatDuration(maxDuration * 1000)}`, {
    code: "TOO_LONG",
    hint: "Raise source.max_duration, or leave out rows (dump.rows, dump.exclude_table_data); the previous base is untouched",
  });
}
