import { DittoError } from "../kit/errors.ts";
import { formatBytes } from "../kit/units.ts";
import type { Frozen, Runtime } from "../runtime/index.ts";

/**
 * Refuses what would leave less than `disk.min_free` free where the runtime keeps its data: servers on a full disk lose
 * what they were told to keep. Says nothing where the free space can't be told.
 */
export async function requireSpace(
  runtime: Runtime,
  action: string,
  { minFree, needed = 0, from }: { minFree: number; needed?: number; from?: Frozen },
): Promise<void> {
  if (minFree === 0) return;
  const free = await runtime.freeSpace(from);
  if (!free || free.bytes - needed >= minFree) return;
  const wanted = needed > 0 ? `, about ${formatBytes(needed)} are needed,` : "";
  throw new DittoError(
    `Cannot ${action}: ${formatBytes(free.bytes)} are free in ${free.path}${wanted} and disk.min_free is ${formatBytes(minFree)}`,
    {
      code: "DISK_LOW",
      hint: 'Delete copies ("bun scripts/copy.ts list"), run "bun scripts/copy.ts prune", or lower disk.min_free',
    },
  );
}
