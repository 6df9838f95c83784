import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../lib/kit/exec.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-exec-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A shell that has started two others, which hold its streams; the last one's pid is in the file. */
const shell = (pidFile: string) => `echo begun; sleep 30 & echo $! > ${pidFile}; sleep 30; true`;

/** Ends as a zombie where nobody reaps it. */
function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

const pidIn = (file: string) => Number(readFileSync(file, "utf8"));

async function untilTrue(claim: () => boolean): Promise<void> {
  for (const begun = Date.now(); !claim() && Date.now() - begun < 5_000; ) await Bun.sleep(20);
  expect(claim()).toBe(true);
}

test("a time limit holds although somebody whom the process has started holds its streams", async () => {
  const pidFile = join(folder, "held");
  const begun = Date.now();
  const result = await run(["sh", "-c", shell(pidFile)], { timeoutMs: 300, check: false });
  expect(Date.now() - begun).toBeLessThan(3_000);
  expect(result).toMatchObject({ timedOut: true, status: 137, stdout: "begun\n" });
  process.kill(pidIn(pidFile));
});

test("a group is ended as a whole at its time limit", async () => {
  const pidFile = join(folder, "limited");
  const begun = Date.now();
  await expect(run(["sh", "-c", shell(pidFile)], { timeoutMs: 300, group: true, purpose: "ask" })).rejects.toThrow(
    "Cannot ask: no answer within 0.3 s",
  );
  expect(Date.now() - begun).toBeLessThan(3_000);
  await untilTrue(() => !lives(pidIn(pidFile)));
});

test("a group whose leader has ended is ended too while it holds the streams", async () => {
  const pidFile = join(folder, "orphan");
  const { timedOut } = await run(["sh", "-c", `sleep 30 & echo $! > ${pidFile}`], {
    ...{ timeoutMs: 300, group: true, check: false },
  });
  expect(timedOut).toBe(true);
  await untilTrue(() => !lives(pidIn(pidFile)));
});

test("a group is ended when the command is interrupted, though a terminal's Ctrl-C doesn't reach it", async () => {
  const pidFile = join(folder, "interrupted");
  const script = join(folder, "script.ts");
  const from = (file: string) => JSON.stringify(join(import.meta.dir, "../../../lib/kit", file));
  writeFileSync(
    script,
    `/** Waits. */
    import { script } from ${from("cli.ts")};
    import { run } from ${from("exec.ts")};
    await script(import.meta, { flags: {}, run: async () => {
      await run(["sh", "-c", ${JSON.stringify(shell(pidFile))}], { group: true });
    } });`,
  );
  const child = Bun.spawn([process.execPath, script], { stdout: "ignore", stderr: "ignore" });
  await untilTrue(() => existsSync(pidFile) && pidIn(pidFile) > 0);
  expect(lives(pidIn(pidFile))).toBe(true);
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  await untilTrue(() => !lives(pidIn(pidFile)));
});
