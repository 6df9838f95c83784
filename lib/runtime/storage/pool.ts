import { DittoError } from "../../kit/errors.ts";
import {
  anchorState,
  attachPool,
  bringUp,
  inAnchor,
  keyValues,
  mountError,
  type PoolVolumes,
  readVolumes,
  removeVolume,
  runHelper,
} from "./pool-anchor.ts";
import { type Cli, call } from "./pool-cli.ts";
import { poolError } from "./pool-errors.ts";
import { COMPLETE, DISCARD, EXAMINE, GROW, MAKE } from "./pool-helper-scripts.ts";
import { type PoolFilesystem, type PoolNames, poolLabels, poolNames } from "./pool-names.ts";
import { openPool } from "./pool-open.ts";
import { MEASURE } from "./pool-scripts.ts";
import { ensureTools } from "./pool-tools.ts";

export type { Cli } from "./pool-cli.ts";
export type { PoolFilesystem } from "./pool-names.ts";
export { type KnownPool, MARKER_FILE, type OpenPool, openPool } from "./pool-open.ts";

export interface PoolRequest {
  /** Id of the state folder. */
  home: string;
  /** Bytes; without it the smaller of 20 GB and a quarter of what is free on the daemon's data root. */
  size?: number;
  /** Don't reserve the bytes. On a full disk servers then lose what they were told is safe: only with named consent. */
  sparse?: boolean;
  filesystem?: "auto" | PoolFilesystem;
  toolsImage?: string;
}

export interface PoolStatus {
  home: string;
  filesystem: PoolFilesystem | null;
  /** False after an interrupted creation; such a pool can only be created anew or deleted. */
  complete: boolean;
  /** Bytes of the file. */
  size: number;
  /** True when the host holds all bytes of the file ready; false for a sparse one. */
  reserved: boolean;
  /** Bytes inside the file system; null while it is not mounted. */
  used: number | null;
  free: number | null;
  /** The loop device, empty while there is none. */
  device: string;
  attached: boolean;
  mounted: boolean;
  mountpoint: string | null;
  /** The anchor container's state, or `missing`. */
  anchor: string;
  bases: number | null;
  copies: number | null;
  snapshots: number | null;
}

/**
 * Makes, attaches and mounts the pool of a state folder. `auto` takes btrfs, whose clones cost the same for any number of files, and
 * XFS where the kernel has no btrfs. What an interrupted creation left is started over. Two at once are the caller's to
 * prevent, by the state folder's lock.
 */
export async function createPool(cli: Cli, request: PoolRequest): Promise<PoolStatus> {
  const names = poolNames(request.home);
  const old = await readVolumes(cli, names);
  if (old) {
    // A volume that the daemon made by itself, at a mount that came too late, has no label with the image.
    old.image ||= request.toolsImage ?? "";
    if ((await examine(cli, names, old)).complete) throw poolExists(request.home);
    await discard(cli, names, old);
  }
  const image = await ensureTools(cli, names.home, request.toolsImage);
  const wish = request.filesystem ?? "auto";
  const candidates: PoolFilesystem[] = wish === "auto" ? ["btrfs", "xfs"] : [wish];
  for (const filesystem of candidates) {
    try {
      await makePool(cli, names, { ...request, filesystem, image });
      break;
    } catch (error) {
      const half = await readVolumes(cli, names);
      if (half) await discard(cli, names, half);
      const other =
        error instanceof DittoError && error.code === "POOL_NO_FILESYSTEM" && filesystem !== candidates.at(-1);
      if (!other) throw error;
    }
  }
  return (await poolStatus(cli, request.home)) ?? fail("the pool is gone again");
}

async function makePool(
  cli: Cli,
  names: PoolNames,
  request: PoolRequest & { filesystem: PoolFilesystem; image: string },
): Promise<void> {
  const { image, filesystem } = request;
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const labels = poolLabels(names.home, id, { "ditto.image": image });
  const created = await call(cli, ["volume", "create", ...labels, names.file]);
  if (created.status !== 0) throw poolError("create the pool", created);
  const args = [String(request.size ?? "auto"), request.sparse ? "sparse" : "reserved", filesystem, id];
  const made = await runHelper(cli, names, { id, image, script: MAKE, args });
  if (made.status !== 0) throw poolError("create the pool", made);
  const volumes = (await readVolumes(cli, names)) ?? fail("the pool's volume is gone again");
  await attachPool(cli, names, volumes, { image, stage: "fresh" });
  const completed = await runHelper(cli, names, { id, image, script: COMPLETE, args: [id], mounted: true });
  if (completed.status !== 0) throw mountError(completed, filesystem);
  // The anchor comes last, so a running one means a complete pool.
  await bringUp(cli, names, (await readVolumes(cli, names)) ?? volumes);
}

