#!/usr/bin/env bun
/**
 * Snapshots: save points of a copy. One is taken in a moment while the copy goes on with its connections, holds every
 * commit that was acknowledged before, and can be gone back to again and again.
 *
 * Usage:
 *   bun scripts/snapshot.ts create COPY [NAME]          freeze the copy as it is now (default name: the moment)
 *   bun scripts/snapshot.ts list [COPY]                 the snapshots, and what they came after
 *   bun scripts/snapshot.ts rollback COPY [--to NAME]   back to a snapshot (default: the last), on the same URL
 *   bun scripts/snapshot.ts copy COPY/NAME OTHER        the same snapshot under another name
 *   bun scripts/snapshot.ts delete COPY/NAME…           remove snapshots that no copy stands on
 *   bun scripts/snapshot.ts export COPY/NAME FILE       write a snapshot into one file
 *   bun scripts/snapshot.ts import FILE                 take it in again, here or on another machine
 *
 * "bun scripts/copy.ts create" makes copies of a snapshot too. What was done in a copy after the snapshot is lost by a
 * rollback; take another snapshot first to keep it. copy.keep_snapshots (20) of a copy are kept, the oldest go.
 *
 * Options of create:
 *   --stop                  stop the server for it: UNLOGGED, MyISAM and Aria tables are then in it
 *   --allow-not-captured    take it without what a running server can't give (UNLOGGED, MEMORY, MyISAM, Aria tables with
 *                           rows, data files outside of the directory); without this flag that is an error
 *
 * Options of all:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const createFlags = flags({ stop: { type: "boolean" }, "allow-not-captured": { type: "boolean" } });
const rollbackFlags = flags({ to: { type: "string" } });

await script(import.meta, {
  verbs: {
    create: { positionals: [1, 2], argument: "COPY", flags: createFlags, run: create },
    list: { positionals: [0, 1], argument: "COPY", run: list },
    rollback: { positionals: [1, 1], argument: "COPY", flags: rollbackFlags, run: rollback },
    copy: { positionals: [2, 2], argument: "COPY/NAME", run: duplicate },
    delete: { positionals: [1, 999], argument: "COPY/NAME", run: remove },
    export: { positionals: [2, 2], argument: "COPY/NAME", run: exportOne },
    import: { positionals: [1, 1], argument: "FILE", run: importOne },
  },
});

async function create(call: Call<typeof createFlags>): Promise<void> {
  const { snapshots, config, scope } = await open(call);
  const [word = "", name] = call.positionals;
  const wishes = { name, stop: call.flags.stop, allowNotCaptured: call.flags["allow-not-captured"] };
  const copy = await snapshots.findCopy(word, scope);
  const taken = await snapshots.takeAndKeep(copy, wishes, { config, say: call.say });
  call.answer(snapshots.snapshotView(taken), () => snapshots.describeTaken(taken));
}

async function list(call: Call): Promise<void> {
  const { snapshots, scope } = await open(call);
  const [word] = call.positionals;
  const { json, text } = await snapshots.listSnapshots(word, scope);
  call.answer(json, () => text);
}

async function rollback(call: Call<typeof rollbackFlags>): Promise<void> {
  const { snapshots, scope } = await open(call);
  const copy = await snapshots.findCopy(call.positionals[0] ?? "", scope);
  const target = await snapshots.rollbackTarget(copy, call.flags.to);
  const back = await snapshots.rollBack(copy, target);
  call.say(`Copy ${back.name || back.id} is back on ${snapshots.pathOf(target)}, on the same URL`);
  await snapshots.answerCopy(call, back, call.json ? "json" : "pipe");
}

async function duplicate(call: Call): Promise<void> {
  const { snapshots, config, scope } = await open(call);
  const [word = "", name = ""] = call.positionals;
  const made = await snapshots.copySnapshot(await snapshots.findSnapshot(word, scope), name, config);
  call.answer(snapshots.snapshotView(made), () => `Copied ${word} to ${snapshots.pathOf(made)}`);
}

async function remove(call: Call): Promise<void> {
  const { snapshots, scope } = await open(call);
  const found = await Promise.all(call.positionals.map((word) => snapshots.findSnapshot(word, scope)));
  const gone = await snapshots.deleteSnapshots(call, found);
  call.answer(gone.map(snapshots.snapshotView), () =>
    gone.map((snapshot) => `Deleted ${snapshots.pathOf(snapshot)}`).join("\n"),
  );
}

async function exportOne(call: Call): Promise<void> {
  const { snapshots, scope } = await open(call);
  const [{ stepLog }, files] = await Promise.all([
    import("../lib/bases/steps.ts"),
    import("../lib/copies/snapshot-file.ts"),
  ]);
  const [word = "", file = ""] = call.positionals;
  const log = stepLog();
  const written = await files.exportSnapshot(await snapshots.findSnapshot(word, scope), file, log.step);
  log.end();
  call.answer(written, () => files.describeExport(word, written));
}

async function importOne(call: Call): Promise<void> {
  const { snapshots, config } = await open(call);
  const [{ stepLog }, { openRuntime }, { importSnapshot }] = await Promise.all([
    import("../lib/bases/steps.ts"),
    import("../lib/runtime/open.ts"),
    import("../lib/copies/snapshot-file.ts"),
  ]);
  const log = stepLog();
  const { runtime, why } = await openRuntime(call.runtimeName ?? config.runtime, call.say);
  call.say(`Runtime: ${why}`);
  const request = { config, runtime, step: log.step, say: call.say };
  const made = await importSnapshot(call.positionals[0] ?? "", request);
  log.end();
  const path = snapshots.pathOf(made);
  call.answer(snapshots.snapshotView(made), () => `Imported ${path}: "bun scripts/copy.ts create --from ${path}"`);
}

async function open(call: Call) {
  const [snapshots, { loadConfig }] = await Promise.all([
    import("../lib/copies/snapshots.ts"),
    import("../lib/kit/config.ts"),
  ]);
  const config = await loadConfig(call);
  return { snapshots, config, scope: { project: config.project, source: config.sourceName } };
}
