import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "../../lib/bases/check.ts";
import type { Diagnosis } from "../../lib/copies/doctor.ts";
import { manifestOf } from "../lib/bases/dump-manifest.ts";
import { attempt } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import { missingPostgres, postgresImage, sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(120_000);

const missing = missingPostgres("15", "17");

describe.skipIf(missing !== undefined)(`doctor.ts${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;
  let project: Project;
  const image = postgresImage("17");

  beforeAll(async () => {
    source = await sharedSource("17");
    await source.sql("CREATE DATABASE healthy", "postgres");
    await source.sql("CREATE TABLE items AS SELECT n AS id FROM generate_series(1, 10) n", "healthy");
    project = await makeProject();
  });
  afterAll(() => project?.remove());

  const configure = (config: object = {}) =>
    project.configure({ source: { url: urlTo(source, "healthy") }, copy: { image }, runtime: "docker", ...config });

  async function diagnosed(
    config?: object,
    env: Record<string, string> = {},
  ): Promise<{ status: number; lines: Record<string, Check> } & Diagnosis> {
    if (config) configure(config);
    const { status, stdout } = await project.run("doctor", ["--json"], { timeoutMs: 60_000, env });
    const diagnosis = JSON.parse(stdout) as Diagnosis;
    return { status, ...diagnosis, lines: Object.fromEntries(diagnosis.checks.map((line) => [line.check, line])) };
  }

  test("everything that a reseed needs is green, and nothing is made by looking", async () => {
    const { status, ok, lines } = await diagnosed({});
    expect(lines).toMatchObject({
      config: { status: "ok", text: join(project.folder, "ditto.yaml") },
      runtime: { status: "ok", text: expect.stringContaining("docker") },
      secrets: { status: "ok" },
      storage: { status: expect.stringMatching(/^(ok|advice)$/) },
      ports: { status: "ok" },
      source: {
        status: "ok",
        text: expect.stringMatching(/^postgres 17\.\d+ at 127\.0\.0\.1:\d+, database "healthy"/),
      },
      privileges: { status: "ok" },
      contents: { status: "ok", text: expect.stringContaining("primary") },
      tools: { status: "ok", text: expect.stringMatching(/^pg_dump 17\.\d+ and a server 17\.\d+ for copies/) },
      dump: { status: "unchecked", text: expect.stringContaining("bun scripts/reseed.ts") },
      disk: { status: "ok", text: expect.stringContaining("free in ") },
    });
    expect([status, ok]).toEqual([0, true]);
    expect(await project.belongings()).toEqual([]);
  });

  test("a line for each in words, what to do below a red one, and exit 1", async () => {
    configure({ source: { url: urlTo(source, "healthy", { user: "postgres", password: "not-this-one" }) } });
    const { status, stdout, stderr } = await project.run("doctor");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^✓ runtime +docker/m);
    expect(stdout).toMatch(
      /^✗ source +Cannot connect to .*: the server refuses the password of user "postgres"\n +→ Check/m,
    );
    expect(stdout).toMatch(/^– tools +not checked, because the source was not reached$/m);
    expect(stdout + stderr).not.toContain("not-this-one");
  });

  test("a user who may not even connect is told the GRANT for that", async () => {
    await source.sql("CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "postgres");
    await source.sql("CREATE ROLE outsider LOGIN PASSWORD 'outsider-3c'", "postgres");
    const url = urlTo(source, "closed", { user: "outsider", password: "outsider-3c" });
    expect((await diagnosed({ source: { url } })).lines.source).toMatchObject({
      status: "failed",
      hint: expect.stringContaining('GRANT CONNECT ON DATABASE "closed" TO "outsider";'),
    });
  });

  test("without a configuration: what can be looked at is, and the rest says why not", async () => {
    rmSync(join(project.folder, "ditto.yaml"));
    const { status, lines } = await diagnosed();
    expect(lines).toMatchObject({
      config: { status: "ok" },
      source: { status: "unchecked", text: expect.stringContaining("no source is configured") },
      privileges: { status: "unchecked" },
    });
    expect(status).toBe(0);
  });

  test("a configuration that means nothing is red, with the nearest key", async () => {
    const { status, lines } = await diagnosed({ dump: { exclude_table: ["x"] } });
    expect(lines).toMatchObject({ config: { status: "failed" }, source: { status: "unchecked" } });
    expect(`${lines.config?.text}${lines.config?.hint}`).toContain("exclude_tables");
    expect(status).toBe(1);
  });

  test("tools and servers that are too old, and images that are not here", async () => {
    const old = postgresImage("15");
    expect((await diagnosed({ dump: { client_image: old } })).lines.tools).toMatchObject({
      status: "failed",
      text: expect.stringMatching(/^Pg_dump 15\S* is older than the source's Postgres 17/),
      hint: expect.stringContaining("dump.client_image"),
    });
    expect((await diagnosed({ copy: { image: old }, dump: { client_image: image } })).lines.tools).toMatchObject({
      status: "failed",
      text: expect.stringContaining("copies only 15"),
    });
    expect((await diagnosed({ copy: { image: "ditto-test/none:1" } })).lines.tools).toMatchObject({
      status: "failed",
      text: expect.stringContaining("The image ditto-test/none:1 is not here"),
    });
  });

  test("a disk with less than disk.min_free, and a dump that is older than dump.stale_after", async () => {
    const created_at = new Date(Date.now() - 3 * 24 * 3600 * 1000).toISOString();
    const key = `shop/healthy/none/${created_at.replace(/[:.]/g, "-")}.dump`;
    project.write(`store/${key}`, "");
    project.write(`store/${key}.json`, JSON.stringify({ ...manifestOf(Buffer.from(""), 1), key, created_at }));
    const store = join(project.folder, "store");
    const { status, lines } = await diagnosed({ disk: { min_free: "100000G" }, dump: { store, stale_after: "2d" } });
    expect(lines).toMatchObject({
      disk: { status: "failed", hint: expect.stringContaining("disk.min_free") },
      dump: { status: "failed", text: expect.stringContaining("3 d ago"), hint: expect.stringContaining("reseed") },
    });
    expect(status).toBe(1);
    expect((await diagnosed({ dump: { store, stale_after: "4d" } })).lines.dump).toMatchObject({ status: "ok" });
  });

  test("a daemon that is down", async () => {
    const { status, lines } = await diagnosed({}, { DOCKER_HOST: "tcp://127.0.0.1:1" });
    expect(lines.runtime).toMatchObject({
      status: "failed",
      text: expect.stringContaining("docker"),
      hint: expect.stringContaining("Start docker"),
    });
    expect(lines.source).toMatchObject({ status: "ok" });
    expect(status).toBe(1);
  });

  test("one table that the user may not read, with the GRANT for it alone", async () => {
    await source.sql("CREATE DATABASE partly", "postgres");
    await source.sql('CREATE TABLE open (id int); CREATE TABLE "Closed" (id int)', "partly");
    await source.sql("CREATE ROLE reader LOGIN PASSWORD 'reader-5d'; GRANT SELECT ON open TO reader", "partly");
    const url = urlTo(source, "partly", { user: "reader", password: "reader-5d" });
    const { lines } = await diagnosed({ source: { url } });
    expect(lines.privileges).toMatchObject({
      status: "failed",
      text: expect.stringContaining("public.Closed"),
      statements: ['GRANT SELECT ON TABLE "public"."Closed" TO "reader"'],
    });
  });

  test("an extension that the copies' image lacks", async () => {
    await source.sql("CREATE DATABASE extended", "postgres");
    await source.sql("CREATE EXTENSION pg_trgm", "extended");
    const url = urlTo(source, "extended");
    expect((await diagnosed({ source: { url } })).lines.tools).toMatchObject({ status: "ok" });
    // An extension of somebody's own, as the source has it and no image does.
    const files =
      "d=$(pg_config --sharedir)/extension; echo \"default_version = '1'\" > $d/made_up.control; echo 'SELECT 1;' > $d/made_up--1.sql";
    await attempt(["docker", "exec", "--user", "root", source.containerName, "sh", "-c", files]);
    await source.sql("CREATE EXTENSION made_up", "extended");
    const { lines } = await diagnosed({ source: { url } });
    expect(lines.tools).toMatchObject({
      status: "failed",
      text: expect.stringContaining('has no extension "made_up"'),
      hint: expect.stringContaining("copy.image"),
    });
  });

  test("secrets that others may read, and the command that closes them", async () => {
    const url = urlTo(source, "healthy");
    configure({ source: { url } });
    const file = join(project.folder, "ditto.yaml");
    chmodSync(file, 0o644);
    const open = await diagnosed();
    expect(open.lines.secrets).toMatchObject({
      status: "failed",
      text: expect.stringContaining("(0644) holds the source's password"),
      hint: `Run: chmod go= ${file}`,
    });
    expect(open.status).toBe(1);
    chmodSync(file, 0o640);
    expect((await diagnosed()).lines.secrets).toMatchObject({ status: "advice" });
    chmodSync(file, 0o600);
    expect((await diagnosed()).lines.secrets).toMatchObject({ status: "ok" });
    const key = project.write("mask.key", "5".repeat(64));
    chmodSync(key, 0o644);
    const rules = { unreviewed: "allow", key_secret: `file:${key}` };
    expect((await diagnosed({ obfuscation: rules })).lines.secrets?.text).toContain(
      "mask.key (0644) holds the mask key",
    );
  });

  test("a personal column without a rule", async () => {
    await source.sql("CREATE DATABASE people", "postgres");
    await source.sql("CREATE TABLE users (id int, email text)", "people");
    const url = urlTo(source, "people");
    const { lines, status } = await diagnosed({ source: { url }, obfuscation: {} });
    expect(lines.masks).toMatchObject({
      status: "failed",
      text: expect.stringContaining("public.users.email"),
      hint: expect.stringContaining("strategy: replace"),
    });
    expect(status).toBe(1);
    expect((await diagnosed({ source: { url }, obfuscation: { unreviewed: "warn" } })).lines.masks).toMatchObject({
      status: "advice",
    });
  });

  test("a range of ports that is used up", async () => {
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { lines, status } = await diagnosed({ copy: { image, ports: String(server.port) } });
    expect(lines.ports).toMatchObject({
      status: "failed",
      text: expect.stringContaining(`${server.port}-${server.port}`),
      hint: expect.stringContaining("copy.ports"),
    });
    expect(status).toBe(1);
    server.stop();
    expect((await diagnosed()).lines.ports).toMatchObject({ status: "ok" });
  });

  test("a dump whose manifest comes from the future", async () => {
    const created_at = new Date(Date.now() + 5 * 3600 * 1000).toISOString();
    const key = `shop/ahead/none/${created_at.replace(/[:.]/g, "-")}.dump`;
    project.write(`ahead/${key}`, "");
    project.write(`ahead/${key}.json`, JSON.stringify({ ...manifestOf(Buffer.from(""), 1), key, created_at }));
    const { lines, status } = await diagnosed({ dump: { store: join(project.folder, "ahead") } });
    expect(lines.dump).toMatchObject({
      status: "failed",
      text: expect.stringMatching(/made (4 h 59 min|5 h) from now: a clock is wrong/),
    });
    expect(status).toBe(1);
  });

  test("all of it within 3 s where nothing is wrong", async () => {
    configure();
    const times = [];
    for (let run = 0; run < 3; run++) times.push((await project.must("doctor")).ms);
    // On a machine that other tests keep busy the best of three says more than their mean.
    expect(Math.min(...times)).toBeLessThan(3_000);
  });
});
