import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run, start } from "../../../lib/kit/exec.ts";
import { type Owner, self } from "../../../lib/runtime/native/privileges.ts";
import { hostToolbox } from "../../../lib/runtime/native/tools.ts";

const isRoot = process.getuid?.() === 0;
const owner: Owner = isRoot ? { uid: 65534, gid: 65534 } : self();
let folder: string;
let bin: string;
let work: string;
const toolbox = () => hostToolbox({ owner, bin: [bin], work });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ditto-tools-"));
  await chmod(folder, 0o711);
  [bin, work] = [join(folder, "bin"), join(folder, "work")];
  await mkdir(bin);
  await mkdir(work, { mode: 0o700 });
  await chown(work, owner.uid, owner.gid);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const sh = (script: string, ...args: string[]) => ({ tool: "sh", args: ["-c", script, "sh", ...args] });

describe("a tool", () => {
  test("runs as the server's user, for good, in its own folder", async () => {
    const { stdout } = await toolbox().run(sh("id -u; id -g; id -G; pwd; umask; grep NoNewPrivs /proc/self/status"));
    const [uid, gid, groups, directory, umask, locked] = stdout.split("\n");
    expect([uid, gid, directory, umask]).toEqual([`${owner.uid}`, `${owner.gid}`, work, "0077"]);
    if (!isRoot) return;
    expect(groups).toBe(`${owner.gid}`);
    expect(locked).toMatch(/1$/);
  });

  test("runs as root only when that is asked for", async () => {
    const { stdout } = await toolbox().run({ tool: "id", args: ["-u"] }, { asRoot: true });
    expect(stdout.trim()).toBe(`${process.getuid?.()}`);
  });

  test("sees nothing of ditto's environment", async () => {
    process.env.DITTO_SOURCE_PASSWORD = "swordfish";
    const { stdout } = await toolbox().run({ tool: "env", args: [], env: { PGPASSWORD: "own" } });
    delete process.env.DITTO_SOURCE_PASSWORD;
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0] ?? "");
    expect(names.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)).sort()).toEqual([
      "HOME",
      "LC_ALL",
      "PATH",
      "PGPASSWORD",
      "TMPDIR",
      "TZ",
    ]);
    expect(stdout).toContain(`PATH=${bin}:`);
  });

  test("ends with its own status, and 128+n after a signal", async () => {
    expect((await toolbox().run(sh("exit 7"))).status).toBe(7);
    expect((await toolbox().run(sh("exit 7"), { input: "" })).status).toBe(7);
    expect((await toolbox().run(sh("kill -KILL $$"))).status).toBe(137);
    expect((await toolbox().run(sh("kill -KILL $$"), { input: "" })).status).toBe(137);
  });

  test("gets its input, and its arguments as they are", async () => {
    const words = ["a b", "$HOME", "`id`", "'", ""];
    const { stdout } = await toolbox().run(sh('cat; printf "<%s>" "$@"', ...words), { input: "rows\n" });
    expect(stdout).toBe(`rows\n${words.map((word) => `<${word}>`).join("")}`);
  });

  test("takes more input than a pipe holds", async () => {
    const { stdout } = await toolbox().run({ tool: "wc", args: ["-c"] }, { input: "x".repeat(3_000_000) });
    expect(stdout.trim()).toBe("3000000");
  });

  test("has its secret in a file of 0600 that is gone afterwards, whatever its end", async () => {
    const script = 'cat "$1"; stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; env | grep swordfish; exit 3';
    const command = { ...sh(script, "{secretFile}"), secretFile: "password=swordfish\n" };
    for (const options of [{}, { input: "" }]) {
      const { status, stdout } = await toolbox().run(command, options);
      expect([status, stdout]).toEqual([3, "password=swordfish\n600\n"]);
    }
    const child = await toolbox().start({ ...sh("sleep 100"), secretFile: "swordfish" });
    await until(async () => (await readdir(work)).some((name) => name.startsWith(".secret")));
    child.kill();
    await child.done;
    expect(await readdir(work)).toEqual([]);
  });

  test("leaves no secret when it is ended as it begins", async () => {
    for (let ms = 0; ms < 30; ms++) {
      const child = await toolbox().start({ ...sh("sleep 100"), secretFile: "swordfish" });
      await Bun.sleep(ms / 3);
      child.kill();
      const { status } = await child.done;
      expect({ ms, status, left: await readdir(work) }).toEqual({ ms, status: 143, left: [] });
    }
  });

  test("that isn't there is named with a way out", async () => {
    const attempt = toolbox().run({ tool: ["no-such-tool", "nor-this"], args: [] });
    await expect(attempt).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: 'Cannot run "no-such-tool" or "nor-this": it is not installed on this host',
    });
  });

  test("is taken from the server's folder before PATH, by the first name that is found", async () => {
    await stub("env", "echo ours");
    expect((await toolbox().run({ tool: ["no-such-tool", "env"], args: [] })).stdout).toBe("ours\n");
    await rm(join(bin, "env"));
  });

  test("that reads SQL can't start a process: its language has commands for that", async () => {
    await stub("psql", "read -r line; echo before; (touch escaped); /bin/echo after; exit 0");
    const { stdout } = await toolbox().run({ tool: "psql", args: [] }, { input: "\\! touch escaped\n" });
    expect(stdout).toBe("before\n");
    expect(await readdir(work)).toEqual([]);
  });
});

