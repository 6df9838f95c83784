#!/usr/bin/env bun
/**
 * Bases: the frozen data directories that copies are made of. Lists them, chooses one, deletes them, and takes them to
 * another machine as one file, where they are ready without a restore.
 *
 * Usage:
 *   bun scripts/base.ts list                    the bases of this state folder
 *   bun scripts/base.ts use BASE                what "copy create" takes by default, until a newer base is made
 *   bun scripts/base.ts delete BASE…            remove bases that no copy stands on; their dumps stay
 *   bun scripts/base.ts export [BASE] FILE      write a base (default: the current one) into one file
 *   bun scripts/base.ts import FILE             make it a base of this project and source, the one that create takes
 *
 * A base is named by its id or a unique beginning of it. A file holds what the base holds: unmasked rows, if it is not
 * masked. It is imported where the processor, the database's release and the C library are those of the export.
 *
 * Options:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, script } from "../lib/kit/cli.ts";

await script(import.meta, {
  verbs: {
    list: { run: list },
    use: { positionals: [1, 1], argument: "BASE", run: use },
    delete: { positionals: [1, 999], argument: "BASE", run: remove },
    export: { positionals: [1, 2], argument: "FILE", run: exportOne },
    import: { positionals: [1, 1], argument: "FILE", run: importOne },
  },
});

async function list(call: Call): Promise<void> {
  const { listBases } = await import("../lib/copies/bases.ts");
  const { json, text } = await listBases();
  call.answer(json, () => text);
}

async function use(call: Call): Promise<void> {
  const { config, bases, describeBase } = await open(call);
  const { chooseBase } = await import("../lib/bases/choice.ts");
  const base = await bases.findOwnBase(call.positionals[0] ?? "", config);
  await chooseBase(base);
  call.answer(describeBase(base).json, () => `Copies of "${base.project}" are now made of base ${base.id}`);
}

async function remove(call: Call): Promise<void> {
  const { bases, describeBase } = await open(call);
  const gone = await bases.deleteBases(call);
  call.answer(
    gone.map((base) => describeBase(base).json),
    () => gone.map(({ id }) => `Deleted base ${id}`).join("\n"),
  );
}

async function exportOne(call: Call): Promise<void> {
  const { config, bases, log } = await open(call);
  const { exportBase, describeExport } = await import("../lib/bases/export.ts");
  const { base, file } = await bases.baseAndFile(call.positionals, config);
  const written = await exportBase(base, file, log.step);
  log.end();
  call.answer({ base_id: base.id, ...written }, () => describeExport(base, written));
}

async function importOne(call: Call): Promise<void> {
  const { config, describeBase, log } = await open(call);
  const [{ importBase }, { openRuntime }, { baseIdsInUse }] = await Promise.all([
    import("../lib/bases/import.ts"),
    import("../lib/runtime/open.ts"),
    import("../lib/copies/in-use.ts"),
  ]);
  const { runtime, why } = await openRuntime(call.runtimeName ?? config.runtime, call.say);
  call.say(`Runtime: ${why}`);
  const inUse = async ({ id }: { id: string }) => (await baseIdsInUse()).has(id);
  const base = await importBase(call.positionals[0] ?? "", { config, runtime, step: log.step, say: call.say, inUse });
  log.end();
  call.answer(describeBase(base).json, () => describeBase(base).text);
}

async function open(call: Call) {
  const [bases, { loadConfig }, { describeBase }, { stepLog }] = await Promise.all([
    import("../lib/copies/bases.ts"),
    import("../lib/kit/config.ts"),
    import("../lib/bases/describe.ts"),
    import("../lib/bases/steps.ts"),
  ]);
  return { bases, config: await loadConfig(call), describeBase, log: stepLog() };
}
