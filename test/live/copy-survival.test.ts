import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PrivateDockerd, startPrivateDockerd, whyNoPrivateDockerd } from "../lib/runtime/private-dockerd.ts";
import { must } from "../provision/exec.ts";
import { POOL_TOOLS, readProvisioned, type ServerImage } from "../provision/report.ts";
import { ask, type Copy, countItems, ITEMS, soak } from "./support/ground.ts";
import { homeIdOf, makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(180_000);

const SERVERS: ServerImage[] = soak ? ["postgres:17", "mysql:9.7", "mariadb:11.8"] : ["postgres:17"];
const images = SERVERS.map((server) => readProvisioned().images[server] ?? "");
const noDaemon = whyNoPrivateDockerd();
const missing = noDaemon ?? (images.includes("") ? `no image of ${SERVERS.join(", ")}` : undefined);

describe.skipIf(missing !== undefined)(`copies and their daemon${missing ? ` (${missing})` : ""}`, () => {
  let daemon: PrivateDockerd;
  beforeAll(async () => {
    daemon = await startPrivateDockerd({ images: [...images, POOL_TOOLS] });
  });
  afterAll(() => daemon?.stop());

  for (const [at, server] of SERVERS.entries()) {
    for (const storage of soak ? (["pool", "image"] as const) : (["pool"] as const)) {
      describe(`a named copy of ${server}, storage ${storage}`, () => survive(images[at] ?? "", storage));
    }
  }

  function survive(image: string, storage: "image" | "pool"): void {
    const seed = join(import.meta.dir, `../fixtures/copies/${/postgres/.test(image) ? "postgres" : "mysql"}.sql`);
    let project: Project;
    let copy: Copy;

    const onDaemon = () => ({ env: { DOCKER_HOST: daemon.host, DITTO_NO_SWEEP: "1" } });
    const run = (...args: string[]) => project.run("copy", args, onDaemon());
    const json = <T>(script: string, ...args: string[]) => project.json<T>(script, args, onDaemon());
    const makePool = () => project.must("pool", ["create", "--size", "1G", "--tools-image", POOL_TOOLS], onDaemon());
    const listed = async () => {
      const list = await json<Copy[]>("copy", "list");
      return list.find(({ name }) => name === "work");
    };
    const url = async () => (await project.must("copy", ["url", "work"], onDaemon())).stdout.trim();
    const prune = async () => {
      const pruned = await daemon.docker(["system", "prune", "-af", "--volumes"]);
      expect(pruned.status).toBe(0);
    };
    const load = (name: string) => must(["sh", "-c", 'docker save "$0" | docker --host "$1" load', name, daemon.host]);
    /** Keeps images from a prune: what was pulled can be pulled again, which no test does. */
    const hold = async (...names: string[]) => {
      for (const name of names) {
        const held = ["run", "-d", "--network", "none", "--entrypoint", "sleep", name, "infinity"];
        expect(await daemon.docker(held)).toMatchObject({ status: 0 });
      }
    };

    beforeAll(async () => {
      // A prune for the server before this one took them.
      for (const name of [image, POOL_TOOLS])
        if ((await daemon.docker(["image", "inspect", name])).status !== 0) await load(name);
      project = await makeProject({ runtime: "docker", storage, copy: { image }, dump: { roles: "keep" } });
      if (storage === "pool") await makePool();
      await project.must("reseed", ["--from", seed], onDaemon());
      copy = await json<Copy>("copy", "create", "--name", "work");
    });
    afterAll(async () => {
      await run("delete", "--all", "--yes");
      if (storage === "pool") await project.run("pool", ["delete", "--yes"], onDaemon());
      await project?.remove();
    });

    test("keeps id, URL and data when the daemon is restarted", async () => {
      await ask(copy.connection_string, "DELETE FROM items WHERE id > 900");
      await daemon.restart();
      expect(await listed()).toMatchObject({ id: copy.id, status: "stopped", port: copy.port });
      expect((await run("list")).stdout).toMatch(/work .* stopped /);
      const status = await json<{ copies: Copy[]; warnings: string[] }>("status");
      expect(status).toMatchObject({ copies: [{ status: "stopped", server: "exited" }], warnings: [] });
      expect(await url()).toBe(copy.connection_string);
      expect(await countItems(copy.connection_string)).toBe(900);
      expect(await listed()).toMatchObject({ id: copy.id, status: "ready" });
    });

    test("keeps every acknowledged row when daemon and server are killed", async () => {
      await ask(copy.connection_string, "DELETE FROM items WHERE id > 800");
      await daemon.restart({ crash: true });
      expect(await listed()).toMatchObject({ status: "stopped" });
      const status = await json<{ warnings: string[] }>("status");
      expect(status.warnings).toEqual([expect.stringMatching(/^The server of copy work ended.*copy\.ts start work/)]);
      const sql = await run("sql", "work", "-c", "SELECT count(*) FROM items");
      expect(sql).toMatchObject({ status: 0, stdout: expect.stringContaining("800") });
      expect(await json<Copy[]>("copy", "start", "work")).toMatchObject([
        { id: copy.id, connection_string: copy.connection_string },
      ]);
    });

    test("is unclean when the machine crashed, and a reset heals it", async () => {
      const beside = await json<Copy>("copy", "create", "--name", "beside");
      await project.must("copy", ["stop", "beside"], onDaemon());
      await pretendAnotherBoot();
      await daemon.restart({ crash: true });
      expect(await listed()).toMatchObject({ status: "unclean" });
      const refused = { status: 1, stderr: expect.stringMatching(/the machine went down[\s\S]*copy\.ts reset work/) };
      for (const verb of ["start", "url"]) expect(await run(verb, "work")).toMatchObject(refused);
      const status = await json<{ warnings: string[] }>("status");
      expect(status.warnings).toEqual([expect.stringMatching(/^The machine went down under copy work/)]);
      // One that did not run then is as good as before.
      expect(await json<Copy>("copy", "url", "beside")).toMatchObject({ connection_string: beside.connection_string });
      await project.must("copy", ["delete", "beside"], onDaemon());
      await project.must("copy", ["reset", "work", "--yes"], onDaemon());
      expect(await url()).toBe(copy.connection_string);
      expect(await countItems(copy.connection_string)).toBe(ITEMS);
    });

    /** The copy's server and record are of a boot before this one. */
    async function pretendAnotherBoot(): Promise<void> {
      const done = await daemon.docker(["exec", `ditto-${copy.id}`, "sh", "-c", "printf other > /ditto/running"]);
      expect(done).toMatchObject({ status: 0 });
      const file = join(project.home, "copies", `${copy.id}.json`);
      const record = JSON.parse(readFileSync(file, "utf8")) as { owner: string };
      writeFileSync(file, JSON.stringify({ ...record, owner: record.owner.replace(/^[^/]*/, "other") }));
    }

    const stopCopy = async () => {
      await ask(copy.connection_string, "DELETE FROM items WHERE id > 700");
      await project.must("copy", ["stop", "work"], onDaemon());
    };
    const lostBase = expect.stringMatching(/^base \w+: its data.* gone; the next create makes it again /);
    const lostWork = expect.stringMatching(/^copy work: its data is gone; .*copy\.ts reset work/);

    const expectLost = async () => {
      expect(await listed()).toMatchObject({ status: "failed", error_message: "its data is gone", port: copy.port });
      expect((await run("list")).stdout).toMatch(/work .* lost /);
      const status = await json<{ warnings: string[] }>("status");
      expect(status.warnings.join("\n")).toMatch(/Base \w+ is lost[\s\S]*Copy work is lost/);
      for (const call of [
        ["start", "work"],
        ["url", "work"],
        ["sql", "work", "-c", "SELECT 1"],
      ]) {
        const outcome = await run(...call);
        expect({ call, ...outcome }).toMatchObject({
          ...{ call, status: 1, stdout: "" },
          stderr: expect.stringMatching(/^Cannot start copy "work": its data is gone .*\n.*copy\.ts reset work/m),
        });
      }
      expect(await json("copy", "prune")).toMatchObject({ lost: [lostWork, lostBase], failed: [] });
    };

    const expectMadeAgain = async () => {
      const created = await run("create", "--json");
      expect(created).toMatchObject({ status: 0, stderr: expect.stringContaining("building it again from its dump") });
      expect(await countItems((JSON.parse(created.stdout) as Copy).connection_string)).toBe(ITEMS);
      await project.must("copy", ["reset", "work", "--yes"], onDaemon());
      expect(await url()).toBe(copy.connection_string);
      expect(await countItems(copy.connection_string)).toBe(ITEMS);
      expect(await json("copy", "prune")).toEqual({ removed: [], lost: [], failed: [] });
    };

    if (storage === "image") {
      test("is lost by a prune while it is stopped, which every command says, and made again on its URL", async () => {
        await stopCopy();
        await hold(image, POOL_TOOLS);
        await prune();
        await expectLost();
        await expectMadeAgain();
      });
      return;
    }

    test("outlives a prune while it is stopped, and the restart after it", async () => {
      await stopCopy();
      await prune();
      expect(await listed()).toMatchObject({ status: "stopped" });
      const noImage =
        /^Cannot start copy "work": the image of its server is gone.*\nIts data is as it was.*docker pull/m;
      expect(await run("url", "work")).toMatchObject({ status: 1, stderr: expect.stringMatching(noImage) });
      expect(await json("copy", "prune")).toMatchObject({ lost: [lostBase] });
      await load(image);
      expect(await url()).toBe(copy.connection_string);
      expect(await countItems(copy.connection_string)).toBe(700);
      await daemon.restart();
      expect(await url()).toBe(copy.connection_string);
      expect(await countItems(copy.connection_string)).toBe(700);
    });

    test("is lost with the pool by a prune before anything mounted it, which every command says", async () => {
      await stopCopy();
      await daemon.docker(["stop", `ditto-${homeIdOf(project.home)}-anchor`]);
      await hold(image, POOL_TOOLS);
      await prune();
      await expectLost();
      await makePool();
      await expectMadeAgain();
    });
  }
});
