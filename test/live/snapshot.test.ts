import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { ask, type Copy, countItems, ITEMS, onEachGround, type Stage, soak, testWhere } from "./support/ground.ts";

setDefaultTimeout(180_000);

interface Snapshot {
  id: string;
  name: string;
  copy: string;
  parent: string;
  paused_ms: number;
  not_captured: string[];
  [field: string]: unknown;
}

const says = (pattern: RegExp) => expect.stringMatching(pattern);

onEachGround("snapshots", takeAndGoBack);
onEachGround("snapshots in a pool", (stage) => takeAndGoBack(stage, { storage: "pool" }), { storage: "pool" });

function takeAndGoBack(stage: Stage, { storage = "" } = {}): void {
  const { ground } = stage;
  const postgres = ground.engine === "postgres";
  const snapshot = (...args: string[]) => stage.project.run("snapshot", args);
  const take = (...args: string[]) => stage.project.json<Snapshot>("snapshot", ["create", ...args]);
  const list = (...args: string[]) => stage.project.json<Snapshot[]>("snapshot", ["list", ...args]);
  const rollBack = (...args: string[]) => stage.project.json<Copy>("snapshot", ["rollback", ...args]);
  const file = (...parts: string[]) => join(stage.project.home, ...parts);

  /** What no storage has a part in: in the short form of the run it is tried on one of them. */
  const testOnce = testWhere(soak || storage === "");

  afterEach(async () => {
    await stage.copy(["delete", "--all", "--yes"]);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("a snapshot is gone back to, again and again, on the same id, port and URL", async () => {
    const copy = await stage.create("--name", "work");
    const url = copy.connection_string;
    await ask(url, "DELETE FROM items WHERE id > 900");
    expect(await take("work", "first")).toMatchObject({ name: "first", copy: "work", parent: "", not_captured: [] });
    await ask(url, "DELETE FROM items WHERE id > 800");
    expect(await take("work", "second")).toMatchObject({ parent: "work/first" });
    await ask(url, "DROP TABLE items");
    for (const [name, rows] of [
      ["second", 800],
      ["first", 900],
      ["second", 800],
    ] as const) {
      const back = await rollBack("work", "--to", name);
      expect(back).toMatchObject({
        id: copy.id,
        name: "work",
        port: copy.port,
        connection_string: url,
        status: "ready",
      });
      expect(back).toMatchObject({ from_snapshot: `work/${name}` });
      expect(await countItems(url)).toBe(rows);
    }
    // Without a name it goes to where it came from last.
    await ask(url, "DELETE FROM items");
    await rollBack("work");
    expect(await countItems(url)).toBe(800);
    expect(await stage.project.json<Copy>("copy", ["reset", "work", "--yes"])).toMatchObject({ from_snapshot: "" });
    expect(await countItems(url)).toBe(ITEMS);
    expect((await list("work")).map(({ name }) => name)).toEqual(["first", "second"]);
  });

  test("clients stay connected, what was committed is in it, and what was open is not", async () => {
    const { connection_string: url } = await stage.create("--name", "busy");
    const client = new SQL(url, { max: 1 });
    const session = postgres ? "SELECT pg_backend_pid() AS n" : "SELECT connection_id() AS n";
    const [before] = (await client.unsafe(session)) as { n: number }[];
    const open = await client.reserve();
    await open.unsafe("BEGIN");
    await open.unsafe("INSERT INTO items VALUES (6000, 'open', 1)");
    await ask(url, "INSERT INTO items VALUES (5000, 'committed', 1)");
    await take("busy", "taken");
    await open.unsafe("COMMIT");
    open.release();
    expect([...(await client.unsafe(session))]).toEqual([before]);
    await client.close();
    await rollBack("busy");
    expect(await countItems(url)).toBe(ITEMS + 1);
  });

  test("a copy is made of a snapshot, with a password of its own, and outlives its origin", async () => {
    const origin = await stage.create("--name", "origin");
    await ask(origin.connection_string, "DELETE FROM items WHERE id > 700");
    await take("origin", "point");
    const made = await stage.create("--from", "origin/point", "--name", "made");
    expect(made).toMatchObject({ from_snapshot: "origin/point", base_id: origin.base_id });
    expect(new URL(made.connection_string).password).not.toBe(new URL(origin.connection_string).password);
    const wrong = made.connection_string.replace(/:[^:@/]+@/, `:${new URL(origin.connection_string).password}@`);
    expect(await ask(wrong, "SELECT 1").catch(() => "refused")).toBe("refused");
    expect(await countItems(made.connection_string)).toBe(700);
    expect(await snapshot("delete", "origin/point", "--yes")).toMatchObject({
      status: 1,
      stderr: says(/^Cannot delete origin\/point: made stands on it\n.*copy\.ts delete made/m),
    });
    await stage.project.must("copy", ["delete", "origin"]);
    expect(await countItems(made.connection_string)).toBe(700);
    // It is kept for the copy that stands on it, which may go back to it.
    await ask(made.connection_string, "DELETE FROM items");
    await rollBack("made");
    expect(await countItems(made.connection_string)).toBe(700);
    await stage.project.must("copy", ["delete", "made"]);
    await stage.project.must("snapshot", ["delete", "origin/point", "--yes"]);
  });

  test("a copy is cloned while it goes on, and the clone is another", async () => {
    const copy = await stage.create("--name", "one");
    const client = new SQL(copy.connection_string, { max: 1 });
    await client.unsafe("DELETE FROM items WHERE id > 600");
    const clone = await stage.project.json<Copy>("copy", ["clone", "one", "--name", "two"]);
    const own = String(clone.from_snapshot);
    expect(own).toStartWith("one/clone-");
    expect(clone).toMatchObject({ name: "two", status: "ready" });
    await client.unsafe("DELETE FROM items WHERE id > 500");
    expect([await countItems(copy.connection_string), await countItems(clone.connection_string)]).toEqual([500, 600]);
    await client.close();
    // What ditto took for the clone goes with it, a copy of that does not.
    await stage.project.must("snapshot", ["copy", own, "kept"]);
    await stage.project.must("copy", ["delete", "two"]);
    await stage.project.must("copy", ["prune"]);
    expect((await list("one")).map(({ name }) => name)).toEqual(["kept"]);
    await rollBack("one", "--to", "kept");
    expect(await countItems(copy.connection_string)).toBe(600);
  });

  testOnce("a clone outlives its origin", async () => {
    await stage.create("--name", "one");
    const clone = await stage.project.json<Copy>("copy", ["clone", "one", "--name", "two"]);
    await stage.project.must("copy", ["delete", "one"]);
    expect(await countItems(clone.connection_string)).toBe(ITEMS);
  });

  testOnce("a paused copy keeps its memory and its clients", async () => {
    const copy = await stage.create("--name", "halted");
    const client = new SQL(copy.connection_string, { max: 1 });
    await client.unsafe("CREATE TEMPORARY TABLE mine AS SELECT 42 AS n");
    await stage.project.must("copy", ["pause", "halted"]);
    expect(await stage.list()).toMatchObject([{ name: "halted", status: "paused" }]);
    const resumes = says(/^Cannot use copy "halted": it is paused\n.*copy\.ts resume halted/m);
    for (const refused of [stage.copy(["sql", "halted", "-c", "SELECT 1"]), snapshot("create", "halted", "no")]) {
      expect(await refused).toMatchObject({ status: 1, stderr: resumes });
    }
    await stage.project.must("copy", ["resume", "halted"]);
    expect([...(await client.unsafe("SELECT n FROM mine"))]).toMatchObject([{ n: 42 }]);
    await client.close();
    await stage.project.must("copy", ["pause", "halted"]);
    await stage.project.must("copy", ["stop", "halted"]);
    await stage.project.must("copy", ["start", "halted"]);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
  });

  test("what a running server can't give is named, and stopping it gives what is on disk", async () => {
    const { connection_string: url } = await stage.create("--name", "part");
    const table = postgres ? "CREATE UNLOGGED TABLE quick (n int)" : "CREATE TABLE quick (n int) ENGINE = MyISAM";
    await ask(url, table);
    // Without rows nothing is lost.
    await take("part", "empty");
    await ask(url, "INSERT INTO quick VALUES (1)");
    expect(await snapshot("create", "part", "refused")).toMatchObject({
      status: 1,
      stderr: says(/^Cannot take all of "part": not captured would be (UNLOGGED|MyISAM) table \w+\.quick\n.*--stop/m),
    });
    const without = await take("part", "without", "--allow-not-captured");
    expect(without.not_captured).toEqual([says(/ table \w+\.quick$/)]);
    expect(await take("part", "whole", "--stop")).toMatchObject({ not_captured: [] });
    expect(await ask(url, "SELECT n FROM quick")).toHaveLength(1);
    await ask(url, "DELETE FROM items");
    await rollBack("part", "--to", "whole");
    expect(await ask(url, "SELECT n FROM quick")).toHaveLength(1);
    expect(await countItems(url)).toBe(ITEMS);
    if (!postgres) {
      await ask(url, "CREATE TABLE fleeting (n int) ENGINE = MEMORY");
      await ask(url, "INSERT INTO fleeting VALUES (1)");
      expect(await snapshot("create", "part", "memory", "--stop")).toMatchObject({
        status: 1,
        stderr: says(/MEMORY table \w+\.fleeting/),
      });
    }
  });

  test("a stopped copy is taken as it is, and a rollback starts it", async () => {
    const { connection_string: url } = await stage.create("--name", "still");
    await ask(url, "DELETE FROM items WHERE id > 300");
    await stage.project.must("copy", ["stop", "still"]);
    expect(await take("still", "rest")).toMatchObject({ paused_ms: 0 });
    await rollBack("still");
    expect(await countItems(url)).toBe(300);
  });

  testOnce("bad names and unknown snapshots are refused, and nothing changes", async () => {
    const { connection_string: url } = await stage.create("--name", "names");
    await stage.create("--name", "other");
    await take("names", "good");
    const before = await stage.project.belongings();
    const cases: [string[], number, RegExp][] = [
      [["create", "names", ""], 2, /an argument is empty/],
      [["create", "names", ".."], 2, /^Cannot use "\.\." as a snapshot's name/],
      [["create", "names", "a/b"], 2, /^Cannot use "a\/b" as a snapshot's name/],
      [["create", "names", "x".repeat(42)], 2, /^Cannot use "x+" as a snapshot's name/],
      [["create", "names", "good"], 1, /^Cannot take the snapshot "good" of "names": there is one of this name/],
      [["create", "nobody", "x"], 1, /^Cannot find the copy "nobody"/],
      [
        ["rollback", "names", "--to", "goof"],
        1,
        /^Cannot roll back "names" to "names\/goof".*\nDid you mean "names\/good"/,
      ],
      [["rollback", "other", "--to", "good"], 1, /^Cannot roll back "other" to "other\/good"/],
      [["rollback", "other"], 1, /^Cannot roll back "other": it has no snapshot/],
      [["delete", "", "--yes"], 2, /an argument is empty/],
      [["delete", "../volumes/db", "--yes"], 2, /not of the form COPY\/NAME/],
      [["delete", "names/..", "--yes"], 2, /^Cannot use "\.\."/],
      [["delete", "names/good"], 1, /^Cannot go on without consent: Delete names\/good/],
    ];
    for (const [args, status, message] of cases) {
      expect({ args, ...(await snapshot(...args)) }).toMatchObject({ args, status, stdout: "", stderr: says(message) });
    }
    expect(await stage.project.belongings()).toEqual(before);
    expect(await countItems(url)).toBe(ITEMS);
  });

  testOnce("two without a name in one second are two", async () => {
    await stage.create("--name", "quick");
    const taken = await Promise.all([take("quick"), take("quick"), take("quick")]);
    expect(new Set(taken.map(({ name }) => name)).size).toBe(3);
    expect(await list("quick")).toHaveLength(3);
  });

  testOnce("another engine's, release's or runtime's snapshot is refused", async () => {
    const copy = await stage.create("--name", "fits");
    await take("fits", "point");
    const path = file("snapshots", copy.id, "point.json");
    const record = JSON.parse(readFileSync(path, "utf8"));
    for (const [change, message] of [
      [{ engine: postgres ? "mysql" : "postgres" }, /^Cannot roll back "fits" to "fits\/point": it is of /],
      [{ server: { ...record.server, version: "1.2" } }, /: it is of \w+ 1\.2, and the copy is /],
      [{ frozen: { ...record.frozen, runtime: ground.runtime === "docker" ? "native" : "docker" } }, /: it lies in /],
    ] as const) {
      writeFileSync(path, JSON.stringify({ ...record, ...change }));
      expect(await snapshot("rollback", "fits")).toMatchObject({ status: 2, stderr: says(message) });
    }
    writeFileSync(path, JSON.stringify(record));
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
  });

  test("a rollback that fails leaves the copy as it was", async () => {
    const copy = await stage.create("--name", "safe");
    await take("safe", "bad");
    await ask(copy.connection_string, "DELETE FROM items WHERE id > 123");
    const path = file("snapshots", copy.id, "bad.json");
    const record = JSON.parse(readFileSync(path, "utf8"));
    // A server of this user can't read its files.
    writeFileSync(path, JSON.stringify({ ...record, frozen: { ...record.frozen, owner: "4321:4321" } }));
    expect(await snapshot("rollback", "safe")).toMatchObject({ status: 1, stdout: "" });
    writeFileSync(path, JSON.stringify(record));
    expect(await stage.list()).toMatchObject([{ id: copy.id, status: "ready", port: copy.port }]);
    expect(await countItems(copy.connection_string)).toBe(123);
    await rollBack("safe");
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
  });

  testWhere(ground.runtime === "docker")("a copy in a second network keeps its port over a rollback", async () => {
    const { id, connection_string: url } = await stage.create("--name", "two");
    await take("two", "point");
    await ask(url, "DELETE FROM items WHERE id > 50");
    expect(await stage.tool("network", "connect", "bridge", `ditto-${id}`)).toMatchObject({ status: 0 });
    await rollBack("two");
    expect(await countItems(url)).toBe(ITEMS);
  });

  testWhere(ground.runtime !== "native")(
    "a copy that was removed behind ditto's back comes back by a rollback",
    async () => {
      const copy = await stage.create("--name", "gone");
      await ask(copy.connection_string, "DELETE FROM items WHERE id > 77");
      await take("gone", "kept");
      expect(await stage.tool("rm", "-f", "-v", `ditto-${copy.id}`)).toMatchObject({ status: 0 });
      expect(await snapshot("create", "gone", "late")).toMatchObject({
        status: 1,
        stderr: says(/^Cannot take a snapshot of "gone": its server is gone.*\n.*snapshot\.ts rollback gone/m),
      });
      expect(await rollBack("gone")).toMatchObject({ id: copy.id, connection_string: copy.connection_string });
      expect(await countItems(copy.connection_string)).toBe(77);
    },
  );

  testWhere(ground.runtime !== "native")(
    "a snapshot from before the machine was started again serves like every other",
    async () => {
      const { id, connection_string: url } = await stage.create("--name", "boot");
      await ask(url, "DELETE FROM items WHERE id > 333");
      // A rollback gives it another container, whose name begins alike.
      const inside = async (script: string) => {
        const containers = (await stage.project.traces()).filter((trace) => trace.startsWith(`container ditto-${id}`));
        expect(containers).toHaveLength(1);
        return stage.tool("exec", containers[0]?.slice("container ".length) ?? "", "sh", "-c", script);
      };
      const mark = (await inside("cat /ditto/running")).stdout.trim();
      // Whoever marks the boot elsewhere must not make this test one that can't fail.
      expect(mark).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
      expect(await inside("printf other > /ditto/running")).toMatchObject({ status: 0 });
      await take("boot", "old");
      await rollBack("boot");
      expect((await inside("cat /ditto/running")).stdout.trim()).toBe(mark);
      expect(await countItems(url)).toBe(333);
      // The new server's own mark counts again.
      await stage.project.must("copy", ["stop", "boot"]);
      await stage.project.must("copy", ["start", "boot"]);
      expect(await countItems(url)).toBe(333);
    },
  );

  testOnce("expiry leaves snapshots, of which copies can still be made", async () => {
    const copy = await stage.create();
    await ask(copy.connection_string, "DELETE FROM items WHERE id > 55");
    await take(copy.id, "saved");
    await stage.project.must("copy", ["extend", copy.id, "--ttl", "1"]);
    await Bun.sleep(1_100);
    expect(await snapshot("create", copy.id, "late")).toMatchObject({
      status: 1,
      stderr: says(/^Cannot take a snapshot of "\w+": it has expired.*\n.*copy\.ts extend/m),
    });
    expect(await stage.project.json("copy", ["prune"])).toMatchObject({ removed: [`copy ${copy.id} (expired)`] });
    expect(existsSync(file("snapshots", copy.id, "saved.json"))).toBe(true);
    const again = await stage.create("--from", `${copy.id}/saved`);
    expect(await countItems(again.connection_string)).toBe(55);
    await stage.project.must("copy", ["delete", again.id]);
    await stage.project.must("snapshot", ["delete", `${copy.id}/saved`, "--yes"]);
  });

  testOnce("deleting a copy names the snapshots that go with it, and asks", async () => {
    await stage.create("--name", "full");
    for (const name of ["a", "b"]) await take("full", name);
    expect(await stage.copy(["delete", "full"])).toMatchObject({
      status: 1,
      stderr: says(/consent: Delete full\? The snapshots full\/a, full\/b go with it/),
    });
    expect(await list()).toHaveLength(2);
    await stage.project.must("copy", ["delete", "full", "--yes"]);
    expect(await list()).toEqual([]);
    expect(readdirSync(file("snapshots"))).toEqual([]);
  });

  testOnce("a snapshot is copied under another name, and each stands for itself", async () => {
    const { connection_string: url } = await stage.create("--name", "pair");
    await ask(url, "DELETE FROM items WHERE id > 222");
    await take("pair", "left");
    await stage.project.must("snapshot", ["copy", "pair/left", "right"]);
    await stage.project.must("snapshot", ["delete", "pair/left", "--yes"]);
    await rollBack("pair", "--to", "right");
    expect(await countItems(url)).toBe(222);
  });

  testOnce("the oldest beyond copy.keep_snapshots go, those that a copy stands on stay", async () => {
    await stage.create("--name", "many");
    const config = JSON.parse(readFileSync(join(stage.project.folder, "ditto.yaml"), "utf8"));
    writeFileSync(
      join(stage.project.folder, "ditto.yaml"),
      JSON.stringify({ ...config, copy: { ...config.copy, keep_snapshots: 2 } }),
    );
    try {
      await take("many", "one");
      await rollBack("many");
      for (const name of ["two", "three"]) await take("many", name);
      const { stderr } = await stage.project.must("snapshot", ["create", "many", "four"]);
      expect(stderr).toContain("Removed many/two: copy.keep_snapshots is 2");
      expect((await list("many")).map(({ name }) => name)).toEqual(["one", "three", "four"]);
    } finally {
      writeFileSync(join(stage.project.folder, "ditto.yaml"), JSON.stringify(config));
    }
  });

  test("a snapshot as one file is taken in again, when its copy is gone too", async () => {
    const copy = await stage.create("--name", "trip");
    await ask(copy.connection_string, "DELETE FROM items WHERE id > 444");
    await take("trip", "point");
    const path = join(stage.project.folder, `${copy.id}.snapshot`);
    await stage.project.must("snapshot", ["export", "trip/point", path]);
    expect(await snapshot("import", path)).toMatchObject({ status: 1, stderr: says(/there is one of this name/) });
    expect(await stage.project.run("base", ["import", path])).toMatchObject({
      status: 2,
      stderr: says(/it is a snapshot's file/),
    });
    await stage.project.must("copy", ["delete", "trip", "--yes"]);
    await stage.project.must("snapshot", ["import", path]);
    const again = await stage.create("--from", "trip/point");
    expect(await countItems(again.connection_string)).toBe(444);
    await stage.project.must("copy", ["delete", again.id]);
    await stage.project.must("snapshot", ["delete", "trip/point", "--yes"]);
  });
}
