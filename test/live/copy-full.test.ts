import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  heldBy,
  type PrivateDockerd,
  startPrivateDockerd,
  whyNoPrivateDockerd,
} from "../lib/runtime/private-dockerd.ts";
import { must } from "../provision/exec.ts";
import { POOL_TOOLS, readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Copy, countItems, ITEMS, soak } from "./support/ground.ts";
import { keepLedger, type Ledger, readLedger } from "./support/ledger.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const SERVERS: ServerImage[] = soak ? ["postgres:17", "mysql:9.7", "mariadb:11.8"] : ["postgres:17"];
const noDaemon = whyNoPrivateDockerd() ?? (Bun.which("mkfs.ext4") === null ? "mkfs.ext4 not installed" : undefined);

/** Of the daemon's data root: images, a pool, and the gigabyte that a pool must leave free. */
const MEGABYTES = 3000;
const MB = 1024 ** 2;

/** What is left for image copies to run into by themselves. */
const LEFT_BYTES = 24 * MB;

for (const server of SERVERS) {
  const image = readProvisioned().images[server] ?? "";
  const missing = noDaemon ?? (image === "" ? "no image" : undefined);
  describe.skipIf(missing !== undefined)(`a full disk below ${server}${missing ? ` (${missing})` : ""}`, () =>
    fillBelow(image),
  );
}

