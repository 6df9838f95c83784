import { readBases } from "../bases/catalogue.ts";
import { openStore } from "../bases/stores.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { recordsOf } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import { diskMeter } from "./disk.ts";
import { knownCopies } from "./record.ts";
import { knownSnapshots } from "./snapshot-record.ts";

/** Refuses to make something new while all that this state folder keeps takes `disk.max` or more. */
export async function requireAllowance(config: Config, action: string): Promise<void> {
  const { max } = config.disk;
  if (max === 0) return;
  const used = await diskUse(config);
  if (used < max) return;
  throw new DittoError(
    `Cannot ${action}: bases, copies, snapshots and dumps take ${formatBytes(used)}, and disk.max is ${formatBytes(max)}`,
    {
      code: "DISK_LIMIT",
      hint: 'See what takes it with "bun scripts/status.ts"; delete copies, snapshots or bases, or raise disk.max',
    },
  );
}

/** Bytes of everything together; of a store elsewhere, only what is on this disk. */
async function diskUse(config: Config): Promise<number> {
  const meter = diskMeter();
  const [bases, copies, snapshots, dumps] = await Promise.all([
    readBases(),
    knownCopies(),
    knownSnapshots(),
    dumpBytes(config),
  ]);
  const measured = await Promise.all([
    ...copies.map((copy) => meter.ofCopy(copy)),
    ...snapshots.map(({ frozen }) => meter.ofFrozen(frozen)),
  ]);
  const parts = [...measured, ...recordsOf(bases).map(({ frozen }) => frozen.bytes), dumps];
  return parts.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}

async function dumpBytes({ dump }: Config): Promise<number> {
  if (/^s3:/.test(dump.store)) return 0;
  const dumps = await openStore(dump.store).list();
  return dumps.reduce((sum, { manifest }) => sum + manifest.bytes, 0);
}
