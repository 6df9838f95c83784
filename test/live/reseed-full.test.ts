import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import {
  heldBy,
  type PrivateDockerd,
  startPrivateDockerd,
  whyNoPrivateDockerd,
} from "../lib/runtime/private-dockerd.ts";
import { must } from "../provision/exec.ts";
import { missingPostgres, postgresImage, query, sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const noDaemon = whyNoPrivateDockerd();
const missing =
  missingPostgres("18") ?? (noDaemon === undefined ? undefined : `skipped: a private dockerd ${noDaemon}`);

/** Of the daemon's data root, in megabytes. */
const MEMORY = 900;

/** Room for an empty server, not for the table of the source. */
const LEFT_BYTES = 110 * 1024 ** 2;

describe.skipIf(missing !== undefined)(`A full disk${missing ? ` (${missing})` : ""}`, () => {
  let daemon: PrivateDockerd;
  let project: Project;
  let url: string;
  let small: string;
  const image = postgresImage("18");

  beforeAll(async () => {
    const source = await sharedSource("18");
    await source.sql("CREATE DATABASE fat; CREATE DATABASE thin", "postgres");
    await source.sql("CREATE TABLE t AS SELECT 1 AS id", "thin");
    await source.sql(
      `CREATE TABLE fat (id int, x text); ALTER TABLE fat ALTER x SET STORAGE EXTERNAL;
       INSERT INTO fat SELECT n, repeat(md5(n::text), 250) FROM generate_series(1, 12000) n`,
      "fat",
    );
    [url, small] = [urlTo(source, "fat"), urlTo(source, "thin")];
    daemon = await startPrivateDockerd({ memoryMegabytes: MEMORY });
    await must(["sh", "-c", 'docker save "$0" | docker --host "$1" load', image, daemon.host]);
    project = await makeProject({
      source: { url: small },
      copy: { image },
      runtime: "docker",
      storage: "image",
      disk: { min_free: "1M" },
    });
  });
  afterAll(async () => {
    await daemon?.stop();
    await project?.remove();
  });

  const onDaemon = () => ({ env: { DOCKER_HOST: daemon.host, DITTO_NO_SWEEP: "1" } });
  const kept = async () => {
    return [...(await heldBy(daemon)), ...(await project.belongings())];
  };

  test("while restoring is said as such, leaves nothing behind, and the base before still serves", async () => {
    await project.must("reseed", [], onDaemon());
    const before = await kept();
    const { bsize, bavail, blocks } = statfsSync(daemon.dataRoot);
    // What is filled here must never be the contributor's own disk.
    expect(bsize * blocks).toBe(MEMORY * 1024 ** 2);
    const filler = join(daemon.dataRoot, "filler");
    await must(["fallocate", "-l", String(bsize * bavail - LEFT_BYTES), filler]);
    project.configure({
      source: { url },
      copy: { image },
      runtime: "docker",
      storage: "image",
      disk: { min_free: "1M" },
    });
    const { status, stdout, stderr } = await project.run("reseed", ["--json"], onDaemon());
    const { error } = JSON.parse(stdout);
    expect([status, error.code]).toEqual([1, "DISK_FULL"]);
    expect(error.message).toEndWith("the disk is full");
    expect(stderr).toContain("Restore");
    expect(await kept()).toEqual(before);
    expect(existsSync(filler)).toBe(true);
    rmSync(filler);
    const copy = await project.json<{ connection_string: string }>("copy", ["create"], onDaemon());
    expect(await query(copy.connection_string, "SELECT id FROM t")).toEqual([{ id: 1 }]);
  });

  test("of the dump store is said as such and leaves no half of a dump", async () => {
    const store = join(project.folder, "tiny");
    await must(["sh", "-c", 'mkdir "$0" && mount -t tmpfs -o size=64k ditto-test "$0"', store]);
    try {
      project.configure({
        source: { url },
        copy: { image },
        runtime: "docker",
        storage: "image",
        dump: { store: "tiny" },
        disk: { min_free: "1M" },
      });
      const { status, stdout } = await project.run("reseed", ["--json"], onDaemon());
      expect([status, JSON.parse(stdout).error.code]).toEqual([1, "DISK_FULL"]);
      expect(await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: store }))).toEqual([]);
    } finally {
      await must(["umount", store]);
    }
  });
});