function fillBelow(image: string): void {
  const seed = join(import.meta.dir, `../fixtures/copies/${/postgres/.test(image) ? "postgres" : "mysql"}.sql`);
  let daemon: PrivateDockerd;
  const projects: Record<"image" | "pool", Project | undefined> = { image: undefined, pool: undefined };

  const onDaemon = () => ({ env: { DOCKER_HOST: daemon.host, DITTO_NO_SWEEP: "1" } });
  const configOf = (storage: "image" | "pool") => ({
    runtime: "docker",
    storage,
    copy: { image },
    dump: { roles: "keep" },
    disk: { min_free: "200M" },
  });
  const projectOf = (storage: "image" | "pool"): Project => projects[storage] ?? expect.unreachable();

  beforeAll(async () => {
    daemon = await startPrivateDockerd({ images: [image, POOL_TOOLS], diskMegabytes: MEGABYTES });
    for (const storage of ["pool", "image"] as const) {
      projects[storage] = await makeProject(configOf(storage));
      if (storage === "pool")
        await projectOf("pool").must("pool", ["create", "--size", "1G", "--tools-image", POOL_TOOLS], onDaemon());
      await projectOf(storage).must("reseed", ["--from", seed], onDaemon());
    }
  });
  afterAll(async () => {
    await daemon?.stop();
    await projects.image?.remove();
    await projects.pool?.remove();
  });

  /** What is filled here must never be the contributor's own disk. */
  const fill = async () => {
    const { bsize, blocks, bavail } = statfsSync(daemon.dataRoot);
    expect(statSync(daemon.dataRoot).dev).not.toBe(statSync(join(daemon.dataRoot, "..")).dev);
    expect(bsize * blocks).toBeLessThanOrEqual(MEGABYTES * MB);
    const file = join(daemon.dataRoot, "filler");
    await must(["fallocate", "-l", String(bsize * bavail - LEFT_BYTES), file]);
    return file;
  };
  const kept = async (project: Project) => {
    return [...(await heldBy(daemon)), ...(await project.belongings())];
  };
  const expectRefused = async (project: Project) => {
    const before = await kept(project);
    for (const [script, args] of [
      ["copy", ["create"]],
      ["reseed", ["--from", seed, "--rebuild"]],
      ["snapshot", ["create", "one", "refused"]],
    ] as const) {
      const { status, stdout } = await project.run(script, [...args, "--json"], onDaemon());
      const { error } = JSON.parse(stdout);
      expect({ script, status, code: error.code, message: error.message }).toMatchObject({
        ...{ script, status: 1, code: "DISK_LOW" },
        message: expect.stringMatching(/B are free in .* and disk\.min_free is/),
      });
    }
    expect(await kept(project)).toEqual(before);
  };

  /** The disk is full, and the snapshot is not kept from finding out. */
  const expectNoRoomToFreeze = async (project: Project) => {
    project.configure({ ...configOf("image"), disk: { min_free: "0" } });
    const before = await kept(project);
    const { status, stdout } = await project.run("snapshot", ["create", "two", "torn", "--json"], onDaemon());
    const { error } = JSON.parse(stdout);
    // A server whose disk is full may also end while it is asked.
    const refused = expect.stringMatching(
      /^Cannot (take a snapshot of "two"|freeze the snapshot|connect to).*(full|no space|its server failed)/i,
    );
    expect({ status, ...error }).toMatchObject({
      status: 1,
      message: refused,
      hint: expect.stringMatching(/space|disk/i),
    });
    expect(await kept(project)).toEqual(before);
    expect(await project.json<Copy[]>("copy", ["list"], onDaemon())).toContainEqual(
      expect.objectContaining({ name: "two", status: "ready" }),
    );
    project.configure(configOf("image"));
  };

  test("refuses what is new, and costs no copy and no snapshot a row that clients were told is safe", async () => {
    const copies: { storage: "image" | "pool"; copy: Copy; ledger: Ledger; snapped: Map<number, string> }[] = [];
    for (const storage of ["image", "pool"] as const) {
      for (const name of ["one", "two"]) {
        const copy = await projectOf(storage).json<Copy>("copy", ["create", "--name", name], onDaemon());
        copies.push({ storage, copy, ledger: await keepLedger(copy.connection_string), snapped: new Map() });
      }
    }
    const inImages = copies.filter(({ storage }) => storage === "image");
    const inPool = copies.filter(({ storage }) => storage === "pool");
    await until(() => copies.every(({ ledger }) => ledger.acknowledged.size > 50));
    for (const each of copies) {
      each.snapped = new Map(each.ledger.acknowledged);
      await projectOf(each.storage).must("snapshot", ["create", each.copy.name, "kept"], onDaemon());
    }
    const file = await fill();
    // Their servers run out of space, and refuse.
    await until(() => inImages.every(({ ledger }) => ledger.unsure.size > 0), 120_000);
    const then = inPool.map(({ ledger }) => ledger.acknowledged.size);
    await expectRefused(projectOf("image"));
    await expectRefused(projectOf("pool"));
    await expectNoRoomToFreeze(projectOf("image"));
    // The pool's bytes are its own: nothing there notices.
    await until(() => inPool.every(({ ledger }, at) => ledger.acknowledged.size > (then[at] ?? 0) + 20));
    expect(inPool.map(({ ledger }) => ledger.unsure.size)).toEqual([0, 0]);
    const free = statfsSync(daemon.dataRoot);
    expect(free.bsize * free.bavail).toBeLessThan(LEFT_BYTES);
    rmSync(file);
    await Promise.all(copies.map(({ ledger }) => ledger.stop()));
    for (const { storage, copy, ledger } of copies) {
      const { stdout } = await projectOf(storage).must("copy", ["url", copy.id], onDaemon());
      expect(stdout.trim()).toBe(copy.connection_string);
      const rows = await readLedger(copy.connection_string);
      const beyond = [...rows.keys()].filter((id) => !ledger.acknowledged.has(id));
      const lost = [...ledger.acknowledged].filter(([id, content]) => rows.get(id) !== content).map(([id]) => id);
      const sums = { lost, rows: rows.size - beyond.length, unasked: beyond.filter((id) => !ledger.unsure.has(id)) };
      expect({ storage, ...sums }).toEqual({ storage, lost: [], rows: ledger.acknowledged.size, unasked: [] });
      expect(await countItems(copy.connection_string)).toBe(ITEMS);
      if (process.env.DITTO_TEST_VERBOSE)
        console.error(storage, ledger.acknowledged.size, ledger.unsure.size, beyond.length);
    }
    for (const { storage, copy, snapped } of copies) {
      const args = ["create", "--from", `${copy.name}/kept`];
      const made = await projectOf(storage).json<Copy>("copy", args, onDaemon());
      const rows = await readLedger(made.connection_string);
      expect([...snapped].filter(([id, content]) => rows.get(id) !== content)).toEqual([]);
    }
    const after = await projectOf("image").json<Copy>("copy", ["create"], onDaemon());
    expect(await countItems(after.connection_string)).toBe(ITEMS);
  });
}
