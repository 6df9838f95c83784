#!/usr/bin/env bun
/**
 * Makes a base: reads the source (or a dump), restores it into an empty server, verifies every row, and freezes it.
 *
 * Usage:
 *   bun scripts/reseed.ts                      read the configured source
 *   bun scripts/reseed.ts --from FILE          load a dump or SQL file instead (.sql, .gz, .zst, pg_dump custom or directory)
 *   bun scripts/reseed.ts --check              say what the rules would mask and what looks personal without one
 *   bun scripts/reseed.ts --from s3://bucket/key | https://host/path      fetch such a file first
 *
 * Options:
 *   --from FILE|KEY|URL  a path or address, a dump key, or "store" for the newest dump of this source
 *   --rebuild            build a base of this dump also where there is one already
 *   --raw-on-disk        lay the rows of a raw file on this machine's disk while they are masked, not in its memory
 *   --check              apply the rules (obfuscation.rules) and look for personal columns that they leave out, without dumping
 *   --new-key            mask with another key than the last base's: every pseudonym changes
 *   --report FILE        write what was masked, and how that was proven, as one HTML page
 *   --schema-only        definitions without rows
 *   --verify HOW         counts (the default): the base holds the rows that were read, by number and hash; full: the
 *                        source counts its rows once more, in the moment that was dumped
 *   --jobs N             parallel jobs of pg_dump and pg_restore (default: the processors, at most 4)
 *   --config PATH  --source NAME  --runtime auto|docker|podman|native  --json  --yes  --quiet  --verbose  --help  --version
 *
 * Exit codes: 0 done · 1 failed (the previous base is untouched, unless it says otherwise) · 2 bad usage or configuration
 * · 130/143 interrupted
 */
import { type Call, flags, script } from "../lib/kit/cli.ts";
import { usageError } from "../lib/kit/errors.ts";

const reseedFlags = flags({
  from: { type: "string" },
  check: { type: "boolean" },
  "new-key": { type: "boolean" },
  report: { type: "string" },
  "schema-only": { type: "boolean" },
  rebuild: { type: "boolean" },
  "raw-on-disk": { type: "boolean" },
  verify: { type: "string", choices: ["counts", "full"] },
  jobs: { type: "integer", min: 1, max: 64 },
});

await script(import.meta, {
  flags: reseedFlags,
  run: main,
});

async function main(call: Call<typeof reseedFlags>): Promise<void> {
  refuseReportOfNothing(call);
  const { loadConfig } = await import("../lib/kit/config.ts");
  const { prepareReseed } = await import("../lib/bases/prepare.ts");
  const { checkRules, reseed } = await import("../lib/bases/reseed.ts");
  const { baseIdsInUse } = await import("../lib/copies/in-use.ts");
  const { requireAllowance } = await import("../lib/copies/disk-limit.ts");
  const { reportFailure } = await import("../lib/bases/failure.ts");
  const { describeBase } = await import("../lib/bases/describe.ts");
  const { describeReview } = await import("../lib/bases/describe-review.ts");

  const config = await loadConfig(call);
  try {
    if (!call.flags.check) await requireAllowance(config, "reseed");
    const request = await prepareReseed(config, call, baseIdsInUse);
    if (call.flags.check) {
      const review = describeReview(await checkRules(request));
      request.endSteps();
      return call.answer(review.json, () => review.text);
    }
    const begun = Date.now();
    const base = await reseed(request);
    const built = Date.parse(base.createdAt) >= begun;
    call.answer({ ...describeBase(base).json, built }, () => describeBase(base).text);
  } catch (error) {
    if (!call.flags.check) await reportFailure(config, error, call);
    throw error;
  }
}

/** A wish that changes nothing would be believed to have done something. */
function refuseReportOfNothing({ flags: { check, report } }: Call<typeof reseedFlags>): void {
  if (check && report !== undefined)
    throw usageError(
      "Cannot use --report with --check: it tells what was masked, and nothing is",
      "Leave one of them out; with --json a check prints what it found",
    );
}
