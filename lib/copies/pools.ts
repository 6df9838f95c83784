import { forgetBase, readBases } from "../bases/catalogue.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { usageError } from "../kit/errors.ts";
import { confirm } from "../kit/prompt.ts";
import { formatBytes } from "../kit/units.ts";
import { type PoolVerbs, poolVerbs } from "../runtime/docker/pool.ts";
import { openRuntime } from "../runtime/open.ts";
import type { PoolStatus } from "../runtime/storage/pool.ts";

/** The pool of the runtime that is in use. Throws exit 2 for the native one, which needs none. */
export async function openPools(config: Config, call: Conversation): Promise<PoolVerbs> {
  const { runtime } = await openRuntime(call.runtimeName ?? config.runtime, call.say);
  if (runtime.name === "native") {
    throw usageError(
      "Cannot use a pool: the native runtime clones in its own folder",
      "Put /var/lib/ditto (or ~/.ditto) on XFS, btrfs or APFS, and clones share their blocks there",
    );
  }
  const verbs = await poolVerbs(runtime.name);
  return { ...verbs, delete: () => forgetAndDelete(verbs) };
}

/** Bases in the pool go with it; their records go last, so that a failure leaves them listed as lost rather than unknown. */
async function forgetAndDelete(verbs: PoolVerbs): Promise<void> {
  await verbs.delete();
  for (const stored of await readBases()) {
    if (stored.kind === "record" && stored.record.frozen.method === "pool") await forgetBase(stored.id);
  }
}

export async function consentToSparse(call: Conversation): Promise<void> {
  await confirm(
    "A sparse pool loses committed data of running copies when the disk below it fills up. Make it sparse all the same?",
    { call },
  );
}

export async function consentToDelete(call: Conversation, status: PoolStatus | undefined): Promise<void> {
  if (!status) return;
  await confirm(
    `Delete the pool with ${status.bases ?? 0} bases, ${status.copies ?? 0} copies and ${status.snapshots ?? 0} snapshots?`,
    { call },
  );
}

export function wantedSize(size: number | undefined): number {
  if (size !== undefined) return size;
  throw usageError("Cannot grow the pool: --size is missing", 'E.g. "bun scripts/pool.ts grow --size 40G"');
}

/** A pool as JSON, snake_case. */
export function poolJson(pool: PoolStatus): Record<string, unknown> {
  const { size, used, free, reserved, filesystem, attached, mounted, anchor, bases, copies, snapshots, complete } =
    pool;
  return { size, used, free, reserved, filesystem, attached, mounted, anchor, bases, copies, snapshots, complete };
}

/** A pool in words. */
export function renderPool(pool: PoolStatus | undefined): string {
  if (!pool) return 'There is no pool; "bun scripts/pool.ts create" makes one';
  const used = pool.used === null ? "" : `, ${formatBytes(pool.used)} used, ${formatBytes(pool.free ?? 0)} free`;
  const contents =
    pool.bases === null ? "" : `\n${pool.bases} bases, ${pool.copies} copies, ${pool.snapshots} snapshots`;
  const state = pool.complete
    ? pool.mounted
      ? "mounted"
      : "not mounted; the next command mounts it"
    : "half made: create it again";
  return `Pool: ${formatBytes(pool.size)} ${pool.filesystem ?? ""}${pool.reserved ? "" : " (sparse!)"}${used}, ${state}${contents}`;
}
