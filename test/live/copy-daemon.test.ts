import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../lib/runtime/private-dockerd.ts";
import { readProvisioned } from "../provision/report.ts";
import { countItems, ITEMS } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const image = readProvisioned().images["postgres:17"];
const missing = whyNoPrivateDockerd() ?? (image === undefined ? "no image of postgres:17" : undefined);
const SEED = join(import.meta.dir, "../fixtures/copies/postgres.sql");

const DOWN = {
  status: 1,
  stdout: "",
  stderr: expect.stringMatching(/^Cannot .*: the docker daemon does not answer\nStart docker/),
};

describe.skipIf(missing !== undefined)(`a Docker daemon that stops${missing ? ` (${missing})` : ""}`, () => {
  let daemon: PrivateDockerd;
  let project: Project;

  beforeAll(async () => {
    daemon = await startPrivateDockerd({ images: [image ?? ""] });
    project = await makeProject({ runtime: "docker", copy: { image }, dump: { roles: "keep" } });
    expect(await run("reseed", "--from", SEED)).toMatchObject({ status: 0 });
  });
  afterAll(async () => {
    await daemon?.stop();
    await project?.remove();
  });

  const onDaemon = () => ({ env: { DOCKER_HOST: daemon.host, DITTO_NO_SWEEP: "1" } });
  const run = (script: string, ...args: string[]) => project.run(script, args, onDaemon());
  const create = async (...args: string[]) => {
    const { stdout } = await project.must("copy", ["create", ...args], onDaemon());
    return stdout.trim();
  };

  const halt = async () => {
    const pid = Number(readFileSync(join(dirname(daemon.dataRoot), "docker.pid"), "utf8"));
    process.kill(pid, "SIGKILL");
    await until(async () => (await daemon.docker(["version"])).status !== 0);
  };

  /** What carries ditto's label, without the base and the network. */
  const leftovers = async () => {
    const label = ["--filter", "label=ditto.managed=true", "--format"];
    const lists = [
      ["ps", "-a", ...label, "{{.Names}}"],
      ["volume", "ls", ...label, "{{.Name}}"],
    ];
    const found = await Promise.all(lists.map((list) => daemon.docker(list)));
    const files = project.files().filter((file) => /^copies\/.|\.(tmp|partial)$/.test(file));
    return [...found.flatMap(({ stdout }) => stdout.split("\n").filter(Boolean)), ...files];
  };

  const expectNothingLeft = async () => {
    await project.must("copy", ["prune"], onDaemon());
    expect(await leftovers()).toEqual([]);
    const url = await create("--name", "next");
    expect(await countItems(url)).toBe(ITEMS);
    expect(await run("copy", "delete", "next")).toMatchObject({ status: 0 });
  };

  test("is said by every command that needs it, and what is only looked up still works", async () => {
    const url = await create("--name", "before");
    await halt();
    const calls = [
      ["create"],
      ["sql", "before", "-c", "SELECT 1"],
      ["logs", "before", "--server"],
      ["shell", "before"],
      ["delete", "before"],
    ];
    for (const call of calls) expect({ call, ...(await run("copy", ...call)) }).toMatchObject({ call, ...DOWN });
    expect(await run("reseed", "--from", SEED)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Cannot use docker/),
    });
    expect(await run("copy", "run", "--", "true")).toMatchObject({ ...DOWN, status: 125 });
    expect(await run("copy", "url", "before")).toMatchObject({ status: 0, stdout: `${url}\n` });
    expect(await run("copy", "list")).toMatchObject({ status: 0, stdout: expect.stringMatching(/before/) });
    expect((await run("copy", "prune")).status).toBe(1);
    await daemon.restart();
    expect((await run("copy", "prune")).stdout).toContain("copy before");
    await expectNothingLeft();
  });

  for (const [script, args, moments] of [
    ["copy", ["create"], [300, 700]],
    ["copy", ["run", "--", "sleep", "2"], [1_500]],
    ["reseed", ["--from", SEED, "--rebuild"], [1_000, 3_000]],
  ] as const) {
    test(`in the middle of ${script} ${args[0]} fails it in words, and leaves nothing that prune can't remove`, async () => {
      for (const ms of moments) {
        const running = project.start(script, [...args], onDaemon());
        await Bun.sleep(ms);
        await halt();
        const { status, stderr } = await running.done;
        if (status !== 0) expect({ ms, stderr }).toMatchObject({ ms, stderr: expect.stringMatching(/^Cannot /m) });
        expect(stderr).not.toMatch(/^ +at /m);
        await daemon.restart({ crash: true });
        // What was handed out before the end is a copy like any other.
        if (status === 0) await project.must("copy", ["delete", "--all", "--yes"], onDaemon());
        await expectNothingLeft();
      }
    });
  }
});