describe("a tool ends with all that it started", () => {
  const family = "sleep 321 & echo $! > grandchild; echo $$ > child; wait";

  test("when it is killed", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const child = await toolbox().start(sh(family));
      const pids = await familyOf();
      child.kill(signal);
      expect((await child.done).status).toBe(signal === "SIGTERM" ? 143 : 137);
      await gone(pids);
    }
  });

  test("when its time is over", async () => {
    const result = await toolbox().run(sh(family), { timeoutMs: 200 });
    expect(result.timedOut).toBe(true);
    await gone(await familyOf());
  });

  test("when its toolbox is closed", async () => {
    const tools = toolbox();
    await tools.start(sh(family));
    const pids = await familyOf();
    await tools.close();
    await gone(pids);
  });

  test("when ditto is killed without a chance to clean up", async () => {
    const script = join(folder, "killed.ts");
    const module = resolve(import.meta.dir, "../../../lib/runtime/native/tools.ts");
    const place = JSON.stringify({ owner, bin: [], work });
    await writeFile(
      script,
      `import { hostToolbox } from ${JSON.stringify(module)};
      const tool = await hostToolbox(${place}).start(${JSON.stringify(sh(family))});
      await tool.done;`,
    );
    const ditto = start([process.execPath, script]);
    const pids = await familyOf();
    ditto.kill("SIGKILL");
    await ditto.done;
    await gone(pids);
  });

  /** The pids that the script has written down, when both are there. */
  async function familyOf(): Promise<number[]> {
    const read = async (name: string) => Number(await readFile(join(work, name), "utf8").catch(() => ""));
    await until(async () => (await read("child")) > 0 && (await read("grandchild")) > 0);
    const pids = [await read("child"), await read("grandchild")];
    await rm(join(work, "child"));
    await rm(join(work, "grandchild"));
    return pids;
  }

  async function gone(pids: number[]): Promise<void> {
    for (const pid of pids) await until(async () => !(await alive(pid)));
  }
});

async function stub(name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await chmod(join(bin, name), 0o755);
}

/** False for one that ended and waits for init to collect it, which can take seconds. */
async function alive(pid: number): Promise<boolean> {
  const { stdout } = await run(["ps", "-o", "state=", "-p", String(pid)], { check: false });
  return !["", "Z"].includes(stdout.trim().slice(0, 1));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await condition()); await Bun.sleep(10)) {
    if (Date.now() > end) throw new Error(`waited too long for ${condition}`);
  }
}
