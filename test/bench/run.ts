#!/usr/bin/env bun
/**
 * Measures ditto on this machine, with real servers and generated databases. Never part of the tests: what it prints
 * depends on the machine and on what else runs there.
 *
 * Usage:
 *   bun run bench copy [options]               create, restore, first count, delete, memory, disk, reseed
 *   bun run bench copy --report [--markdown]   the last results once more, without measuring
 *   bun run bench mask [options]               reseeds of one big table with and without rules, in turn
 *   bun run bench workspace [options]          snapshot, rollback, reset, clone, and what clients see of it
 *
 * Options of copy:
 *   --engines LIST       of postgres, mysql, mariadb (default: all)
 *   --sizes LIST         of the generated rows, e.g. 10M,100M, or none (default: 10M,100M,1G)
 *   --files              also a Postgres database of 15,000 files
 *   --large              also 10 GB
 *   --methods LIST       of docker/pool, docker/image, native/reflink, native/copy, podman/image (default: all but podman's)
 *   --runs N             creates, first counts and deletes of each block (default: 10)
 *   --pairs N            reseeds of each block, each beside the engine's own dump and restore (default: 3)
 *   --startup-runs N     runs of --help and list (default: 20)
 *   --scratch DIR        where state folders lie meanwhile, on a real disk (default: /var/tmp/ditto-bench)
 *   --results FILE       where the figures go (default: test/bench/results/copy.json)
 *   --append             keep the blocks of an earlier run on this machine, and replace those that are measured again
 *   --report             print the results file; measure nothing
 *   --markdown           print the table as README.md has it
 *   --json  --quiet  --help  --version
 *
 * Options of mask: --engines, --scratch, and
 *   --rows N             of the table (default: 5,000,000)
 *   --pairs N            reseeds without and with rules (default: 3)
 *
 * Options of workspace: --engines, --files, --methods, --runs, --scratch, and
 *   --sizes LIST         of the generated rows (default: 10M,1G)
 *
 * Options of schema (2,000 tables read and compared with a changed twin): --postgres 15|17|18
 *
 * The servers are those that "bun test/provision.ts" found or made. What is missing is named and left out.
 *
 * Exit codes: 0 done · 1 a block failed (the others are in the results) · 2 bad usage · 130/143 interrupted
 */
import { type Call, flags, script } from "../../lib/kit/cli.ts";

const copyFlags = flags({
  engines: { type: "string" },
  sizes: { type: "string" },
  files: { type: "boolean" },
  large: { type: "boolean" },
  methods: { type: "string" },
  runs: { type: "integer", min: 1, max: 1000 },
  pairs: { type: "integer", min: 1, max: 100 },
  "startup-runs": { type: "integer", min: 1, max: 1000 },
  scratch: { type: "string" },
  results: { type: "string" },
  append: { type: "boolean" },
  report: { type: "boolean" },
  markdown: { type: "boolean" },
});

/** The flags of `bench copy`. */
export type CopyCall = Call<typeof copyFlags>;

const maskFlags = flags({
  engines: { type: "string" },
  rows: { type: "integer", min: 1000, max: 1_000_000_000 },
  pairs: { type: "integer", min: 1, max: 100 },
  scratch: { type: "string" },
});

/** The flags of `bench mask`. */
export type MaskCall = Call<typeof maskFlags>;

const workspaceFlags = flags({
  engines: { type: "string" },
  sizes: { type: "string" },
  files: { type: "boolean" },
  methods: { type: "string" },
  runs: { type: "integer", min: 1, max: 1000 },
  scratch: { type: "string" },
});

/** The flags of `bench workspace`. */
export type WorkspaceCall = Call<typeof workspaceFlags>;

const schemaFlags = flags({ postgres: { type: "string", choices: ["17", "18", "15"] } });

/** The flags of `bench schema`. */
export type SchemaCall = Call<typeof schemaFlags>;

await script(import.meta, {
  verbs: {
    copy: { flags: copyFlags, run: copy },
    mask: { flags: maskFlags, run: mask },
    workspace: { flags: workspaceFlags, run: workspace },
    schema: { flags: schemaFlags, run: schema },
  },
});

async function copy(call: CopyCall): Promise<number> {
  const { benchCopy } = await import("./copy.ts");
  return benchCopy(call);
}

async function mask(call: MaskCall): Promise<number> {
  const { benchMask } = await import("./mask.ts");
  return benchMask(call);
}

async function workspace(call: WorkspaceCall): Promise<number> {
  const { benchWorkspace } = await import("./workspace.ts");
  return benchWorkspace(call);
}

async function schema(call: SchemaCall): Promise<number> {
  const { benchSchema } = await import("./schema.ts");
  return benchSchema(call);
}
