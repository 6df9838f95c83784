import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { homeFolder, homeId, homePath } from "../kit/state.ts";
import { containerCli } from "../runtime/docker/cli.ts";
import type { CloneMethod, RuntimeName, StorageWish } from "../runtime/index.ts";
import { nativeRoot } from "../runtime/native/index.ts";
import { canReflink } from "../runtime/storage/directory.ts";
import { inAnchor, keyValues } from "../runtime/storage/pool-anchor.ts";
import { poolNames } from "../runtime/storage/pool-names.ts";
import { MEASURE } from "../runtime/storage/pool-scripts.ts";

/** How bases are stored, and so how copies are cloned. */
export interface StorageStatus {
  /** What the configuration says. */
  wish: StorageWish;
  /** That of the base that copies are made of now; null before the first. */
  method: CloneMethod | null;
  /** What this method costs. */
  cost: string;
  /** What a better one would change and how to get it; "" when there is none. */
  better: string;
  pool: PoolState | null;
}

/** The pool's bytes; null while it is not mounted, which the next command that needs it puts right. */
interface PoolState {
  mounted: boolean;
  size_bytes: number | null;
  used_bytes: number | null;
  free_bytes: number | null;
}

/** What lies in the pool: bytes that nothing else shares, by `bases/<id>`, `copies/<id>` and `snapshots/<id>`. */
interface PoolSurvey {
  state: PoolState;
  bytes: Map<string, number>;
}

/** Asking one by one would take a process of the daemon's for each. */
const SURVEY = `${MEASURE}
for path in bases/* copies/* snapshots/*; do
  [ -d "$path" ] || continue
  if [ "$DITTO_FILESYSTEM" = btrfs ]; then
    btrfs filesystem du -s --raw "$path" | { read -r _; read -r _ exclusive _; echo "$path=$exclusive"; }
  else echo "$path=$(du -s -B1 "$path" | cut -f1)"; fi
done
`;

const SHARING = "a copy shares its base's blocks and takes disk only for what it changes";

const COSTS: Record<CloneMethod, string> = {
  pool: SHARING,
  reflink: SHARING,
  image: "a copy is made at once, but its first look at a big table copies that table's files, up to 1 GB each",
  copy: "a copy is made by copying every byte of its base",
};

const UNDECIDED = "the first reseed chooses: shared blocks where the file system can, else image layers";

/** Looks without repairing anything, so that it is quick. `method` is the current base's. */
export async function lookAtStorage(
  runtime: RuntimeName,
  { wish, method, pool }: { wish: StorageWish; method: CloneMethod | null; pool: PoolState | null },
): Promise<StorageStatus> {
  const better = runtime === "native" ? await betterOnHost(wish, method) : betterInContainers(wish, method, pool);
  return { wish, method, cost: method === null ? UNDECIDED : COSTS[method], better, pool };
}

function betterInContainers(wish: StorageWish, method: CloneMethod | null, pool: PoolState | null): string {
  if (method === "pool" || method === "reflink") return "";
  if (pool !== null) return nextBase(wish, "pool", "goes into the pool");
  const how = '"bun scripts/pool.ts create"';
  return method === null ? `A pool shares blocks on any: ${how}` : `In a pool it would share its base's blocks: ${how}`;
}

function nextBase(wish: StorageWish, best: StorageWish, does: string): string {
  return wish === "auto" || wish === best
    ? `The next base ${does}`
    : `Without "storage: ${wish}" the next base ${does}`;
}

async function betterOnHost(wish: StorageWish, method: CloneMethod | null): Promise<string> {
  if (method === "reflink") return "";
  // The state folder is not made for a look.
  const root = existsSync(homePath("identity.json")) ? await nativeRoot() : homeFolder();
  if (await canReflink(existingParent(root))) {
    return nextBase(wish, "reflink", "shares its blocks with copies");
  }
  return `Blocks would be shared if "${root}" lay on XFS, btrfs or APFS, or in a pool of docker's`;
}

function existingParent(path: string): string {
  return existsSync(path) ? path : existingParent(dirname(path));
}

/** What lies in the pool, measured by one command; null when there is no pool. Nothing is mounted for it. */
export async function surveyPool(runtime: "docker" | "podman"): Promise<PoolSurvey | null> {
  if (!existsSync(homePath("identity.json"))) return null;
  const cli = containerCli(runtime);
  const names = poolNames(await homeId());
  const [measured, file] = await Promise.all([
    inAnchor(cli, names, SURVEY, [""]),
    cli(["volume", "inspect", names.file], { check: false }),
  ]);
  if (measured.status !== 0) {
    const unmounted = { mounted: false, size_bytes: null, used_bytes: null, free_bytes: null };
    return file.status === 0 ? { state: unmounted, bytes: new Map() } : null;
  }
  const { size, used, free, ...rest } = keyValues(measured.stdout);
  const state = { mounted: true, size_bytes: Number(size), used_bytes: Number(used), free_bytes: Number(free) };
  return { state, bytes: new Map(Object.entries(rest).map(([path, bytes]) => [path, Number(bytes)])) };
}
