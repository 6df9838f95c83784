import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Status } from "../../lib/copies/status.ts";
import { must } from "../provision/exec.ts";
import { type Copy, onEachGround } from "./support/ground.ts";

setDefaultTimeout(60_000);

onEachGround("status.ts", (stage) => {
  let named: Copy;
  beforeAll(async () => {
    named = await stage.create("--name", "feature-x");
  });

  const status = () => stage.project.json<Status>("status");

  test("says which file was read, where state is, which runtime was chosen and why", async () => {
    const { home, config_file, project, runtime } = await status();
    expect({ home, config_file, project }).toEqual({
      home: stage.project.home,
      config_file: join(stage.project.folder, "ditto.yaml"),
      project: "shop",
    });
    expect(runtime).toMatchObject({
      name: stage.ground.runtime,
      reason: expect.stringContaining(stage.ground.runtime),
    });
  });

  test("the dump's checksum is that of the file", async () => {
    const { dump } = await status();
    if (!dump) throw new Error("there is no dump");
    const file = Bun.file(join(dump.store, dump.key));
    expect(dump).toMatchObject({ bytes: file.size, stale: false });
    expect(dump.sha256).toBe(new Bun.CryptoHasher("sha256").update(await file.bytes()).digest("hex"));
  });

  test("bases and copies have their ports, their disk and their method", async () => {
    const { bases, copies, disk, storage } = await status();
    expect(bases).toMatchObject([{ current: true, present: true, copies: 1, method: named.method }]);
    expect(copies).toMatchObject([{ id: named.id, name: "feature-x", port: named.port, server: "running" }]);
    expect(storage?.method ?? "").toBe(String(named.method));
    expect(disk.bases_bytes).toBeGreaterThan(1_000_000);
    expect(disk.copies_bytes).toBe(copies[0]?.disk_bytes ?? 0);
    expect(copies[0]).not.toHaveProperty("connection_string");
  });

  test("the same in words", async () => {
    const { stdout } = await stage.project.must("status");
    expect(stdout).toMatch(/^feature-x +ready +\d+ /m);
    expect(stdout).toContain(String(named.port));
  });

  test.skipIf(stage.ground.runtime !== "docker")("a copy whose server somebody removed is lost", async () => {
    const gone = await stage.create("--name", "gone");
    await must(["docker", "rm", "-f", "-v", `ditto-${gone.id}`]);
    const { copies, warnings } = await status();
    expect(copies.find(({ name }) => name === "gone")).toMatchObject({ server: "missing", status: "failed" });
    expect(warnings).toEqual([expect.stringMatching(/^Copy gone is lost.*copy\.ts reset gone/)]);
  });
});
