import { finish } from "../../kit/cleanup.ts";
import { DittoError } from "../../kit/errors.ts";
import { withLock } from "../../kit/lock.ts";
import { homeId } from "../../kit/state.ts";
import type { CloneMethod, StorageWish } from "../index.ts";
import { createPool, type KnownPool, type OpenPool, openPool } from "../storage/pool.ts";
import { findVolume, openVolume, probeReflink } from "../storage/volume.ts";
import type { Yard } from "../storage/yard.ts";
import type { ContainerCli } from "./cli.ts";

/**
 * The tree in which a new base goes; undefined means image layers. `auto`: the daemon's own file system where it shares
 * blocks, else the pool where there is one, else layers. A configured `pool` is the consent to make it.
 */
export async function chooseYard(cli: ContainerCli, wish: StorageWish, image: string): Promise<Yard | undefined> {
  const home = await homeId();
  if (wish === "image") return undefined;
  if (wish === "pool") return poolYard(await openOrCreate(cli));
  if (wish === "copy" || wish === "reflink") return alone(() => openVolume(cli, home, { image, wish }));
  const shared = (await onExt(cli)) ? undefined : await alone(() => probeReflink(cli, home, image));
  return shared ?? existingPool(cli);
}

/** True where the daemon's own file system is known to share no blocks, which spares the trial in a container. */
export async function onExt(cli: ContainerCli): Promise<boolean> {
  const status = cli.tool === "docker" ? ".DriverStatus" : ".Store.GraphStatus";
  return /"extfs"/.test((await cli(["info", "--format", `{{json ${status}}}`], { check: false })).stdout);
}

/** One at a time, and to its end: what is cut off in the middle may make a volume that nobody removes. */
function alone<T>(look: () => Promise<T>): Promise<T> {
  return withLock("files", () => finish(look));
}

/** The tree in which a frozen directory lies; `known` spares the question where the pool is. */
export async function yardOf(
  cli: ContainerCli,
  from: { method: CloneMethod; image: string; pool?: KnownPool },
): Promise<Yard | undefined> {
  if (from.method === "image") return undefined;
  const home = await homeId();
  if (from.method !== "pool") return openVolume(cli, home, { image: from.image, wish: from.method });
  const pool = await openPool(cli, home, from.pool ? { known: from.pool } : {});
  if (pool) return poolYard(pool);
  throw new DittoError("Cannot open the pool: it is gone, with every base and copy in it", {
    code: "POOL_MISSING",
    hint: 'Run "bun scripts/pool.ts create", then "bun scripts/reseed.ts"',
  });
}

/** Every tree that this state folder has on the daemon. */
export async function existingYards(cli: ContainerCli): Promise<Yard[]> {
  const [pool, volume] = await Promise.all([existingPool(cli), findVolume(cli, await homeId())]);
  return [pool, volume].filter((yard) => yard !== undefined);
}

async function existingPool(cli: ContainerCli): Promise<Yard | undefined> {
  const pool = await openPool(cli, await homeId());
  return pool && poolYard(pool);
}

async function openOrCreate(cli: ContainerCli): Promise<OpenPool> {
  const home = await homeId();
  const there = await openPool(cli, home);
  if (there) return there;
  return withLock("pool", async () => {
    const meanwhile = await openPool(cli, home);
    if (meanwhile) return meanwhile;
    await createPool(cli, { home });
    const made = await openPool(cli, home);
    if (made) return made;
    throw new DittoError("Cannot open the pool: it is gone again", {
      code: "POOL_FAILED",
      hint: "Run the command again",
    });
  });
}

function poolYard(pool: OpenPool): Yard {
  const { create, clone, cloneLive, rename, freeze, remove, exists, usage, list, sweep } = pool;
  return {
    method: "pool",
    get mountpoint() {
      return pool.mountpoint;
    },
    get known() {
      return { mountpoint: pool.mountpoint, filesystem: pool.filesystem };
    },
    repair: () => pool.repair({ remount: true }),
    ...{ create, clone, cloneLive, rename, freeze, remove, exists, usage, list, sweep },
  };
}