/** What is known about the pool of a state folder without repairing it; undefined when there is none. */
export async function poolStatus(cli: Cli, home: string): Promise<PoolStatus | undefined> {
  const names = poolNames(home);
  const volumes = await readVolumes(cli, names);
  if (!volumes) return undefined;
  const [file, anchor] = await Promise.all([examine(cli, names, volumes), anchorState(cli, names)]);
  const measured = anchor === "running" ? await inAnchor(cli, names, MEASURE, [""]) : undefined;
  const mounted = measured?.status === 0;
  const inside = mounted ? keyValues(measured.stdout) : {};
  const number = (text: string | undefined) => (text === undefined ? null : Number(text));
  return {
    home,
    filesystem: file.filesystem === "btrfs" || file.filesystem === "xfs" ? file.filesystem : null,
    complete: file.complete === "1",
    size: Number(file.size ?? 0),
    reserved: Number(file.held ?? 0) >= Number(file.size ?? 0),
    used: number(inside.used),
    free: number(inside.free),
    device: file.device ?? "",
    attached: Boolean(file.device),
    mounted,
    mountpoint: mounted ? (volumes.mounted?.mountpoint ?? null) : null,
    anchor,
    bases: number(inside.bases),
    copies: number(inside.copies),
    snapshots: number(inside.snapshots),
  };
}

/** Makes the pool `size` bytes large, while it is in use. A sparse pool stays sparse. */
export async function growPool(cli: Cli, home: string, size: number): Promise<PoolStatus> {
  const names = poolNames(home);
  if (!(await openPool(cli, home))) throw noPool("grow");
  const volumes = (await readVolumes(cli, names)) ?? fail("the pool's volume is gone");
  const image = await ensureTools(cli, home, volumes.image);
  const grown = await runHelper(cli, names, {
    id: volumes.id,
    image,
    script: GROW,
    args: [String(size)],
    mounted: true,
    writable: true,
  });
  if (grown.status !== 0) throw poolError("grow the pool", grown);
  return (await poolStatus(cli, home)) ?? fail("the pool is gone");
}

/** Deletes the pool with everything in it. Refuses while containers use it, running or stopped. */
export async function deletePool(cli: Cli, home: string): Promise<void> {
  const names = poolNames(home);
  const volumes = await readVolumes(cli, names);
  if (!volumes) throw noPool("delete");
  const users = await poolUsers(cli, names, volumes);
  if (users.length > 0) {
    throw new DittoError(`Cannot delete the pool: ${users.join(", ")} use it`, {
      code: "POOL_IN_USE",
      hint: 'Delete the copies first ("bun scripts/copy.ts delete --all")',
    });
  }
  await discard(cli, names, volumes);
}

// A copy mounts a path below the mountpoint, which no filter of `ps` finds: every container's mounts are read.
async function poolUsers(cli: Cli, names: PoolNames, volumes: PoolVolumes): Promise<string[]> {
  const listed = await call(cli, ["ps", "-aq", "--no-trunc"]);
  if (listed.status !== 0) throw poolError("look for the pool's users", listed);
  const ids = listed.stdout.split("\n").filter((id) => id !== "");
  if (ids.length === 0) return [];
  const format = "{{.Name}}\t{{range .Mounts}}{{.Source}}\n{{end}}";
  // One that has gone meanwhile makes the call fail, and the others are printed all the same.
  const { stdout } = await call(cli, ["container", "inspect", "--format", `${format}\f`, ...ids]);
  const at = volumes.mounted?.mountpoint;
  return stdout.split("\f").flatMap((entry) => {
    const [path = "", sources = ""] = entry.trimStart().split("\t");
    const name = path.replace(/^\//, "");
    const uses = at !== undefined && sources.split("\n").some((source) => source === at || source.startsWith(`${at}/`));
    return uses && name !== names.anchor ? [name] : [];
  });
}

async function discard(cli: Cli, names: PoolNames, volumes: PoolVolumes): Promise<void> {
  const removed = await call(cli, ["rm", "-f", "-v", names.anchor]);
  if (removed.status !== 0 && !/no such container|no container with/i.test(removed.stderr)) {
    throw poolError("delete the pool", removed);
  }
  await removeVolume(cli, names.volume);
  const image = await ensureTools(cli, names.home, volumes.image);
  const discarded = await runHelper(cli, names, { id: volumes.id, image, script: DISCARD });
  if (discarded.status !== 0) throw poolError("delete the pool", discarded);
  await removeVolume(cli, names.file);
}

async function examine(cli: Cli, names: PoolNames, volumes: PoolVolumes): Promise<Record<string, string>> {
  const image = await ensureTools(cli, names.home, volumes.image);
  const result = await runHelper(cli, names, { id: volumes.id, image, script: EXAMINE });
  if (result.status !== 0) throw poolError("look at the pool", result);
  return keyValues(result.stdout);
}

function poolExists(home: string): DittoError {
  return new DittoError(`Cannot create the pool: state folder "${home}" has one`, {
    code: "POOL_EXISTS",
    hint: 'Run "bun scripts/pool.ts status", or grow it',
  });
}

function noPool(action: string): DittoError {
  return new DittoError(`Cannot ${action} the pool: there is none`, {
    code: "POOL_MISSING",
    hint: 'Run "bun scripts/pool.ts create"',
  });
}

function fail(state: string): never {
  throw new DittoError(`Cannot work with the pool: ${state}`, { code: "POOL_FAILED", hint: "Run the command again" });
}
