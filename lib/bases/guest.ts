import type { ServerEngine, Session } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { formatDuration } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Transfer } from "./build.ts";

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
  const watch = await parts.engine.connect(source, { guest: true });
  const begun = Date.now();
  const since = new Map<string, number>();
  let seen: Waiter[] = [];
  let blockers: Blocker[] = [];
  let ended: DittoError | undefined;
  let warned = false;
  let released = false;

  const look = async () => {
    seen = await watchman.waiters(watch);
    blockers = (await watchman.blockers?.(watch)) ?? [];
    const keys = new Set(seen.map(({ key }) => key));
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
    for (const { key } of seen) if (!since.has(key)) since.set(key, Date.now());
    const waiter = seen.find(({ key }) => Date.now() - (since.get(key) ?? 0) >= PATIENCE_MS);
    if (waiter && manners.onBlock === "abort") ended = blocking(waiter);
    else if (waiter && !warned) {
      warned = true;
      manners.warn(`${waiter.session} waits for "${waiter.table}", which this dump holds (source.on_block: warn)`);
    }
    if (manners.maxDuration > 0 && Date.now() - begun > manners.maxDuration * 1000) ended ??= tooLong(manners);
    if (ended) await watchman.endDump(watch);
  };
  const watching = (async () => {
    while (!released && !ended) {
      // A look that fails says nothing about the dump: when the source is gone, the dump finds out by itself.
      await look().catch(() => {});
      for (let slept = 0; slept < LOOK_EVERY_MS && !released && !ended; slept += 50) await Bun.sleep(50);
    }
  })();

  return {
    reading(table) {
      state.reading = table;
    },
    async release() {
      released = true;
      await watching;
      await watch.close().catch(() => {});
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
