import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Diagnosis } from "../../lib/copies/doctor.ts";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../lib/runtime/private-dockerd.ts";
import { attempt } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { ask, type Copy, countItems, ITEMS } from "./support/ground.ts";
import { sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project, type RunOptions } from "./support/project.ts";
import { startSshd } from "./support/sshd.ts";

setDefaultTimeout(120_000);

const image = readProvisioned().images["postgres:17"];
const missing = whyNoPrivateDockerd() ?? (image === undefined ? "no image of postgres:17" : undefined);
const SEED = join(import.meta.dir, "../fixtures/copies/postgres.sql");

/** No address of this machine's own, as its interfaces tell: what is bound to 127.0.0.1 doesn't answer here. */
const ELSEWHERE = "127.0.0.2";

const UNREACHABLE = {
  status: 2,
  stdout: "",
  stderr: expect.stringMatching(
    /^Cannot reach copies: the docker daemon runs on "127\.0\.0\.2", and copy\.bind \(127\.0\.0\.1\) .*\nSet copy\.bind to 127\.0\.0\.2, to 0\.0\.0\.0/,
  ),
};

describe.skipIf(missing !== undefined)(`a Docker daemon on another machine${missing ? ` (${missing})` : ""}`, () => {
  let daemon: PrivateDockerd;
  let project: Project;
  let remote: RunOptions;

  beforeAll(async () => {
    daemon = await startPrivateDockerd({ images: [image ?? ""], tcpAddress: ELSEWHERE });
    remote = { env: { DOCKER_HOST: daemon.tcp } };
    project = await makeProject();
    configure();
    await project.must("reseed", ["--from", SEED], remote);
  });
  afterAll(async () => {
    await daemon?.stop();
    await project?.remove();
  });

  const configure = (copy: object = {}, rest: object = {}) =>
    project.configure({ runtime: "docker", copy: { image, ...copy }, dump: { roles: "keep" }, ...rest });
  const create = (args: string[] = [], options = remote) => project.json<Copy>("copy", ["create", ...args], options);
  const containers = async () => (await daemon.docker(["ps", "-aq"])).stdout;

  test("makes no copy that nobody reaches, and says what to set", async () => {
    configure();
    expect(await project.run("copy", ["create"], remote)).toMatchObject(UNREACHABLE);
    expect(await project.run("copy", ["run", "--", "true"], remote)).toMatchObject(UNREACHABLE);
    expect(await containers()).toBe("");
    const { stdout } = await project.run("doctor", ["--json"], remote);
    const { checks } = JSON.parse(stdout) as Diagnosis;
    expect(checks.find(({ check }) => check === "runtime")).toMatchObject({
      status: "failed",
      hint: expect.stringContaining("copy.bind"),
    });
  });

  test("gives copies whose URL says that machine, for life", async () => {
    configure({ bind: "0.0.0.0" });
    const { id, host, port, connection_string: url } = await create(["--name", "far"]);
    expect([host, new URL(url).host]).toEqual([ELSEWHERE, `${ELSEWHERE}:${port}`]);
    expect(await countItems(url)).toBe(ITEMS);
    const { stdout } = await project.must("copy", ["sql", "far", "-c", "SELECT 1 AS one", "--json"], remote);
    expect(JSON.parse(stdout)).toEqual([{ one: 1 }]);
    await project.must("copy", ["stop", "far"], remote);
    const { stdout: again } = await project.must("copy", ["url", "far"], remote);
    expect(again.trim()).toBe(url);
    expect(await countItems(url)).toBe(ITEMS);
    const status = await project.json<{ copies: object[] }>("status", [], remote);
    expect(status.copies).toMatchObject([{ id, server: "running" }]);
    await project.must("copy", ["delete", "far"], remote);
  });

  test("is in the variables of copy run", async () => {
    configure({ bind: "0.0.0.0" });
    const { stdout } = await project.must("copy", ["run", "--", "sh", "-c", 'echo "$DATABASE_URL"'], remote);
    expect(new URL(stdout.trim()).hostname).toBe(ELSEWHERE);
  });

  test("is found by docker's context too", async () => {
    configure({ bind: "0.0.0.0" });
    const env = { DOCKER_CONFIG: join(project.folder, "docker") };
    const context = (...args: string[]) => attempt(["docker", "context", ...args], { env });
    expect(await context("create", "far", "--docker", `host=${daemon.tcp}`)).toMatchObject({ status: 0 });
    expect((await create([], { env: { ...env, DOCKER_CONTEXT: "far" } })).host).toBe(ELSEWHERE);
    expect(await context("use", "far")).toMatchObject({ status: 0 });
    const { host, connection_string: url } = await create([], { env });
    expect([host, await countItems(url)]).toEqual([ELSEWHERE, ITEMS]);
  });

  test("is found behind ssh's short name for that machine", async () => {
    configure({ bind: "0.0.0.0" });
    const command = `DOCKER_HOST=${daemon.host} docker system dial-stdio`;
    const sshd = await startSshd(project.folder, { address: ELSEWHERE, command });
    try {
      const ssh = project.write("bin/ssh", `#!/bin/sh\nexec ${Bun.which("ssh")} -F ${sshd.config} "$@"\n`);
      chmodSync(ssh, 0o755);
      const env = { DOCKER_HOST: "ssh://root@box", PATH: `${dirname(ssh)}:${process.env.PATH}` };
      const { host, connection_string: url } = await create([], { env });
      expect([host, await countItems(url)]).toEqual([ELSEWHERE, ITEMS]);
    } finally {
      sshd.stop();
    }
  });

  test("takes ports that are free there: the one asked for, or the next of the range", async () => {
    const taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    try {
      configure({ bind: "0.0.0.0", ports: `${taken.port}-${taken.port + 5}` });
      expect((await create()).port).toBeGreaterThan(taken.port);
      expect(await project.run("copy", ["create", "--port", String(taken.port)], remote)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`port ${taken.port} is in use`),
      });
    } finally {
      taken.stop(true);
    }
  });

  test("may be bound to one address of that machine, which URLs then say", async () => {
    configure({ bind: ELSEWHERE });
    const { host, connection_string: url } = await create();
    expect([host, await countItems(url)]).toEqual([ELSEWHERE, ITEMS]);
  });

  test("is advertised under the name that was configured, and reached without it", async () => {
    configure({ bind: "0.0.0.0", advertise_host: "copies.invalid" });
    const { id, host, port, connection_string: url } = await create();
    expect([host, new URL(url).host]).toEqual(["copies.invalid", `copies.invalid:${port}`]);
    const { stdout } = await project.must("copy", ["sql", id, "-c", "SELECT 1 AS one", "--json"], remote);
    expect(JSON.parse(stdout)).toEqual([{ one: 1 }]);
    // Here the way that somebody forwards: to where the URLs say.
    configure({ advertise_host: "127.0.0.1" });
    expect(await countItems((await create()).connection_string)).toBe(ITEMS);
  });

  test("reads a source that it reaches, and none at an address of this machine's", async () => {
    const source = await sharedSource("17");
    await source.sql("CREATE DATABASE near; ", "postgres");
    await source.sql("CREATE TABLE items AS SELECT n AS id FROM generate_series(1, 10) n", "near");
    configure({}, { source: { url: urlTo(source, "near") } });
    expect(await project.run("reseed", [], remote)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^Cannot read the source: it is reached at 127\.0\.0\.1 of this machine, and .*127\.0\.0\.2/m,
      ),
    });
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const { stdout } = await attempt(["docker", "inspect", "--format", format, source.containerName]);
    configure({ bind: "0.0.0.0" }, { source: { url: urlTo({ ...source, host: stdout.trim(), port: 5432 }, "near") } });
    await project.must("reseed", [], remote);
    expect(await countItems((await create()).connection_string)).toBe(10);
    // For the other tests.
    configure();
    await project.must("reseed", ["--from", SEED], remote);
  });

  test("behind a socket it is this machine", async () => {
    configure();
    const { host, connection_string: url } = await create([], { env: { DOCKER_HOST: daemon.host } });
    expect([host, await countItems(url)]).toEqual(["127.0.0.1", ITEMS]);
    expect(await ask(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
