#!/usr/bin/env bun
/**
 * Checks everything that a reseed needs: configuration, runtime, storage, source, privileges, tools, dump and disk. What is
 * wrong comes with what to do about it; privileges that are missing come as the statements that give them.
 *
 * Usage:
 *   bun scripts/doctor.ts
 *
 * Options:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 nothing is wrong · 1 something is · 2 bad usage · 130/143 interrupted
 */
import { type Call, script } from "../lib/kit/cli.ts";

await script(import.meta, { run: main });

async function main(call: Call): Promise<number> {
  const [{ diagnose }, { renderDiagnosis }] = await Promise.all([
    import("../lib/copies/doctor.ts"),
    import("../lib/copies/doctor-text.ts"),
  ]);
  const diagnosis = await diagnose(call);
  call.answer(diagnosis, renderDiagnosis);
  return diagnosis.ok ? 0 : 1;
}
