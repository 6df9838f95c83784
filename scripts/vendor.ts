#!/usr/bin/env bun
/**
 * Copies this toolkit into another repository, where it runs on its own pinned packages, and updates such a copy without
 * losing what was edited there.
 *
 * Usage:
 *   bun scripts/vendor.ts DIR              copy scripts, lib, templates, package.json and lock file to DIR, or update DIR
 *   bun scripts/vendor.ts DIR --dry-run    only say what would be done
 *
 * DIR is a folder of its own in a git repository, e.g. ../app/tools/ditto. ditto.lock.json in it says what was copied. An
 * update replaces files that you left as they were, and keeps those that you edited; of a file that both have changed the
 * new one is written beside yours as FILE.new, its difference is shown, and the exit code is 3. What you deleted stays so.
 *
 * Options:
 *   --dry-run   show the plan and write nothing
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage, or DIR is refused · 3 something is to be merged · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";

const vendorFlags = flags({ "dry-run": { type: "boolean" } });

await script(import.meta, { flags: vendorFlags, positionals: [1, 1], argument: "DIR", run: main });

async function main(call: Call<typeof vendorFlags>): Promise<number> {
  const [{ openTarget }, { readToolkit }, { planVendor }, { writeVendor }, describe] = await Promise.all([
    import("../lib/vendor/target.ts"),
    import("../lib/vendor/toolkit.ts"),
    import("../lib/vendor/plan.ts"),
    import("../lib/vendor/write.ts"),
    import("../lib/vendor/describe.ts"),
  ]);
  const dryRun = call.flags["dry-run"];
  const target = await openTarget(call.positionals[0] ?? "");
  const toolkit = await readToolkit();
  const plan = await planVendor(target, toolkit);
  if (!dryRun) await writeVendor(plan, target.lock, toolkit.files);
  const answer = await describe.answerOf(plan, dryRun);
  call.answer(answer, describe.renderVendor);
  return describe.needsMerging(answer) ? 3 : 0;
}
