import type { Config } from "../kit/config.ts";
import { newId, slug } from "../kit/state.ts";
import type { Announce } from "./create.ts";
import { dropIfUnused } from "./drop-snapshot.ts";
import { type CopyWishes, copyOfSnapshot } from "./open.ts";
import { type CopyRecord, wordFor } from "./record.ts";
import { type SnapshotWishes, takeSnapshot } from "./snapshot.ts";
import { isTaken } from "./snapshot-record.ts";

/** A new copy of a copy as it is now, which goes on with its connections. */
export async function cloneCopy(
  copy: CopyRecord,
  wishes: CopyWishes & Pick<SnapshotWishes, "stop" | "allowNotCaptured">,
  context: { config: Config; say(text: string): void; announce: Announce },
): Promise<CopyRecord> {
  const { config, say, announce } = context;
  const { stop, allowNotCaptured, ...rest } = wishes;
  const wanted = slug(`clone-${wishes.name ?? newId().slice(-8)}`);
  const name = (await isTaken({ copyId: copy.id, name: wanted })) ? slug(`clone-${newId().slice(-8)}`) : wanted;
  const snapshot = await takeSnapshot(copy, { name, stop, allowNotCaptured, auto: true }, config);
  say(`Cloning ${wordFor(copy)}, which goes on`);
  try {
    return await copyOfSnapshot(snapshot, { config, wishes: rest, say, announce });
  } catch (error) {
    await dropIfUnused(snapshot);
    throw error;
  }
}
