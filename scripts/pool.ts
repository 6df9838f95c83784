#!/usr/bin/env bun
/**
 * The pool: one file in a volume of docker or podman, in which bases and copies share their blocks, so that a copy is
 * made in milliseconds and reads at full speed on a machine whose own file system can't do that.
 *
 * Usage:
 *   bun scripts/pool.ts create [--size 20G]     make it; reserved on the disk, so that no server runs out beneath
 *   bun scripts/pool.ts status                  size, use, file system, and whether it is attached
 *   bun scripts/pool.ts grow --size 40G         enlarge it while it is in use
 *   bun scripts/pool.ts delete                  remove it with every base and copy in it
 *
 * Options:
 *   --size SIZE          its size (default: the smaller of 20 GB and a quarter of the free space)
 *   --sparse             create only: don't reserve the space. On a full disk servers then LOSE COMMITTED DATA
 *   --filesystem FS      create only: auto, btrfs or xfs
 *   --tools-image NAME   create only: an image with btrfs-progs and xfsprogs, instead of building one
 *   --config PATH  --source NAME  --runtime auto|docker|podman  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const createFlags = flags({
  size: { type: "size" },
  sparse: { type: "boolean" },
  filesystem: { type: "string", choices: ["auto", "btrfs", "xfs"] },
  "tools-image": { type: "string" },
});
const growFlags = flags({ size: { type: "size" } });

await script(import.meta, {
  verbs: {
    create: { flags: createFlags, run: create },
    status: { run: status },
    grow: { flags: growFlags, run: grow },
    delete: { run: remove },
  },
});

async function create(call: Call<typeof createFlags>): Promise<void> {
  const { pools, pool } = await open(call);
  const { size, sparse, filesystem } = call.flags;
  if (sparse) await pools.consentToSparse(call);
  const toolsImage = call.flags["tools-image"];
  const made = await pool.create({
    sparse,
    ...(size === undefined ? {} : { size }),
    ...(filesystem === undefined ? {} : { filesystem }),
    ...(toolsImage === undefined ? {} : { toolsImage }),
  });
  call.answer(pools.poolJson(made), () => pools.renderPool(made));
}

async function status(call: Call): Promise<void> {
  const { pools, pool } = await open(call);
  const found = await pool.status();
  call.answer(found ? pools.poolJson(found) : null, () => pools.renderPool(found));
}

async function grow(call: Call<typeof growFlags>): Promise<void> {
  const { pools, pool } = await open(call);
  const grown = await pool.grow(pools.wantedSize(call.flags.size));
  call.answer(pools.poolJson(grown), () => pools.renderPool(grown));
}

async function remove(call: Call): Promise<void> {
  const { pools, pool } = await open(call);
  await pools.consentToDelete(call, await pool.status());
  await pool.delete();
  call.answer({ deleted: true }, () => "Deleted the pool");
}

async function open(call: Call) {
  const [pools, { loadConfig }] = await Promise.all([import("../lib/copies/pools.ts"), import("../lib/kit/config.ts")]);
  return { pools, pool: await pools.openPools(await loadConfig(call), call) };
}
