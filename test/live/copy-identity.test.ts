import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownerTag } from "../../lib/kit/owner.ts";
import { readProvisioned } from "../provision/report.ts";
import { ask, type Copy, countItems, ITEMS, onEachGround, type Stage, testWhere } from "./support/ground.ts";

setDefaultTimeout(180_000);

onEachGround("a named copy", (stage) => {
  const url = async (name: string) => (await stage.project.must("copy", ["url", name])).stdout.trim();

  test("keeps URL and data over stop and start; url brings it back", async () => {
    const copy = await stage.create("--name", "work");
    await ask(copy.connection_string, "DELETE FROM items WHERE id > 900");
    const stopped = await stage.project.json<Copy[]>("copy", ["stop", "work"]);
    expect(stopped).toMatchObject([{ status: "stopped", port: copy.port }]);
    await expect(ask(copy.connection_string, "SELECT 1")).rejects.toThrow();
    expect(await stage.copy(["prune"])).toMatchObject({ status: 0 });
    expect(await stage.project.json<Copy[]>("copy", ["start", "work"])).toMatchObject([
      { status: "ready", connection_string: copy.connection_string },
    ]);
    expect(await countItems(copy.connection_string)).toBe(900);
    await stage.project.must("copy", ["stop", "work"]);
    expect(await url("work")).toBe(copy.connection_string);
    expect(await countItems(copy.connection_string)).toBe(900);
    // Twice is fine.
    await stage.project.must("copy", ["start", "work"]);
    await stage.project.must("copy", ["delete", "work"]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("stop and start of several end for all that can, and name those that can't", async () => {
    const made = [await stage.create("--name", "one"), await stage.create("--name", "two")];
    const file = join(stage.project.home, "copies", `${made[0]?.id}.json`);
    const whole = readFileSync(file, "utf8");
    // As one that another command is making.
    writeFileSync(file, JSON.stringify({ ...JSON.parse(whole), status: "creating", owner: await ownerTag() }));
    expect(await stage.copy(["stop", "one", "two"])).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^Stopped two; .+\n$/),
      stderr: expect.stringMatching(/^Cannot use copy "one": it is creating\n/),
    });
    const { status, stdout, stderr } = await stage.copy(["start", "one", "two", "--json"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ name: "two", status: "ready", connection_string: made[1]?.connection_string }),
      expect.objectContaining({ name: "one", error: expect.objectContaining({ code: expect.any(String) }) }),
    ]);
    writeFileSync(file, whole);
    await stage.project.must("copy", ["delete", "one", "two"]);
  });

  test("--if-exists reuse hands it out again, reset puts it back on the base, on the same URL", async () => {
    const copy = await stage.create("--name", "again");
    await ask(copy.connection_string, "DELETE FROM items");
    expect(await stage.copy(["create", "--name", "again"])).toMatchObject({ status: 1 });
    const reused = await stage.create("--name", "again", "--if-exists", "reuse");
    expect(reused).toMatchObject({ id: copy.id, connection_string: copy.connection_string });
    expect(await countItems(reused.connection_string)).toBe(0);
    const reset = await stage.create("--name", "again", "--if-exists", "reset");
    expect(reset).toMatchObject({ id: copy.id, connection_string: copy.connection_string });
    expect(await countItems(reset.connection_string)).toBe(ITEMS);
    await ask(copy.connection_string, "DELETE FROM items");
    expect(await stage.copy(["reset", "again"])).toMatchObject({ status: 1, stderr: expect.stringMatching(/--yes/) });
    expect(await countItems(copy.connection_string)).toBe(0);
    await stage.project.must("copy", ["reset", "again", "--yes"]);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    await stage.project.must("copy", ["delete", "again"]);
  });

  test("is not reset to a base of another runtime, which stays as well", async () => {
    const copy = await stage.create("--name", "here");
    await ask(copy.connection_string, "DELETE FROM items");
    const file = join(stage.project.home, "bases", `${copy.base_id}.json`);
    const record = readFileSync(file, "utf8");
    const base = JSON.parse(record);
    const elsewhere = stage.ground.runtime === "native" ? "docker" : "native";
    writeFileSync(file, JSON.stringify({ ...base, frozen: { ...base.frozen, runtime: elsewhere } }));
    try {
      expect(await stage.copy(["reset", "here", "--yes"])).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/lies in \w+ now, and the copy in[\s\S]*reseed\.ts --runtime/),
      });
    } finally {
      writeFileSync(file, record);
    }
    expect(await countItems(copy.connection_string)).toBe(0);
    await stage.project.must("copy", ["reset", "here", "--yes"]);
    await stage.project.must("copy", ["delete", "here"]);
  });

  testWhere(stage.ground.runtime !== "native")("bears no expiry that another state folder could go by", async () => {
    const format = '{{index .Config.Labels "ditto.expires"}}';
    const expiryOf = async ({ id }: Copy) => (await stage.tool("inspect", "--format", format, `ditto-${id}`)).stdout;
    const [named, unnamed] = [await stage.create("--name", "own", "--ttl", "1h"), await stage.create("--ttl", "1h")];
    expect([(await expiryOf(named)).trim(), (await expiryOf(unnamed)).trim()]).toEqual(["", unnamed.expires_at ?? ""]);
    expect(named.expires_at).not.toBeNull();
    await stage.project.must("copy", ["delete", "own", unnamed.id]);
  });

  test("is unclean when the machine went down under it, and a reset heals it", async () => {
    const copy = await stage.create("--name", "crashed");
    await crash(stage, copy);
    const refused = { status: 1, stderr: expect.stringMatching(/the machine went down[\s\S]*copy.ts reset crashed/) };
    expect(await stage.copy(["start", "crashed"])).toMatchObject(refused);
    expect((await stage.list()).find(({ id }) => id === copy.id)?.status).toBe("unclean");
    expect(await stage.copy(["url", "crashed"])).toMatchObject(refused);
    await stage.project.must("copy", ["reset", "crashed", "--yes"]);
    expect(await url("crashed")).toBe(copy.connection_string);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    await stage.project.must("copy", ["delete", "crashed"]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("extend moves its end", async () => {
    const copy = await stage.create("--name", "longer", "--ttl", "1h");
    const extended = await stage.project.json<Copy>("copy", ["extend", "longer", "--ttl", "3h"]);
    expect(Date.parse(extended.expires_at ?? "") - Date.parse(copy.expires_at ?? "")).toBeGreaterThan(3_600_000);
    expect(await stage.project.json<Copy>("copy", ["extend", "longer", "--ttl", "never"])).toMatchObject({
      expires_at: null,
    });
    expect(await stage.copy(["extend", "longer", "--ttl", "99999999d"])).toMatchObject({
      ...{ status: 2, stdout: "" },
      stderr: 'Cannot extend the copy: its ttl is longer than a hundred years\nSay "never": --ttl never\n',
    });
    await stage.project.must("copy", ["delete", "longer"]);
  });
});

/** The server dies without a word, and the boot that it ran in is another than today's. */
async function crash(stage: Stage, copy: Copy): Promise<void> {
  if (stage.ground.runtime === "native") {
    process.kill(-nativePid(stage, copy), "SIGKILL");
    return;
  }
  const container = `ditto-${copy.id}`;
  await stage.tool("kill", "-s", "KILL", container);
  const file = stage.project.write("running", "another-boot");
  const done = await stage.tool("cp", file, `${container}:/ditto/running`);
  expect(done.status).toBe(0);
}

/** The leader of the server's session, after its boot was made another. */
function nativePid(stage: Stage, copy: Copy): number {
  const id = (JSON.parse(readFileSync(join(stage.project.home, "identity.json"), "utf8")) as { id: string }).id;
  const folder = join("/var/lib/ditto", id, "copies", copy.id);
  const [, pid] = readFileSync(join(folder, "server.pid"), "utf8").split("/");
  writeFileSync(join(folder, "place", "running"), "another-boot");
  return Number(pid);
}

onEachGround("many at once", (stage) => {
  test("--count makes that many, with numbered names", async () => {
    const copies = await stage.project.json<Copy[]>("copy", ["create", "--count", "3", "--name", "load"]);
    expect(copies.map(({ name }) => name)).toEqual(["load-1", "load-2", "load-3"]);
    const { stdout } = await stage.project.must("copy", ["create", "--count", "2"]);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    await stage.project.must("copy", ["delete", "--all", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("eight workers get eight copies of their own, which go with the command", async () => {
    const script = `
      const urls = Array.from({ length: 8 }, (_, at) => process.env["DATABASE_URL_" + (at + 1)]);
      if (new Set(urls).size !== 8 || urls[0] !== process.env.DATABASE_URL) throw new Error("not eight of its own");
      await Promise.all(urls.map(async (url) => { const sql = new Bun.SQL(url, { max: 1 }); await sql.unsafe("DELETE FROM items WHERE id <= 10"); await sql.close(); }));`;
    const run = await stage.copy(["run", "--workers", "8", "--", process.execPath, "-e", script]);
    expect(run).toMatchObject({ status: 0, stderr: expect.not.stringContaining("nothing but ditto") });
    expect(await stage.leftovers()).toEqual([]);
  });
});

onEachGround("a command that does not open its copy", (stage) => {
  test("is noticed, and is an error with --require-connection", async () => {
    const noticed = { stderr: expect.stringMatching(/nothing but ditto connected[\s\S]*DATABASE_URL/) };
    expect(await stage.copy(["run", "--", "true"])).toMatchObject({ status: 0, ...noticed });
    expect(await stage.copy(["run", "--require-connection", "--", "true"])).toMatchObject({ status: 125, ...noticed });
    expect(await stage.copy(["run", "--require-connection", "--", "sh", "-c", "exit 7"])).toMatchObject({
      status: 7,
      ...noticed,
    });
    const opens = `const sql = new Bun.SQL(process.env.DATABASE_URL, { max: 1 }); await sql.unsafe("SELECT 1"); await sql.close();`;
    expect(await stage.copy(["run", "--require-connection", "--", process.execPath, "-e", opens])).toMatchObject({
      status: 0,
      stderr: expect.not.stringContaining("nothing but ditto"),
    });
    expect(await stage.leftovers()).toEqual([]);
  });
});

onEachGround(
  "free space",
  (stage) => {
    test("below disk.min_free is refused before anything is made", async () => {
      const low = { env: { DITTO_DISK__MIN_FREE: "900T" } };
      const refused = { status: 1, stderr: expect.stringMatching(/are free in \/.* and disk\.min_free is/) };
      expect(await stage.copy(["create"], low)).toMatchObject(refused);
      expect(await stage.project.run("reseed", ["--from", "nothing.sql"], low)).toMatchObject({ status: 1 });
      expect(await stage.leftovers()).toEqual([]);
    });
  },
  {},
);

onEachGround("another state folder", (stage) => {
  testWhere(true)("is cleaned only of what expired a day ago, where it was extended not even then", async () => {
    const { runtime } = stage.ground;
    if (runtime === "native") return;
    const image = readProvisioned().images[stage.ground.server] ?? "";
    const labels = (id: string, hours: number) => [
      ...["ditto.managed=true", "ditto.home=0000000000", "ditto.kind=copy", `ditto.id=${id}`, "ditto.owner=gone/1/1"],
      `ditto.expires=${new Date(Date.now() - hours * 3_600_000).toISOString()}`,
    ];
    const make = (id: string, hours: number) =>
      stage.tool(
        "create",
        "--name",
        `ditto-test-foreign-${id}`,
        ...labels(id, hours).flatMap((label) => ["--label", label]),
        image,
        "true",
      );
    const ids = ["old", "fresh", "extended"];
    for (const id of ids) await make(id, id === "fresh" ? 20 : 30);
    const folder = join(stage.project.write("place/expires", "never"), "..");
    await stage.tool("cp", folder, "ditto-test-foreign-extended:/ditto");
    try {
      await stage.project.must("copy", ["prune"]);
      const names = async () =>
        (await stage.tool("ps", "-a", "--filter", "name=ditto-test-foreign", "--format", "{{.Names}}")).stdout
          .trim()
          .split("\n")
          .sort();
      expect(await names()).toEqual(ids.map((id) => `ditto-test-foreign-${id}`).sort());
      expect((await stage.project.must("copy", ["prune", "--every-home"])).stdout).toContain("copy old");
      expect(await names()).toEqual(["ditto-test-foreign-extended", "ditto-test-foreign-fresh"]);
    } finally {
      for (const id of ids) await stage.tool("rm", "-f", `ditto-test-foreign-${id}`);
    }
  });
});

onEachGround("a role of the copy's", (stage) => {
  testWhere(stage.ground.engine === "postgres")("has a URL of its own, with its own rights", async () => {
    const copy = await stage.create("--as", "clerk", "--name", "clerks");
    expect(new URL(copy.connection_string).username).toBe("clerk");
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    await expect(ask(copy.connection_string, "DELETE FROM items")).rejects.toThrow("permission denied");
    await stage.project.must("copy", ["reset", "clerks", "--yes"]);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    const missing = await stage.copy(["create", "--as", "nobody"]);
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringMatching(/no such role[\s\S]*clerk/) });
    await stage.project.must("copy", ["delete", "clerks"]);
    expect(await stage.leftovers()).toEqual([]);
  });
});

onEachGround("a network of somebody else's", (stage) => {
  testWhere(stage.ground.runtime === "docker")("holds the copy too, under its container's name", async () => {
    const network = `ditto-test-${process.pid}`;
    expect((await stage.tool("network", "create", network)).status).toBe(0);
    try {
      const copy = await stage.create("--network", network);
      const internal = new URL(String(copy.internal_url));
      expect(internal.host).toBe(`ditto-${copy.id}:${stage.ground.engine === "postgres" ? 5432 : 3306}`);
      const image = (
        await stage.tool("container", "inspect", "--format", "{{.Config.Image}}", `ditto-${copy.id}`)
      ).stdout.trim();
      const look = `exec 3<>/dev/tcp/${internal.hostname}/${internal.port} && echo open`;
      const seen = await stage.tool("run", "--rm", "--network", network, "--entrypoint", "bash", image, "-c", look);
      expect(seen.stdout.trim()).toBe("open");
      const missing = await stage.copy(["create", "--network", "ditto-test-none"]);
      expect(missing).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('join the network "ditto-test-none"'),
      });
      await stage.project.must("copy", ["delete", copy.id]);
      expect(await stage.leftovers()).toEqual([]);
    } finally {
      await stage.tool("network", "rm", network);
    }
  });
});
