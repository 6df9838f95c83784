// Runs every test on a machine that has only Bun: installs the dependencies, provisions what the live tests need, runs
// `bun test`, and names at the end whatever was skipped. Its own imports must work before anything is installed.
//   bun test/run.ts [--soak] [filter or bun test flag]…
// --soak sets DITTO_TEST_SOAK=1, with which tests take all their fixtures, servers and seeds.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Missing } from "./provision/report.ts";

interface Run {
  status: number;
  passed: number;
  failed: number;
  skipped: number;
  /** Test file → names of its skipped tests. */
  skippedTests: Map<string, string[]>;
}

const ROOT = join(import.meta.dir, "..");

/** One live test may reseed a gigabyte; what hangs for longer than this hangs for ever. */
const TEST_TIMEOUT_MS = 600_000;

/** Files that run side by side, each with its own state folder and servers; one of them is always waiting for a server. */
const WORKERS = availableParallelism() + 1;

async function main(args: string[]): Promise<number> {
  const inCi = process.env.CI === "true";
  const soak = args.includes("--soak");
  await installDependencies();
  const missing = await provisionMachine();
  const run = await runTests(
    args.filter((arg) => arg !== "--soak"),
    soak ? { DITTO_TEST_SOAK: "1" } : {},
  );
  reportSkipped(run.skippedTests, missing);
  const incomplete = inCi && (missing.length > 0 || run.skipped > 0);
  if (incomplete) console.error("CI skips nothing: something was missing or skipped, so this run has failed.");
  console.log(`${run.passed} passed, ${run.failed} failed${run.skipped > 0 ? `, ${run.skipped} skipped` : ""}`);
  return run.status !== 0 ? run.status : incomplete ? 1 : 0;
}

async function installDependencies(): Promise<void> {
  if (existsSync(join(ROOT, "node_modules"))) return;
  const install = Bun.spawn([process.execPath, "install", "--frozen-lockfile"], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: Bun.stderr,
    stderr: "inherit",
  });
  if ((await install.exited) !== 0) throw new Error("bun install failed");
}

/** What could not be provisioned makes tests skip; it does not keep the others from running. */
async function provisionMachine(): Promise<Missing[]> {
  const { provision } = await import("./provision.ts");
  try {
    return (await provision()).missing;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ what: "provisioning", why, fix: "bun test/provision.ts" }];
  }
}

async function runTests(args: string[], env: Record<string, string>): Promise<Run> {
  const report = join(tmpdir(), `ditto-test-${process.pid}.xml`);
  const { cacheFolder } = await import("./provision/report.ts");
  const { endSharedRun, sharedRun } = await import("./live/support/shared-base.ts");
  const flags = [
    `--timeout=${TEST_TIMEOUT_MS}`,
    `--parallel=${WORKERS}`,
    // The next run begins with what took longest in this one, so that none ends with a single file at work.
    ...[`--timings=${join(cacheFolder(), "timings.json")}`, "--update-timings"],
    "--reporter=junit",
    `--reporter-outfile=${report}`,
  ];
  const child = Bun.spawn([process.execPath, "test", ...flags, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...sharedRun(), ...env },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGTERM", forward);
  // A terminal sends its interrupt to bun test as well: stay to report how that ended.
  process.on("SIGINT", () => {});
  try {
    const said = await echoed(child.stderr);
    const status = await child.exited;
    return { ...countsIn(said, status), status, skippedTests: skippedIn(report) };
  } finally {
    rmSync(report, { force: true });
    await endSharedRun();
  }
}

/** Passes the stream on as it comes and returns its end, where the summary stands. */
async function echoed(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let end = "";
  for await (const chunk of stream) {
    process.stderr.write(chunk);
    end = (end + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  return end;
}

function countsIn(output: string, status: number): Pick<Run, "passed" | "failed" | "skipped"> {
  const count = (what: string) => Number(new RegExp(`^ *(\\d+) ${what}$`, "m").exec(Bun.stripANSI(output))?.[1] ?? 0);
  const failed = count("fail");
  // A bun test that died, or found no file, prints no summary, and nobody may read that as "0 failed".
  return { passed: count("pass"), failed: failed === 0 && status !== 0 ? 1 : failed, skipped: count("skip") };
}

function skippedIn(report: string): Map<string, string[]> {
  const skipped = new Map<string, string[]>();
  if (!existsSync(report)) return skipped;
  const pattern = /<testcase name="([^"]*)"[^>]* file="([^"]*)"[^>]*>\s*<skipped \/>/g;
  for (const [, name = "", file = ""] of readFileSync(report, "utf8").matchAll(pattern)) {
    skipped.set(file, [...(skipped.get(file) ?? []), unescapeXml(name)]);
  }
  return skipped;
}

function unescapeXml(text: string): string {
  const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (entity, name: string) => characters[name] ?? entity);
}

function reportSkipped(skippedTests: Map<string, string[]>, missing: Missing[]): void {
  if (skippedTests.size === 0 && missing.length === 0) return;
  console.error(`\n${"!".repeat(30)} NOT EVERYTHING WAS TESTED ${"!".repeat(30)}`);
  for (const [file, names] of skippedTests) {
    console.error(
      `SKIPPED ${file}: ${names.length} test(s): ${names.slice(0, 3).join("; ")}${names.length > 3 ? "; …" : ""}`,
    );
  }
  for (const { what, why, fix } of missing) console.error(`MISSING ${what}: ${why}\n        fix: ${fix}`);
  console.error("!".repeat(86));
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  console.log("0 passed, 1 failed");
  return 1;
});
