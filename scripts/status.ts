#!/usr/bin/env bun
/**
 * Shows how things stand: configuration, runtime, storage, dump, bases and copies with their ports and disk.
 *
 * Usage:
 *   bun scripts/status.ts
 *
 * Options:
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed · 2 bad usage or configuration · 130/143 interrupted
 */
import { type Call, script } from "../lib/kit/cli.ts";

await script(import.meta, { run: main });

async function main(call: Call): Promise<void> {
  const [{ loadConfig }, { readStatus }, { renderStatus }] = await Promise.all([
    import("../lib/kit/config.ts"),
    import("../lib/copies/status.ts"),
    import("../lib/copies/status-text.ts"),
  ]);
  const status = await readStatus(await loadConfig(call), call);
  call.answer(status, renderStatus);
}
