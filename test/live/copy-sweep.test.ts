import { Database } from "bun:sqlite";
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { ownerTag } from "../../lib/kit/owner.ts";
import { type Copy, configOf, countItems, ITEMS, onEachGround, reseed, testWhere } from "./support/ground.ts";
import { homeIdOf } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const says = (pattern: RegExp) => expect.stringMatching(pattern);

/** A process of this boot that has ended. */
async function deadOwner(): Promise<string> {
  const child = Bun.spawn(["sleep", "30"]);
  const tag = await ownerTag(child.pid);
  child.kill("SIGKILL");
  await child.exited;
  return tag;
}

onEachGround("sweeping", (stage) => {
  afterEach(async () => {
    stage.project.configure(configOf(stage.ground));
    const left = await stage.leftovers();
    await stage.copy(["delete", "--all", "--yes"]);
    expect(left).toEqual([]);
  });

  const record = (id: string) => join(stage.project.home, "copies", `${id}.json`);
  const container = (id: string) => `ditto-${id}`;
  const tool = async (...args: string[]) => {
    const { status, stderr } = await stage.tool(...args);
    if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  };
  const prune = () => stage.project.json<{ removed: string[]; lost: string[]; failed: string[] }>("copy", ["prune"]);
  /** Runs `action` while this process holds a lock of the state folder. */
  const whileHeld = async <T>(name: string, action: () => Promise<T>): Promise<T> => {
    const lock = new Database(join(stage.project.home, "locks", `${name}.lock`));
    lock.run("PRAGMA journal_mode = OFF");
    lock.run("BEGIN EXCLUSIVE");
    try {
      return await action();
    } finally {
      lock.close();
    }
  };
  const alone = { env: { DITTO_NO_SWEEP: "1" } };
  const expiring = () => stage.project.json<Copy>("copy", ["create", "--ttl", "1"], alone);

  test("an expired copy goes with the next command, in the background", async () => {
    const copy = await expiring();
    await Bun.sleep(1_100);
    expect((await stage.copy(["list"])).status).toBe(0);
    await until(() => !existsSync(record(copy.id)));
    expect(await stage.leftovers()).toEqual([]);
    expect(readFileSync(join(stage.project.home, "events", `${copy.id}.jsonl`), "utf8")).toContain('"expired"');
  });

  test("a copy with a client connected stays, however long it has expired, and goes when the client does", async () => {
    const copy = await expiring();
    const client = new SQL(copy.connection_string, { max: 1 });
    await client.unsafe("SELECT 1");
    await Bun.sleep(1_100);
    expect((await prune()).removed).toEqual([]);
    expect([...(await client.unsafe("SELECT 2 AS two"))]).toEqual([{ two: 2 }]);
    await client.close();
    expect((await prune()).removed).toEqual([`copy ${copy.id} (expired)`]);
  });

  test("what is no longer due when its turn comes stays", async () => {
    const copy = await expiring();
    await Bun.sleep(1_100);
    const sweep = await whileHeld("copies", async () => {
      const running = stage.project.start("copy", ["prune", "--json"]);
      await Bun.sleep(1_500);
      const found = JSON.parse(readFileSync(record(copy.id), "utf8"));
      writeFileSync(record(copy.id), JSON.stringify({ ...found, ttlSeconds: null, expiresAt: null }));
      return running;
    });
    expect(await sweep.done).toMatchObject({ status: 0 });
    expect(JSON.parse(sweep.stdout()).removed).toEqual([]);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    await stage.project.must("copy", ["delete", copy.id]);
  });

  test("a paused copy can't be asked for its clients, so it has a day more", async () => {
    const copy = await expiring();
    await stage.project.must("copy", ["pause", copy.id], alone);
    await Bun.sleep(1_100);
    expect((await prune()).removed).toEqual([]);
    const found = JSON.parse(readFileSync(record(copy.id), "utf8"));
    const expiresAt = new Date(Date.now() - 25 * 3_600_000).toISOString();
    writeFileSync(record(copy.id), JSON.stringify({ ...found, expiresAt }));
    expect((await prune()).removed).toEqual([`copy ${copy.id} (expired)`]);
  });

  testWhere(stage.ground.engine === "postgres")("a copy whose every connection is in use stays too", async () => {
    stage.project.configure(configOf(stage.ground, { copy: { settings: { max_connections: 6 } } }));
    const copy = await expiring();
    const clients = new SQL(copy.connection_string, { max: 6 });
    await Promise.all(Array.from({ length: 6 }, () => clients.unsafe("SELECT pg_sleep(0.5)")));
    await Bun.sleep(600);
    expect((await prune()).removed).toEqual([]);
    await clients.close();
    expect((await prune()).removed).toEqual([`copy ${copy.id} (expired)`]);
  });

  test("the copy of a running command doesn't expire under it", async () => {
    const slow = stage.project.start("copy", [
      "run",
      "--ttl",
      "1",
      "--",
      "sh",
      "-c",
      "echo up; sleep 3; echo $DATABASE_URL",
    ]);
    await until(() => slow.stdout().includes("up"));
    await Bun.sleep(1_100);
    expect((await prune()).removed).toEqual([]);
    expect(await slow.done).toMatchObject({ status: 0, stderr: says(/^Note: nothing but ditto connected/) });
  });

  test("what a dead command left half made is swept, what a living one makes is left alone", async () => {
    const made = await stage.create("--name", "half");
    const half = JSON.parse(readFileSync(record(made.id), "utf8"));
    writeFileSync(record(made.id), JSON.stringify({ ...half, status: "creating", owner: await ownerTag() }));
    expect((await prune()).removed).toEqual([]);
    expect(await countItems(made.connection_string)).toBe(ITEMS);
    writeFileSync(record(made.id), JSON.stringify({ ...half, status: "creating", owner: await deadOwner() }));
    expect((await prune()).removed).toEqual(["copy half (ended)"]);
  });

  testWhere(stage.ground.runtime !== "native")(
    "things without a record go by their owner and their state folder",
    async () => {
      const image = JSON.parse(readFileSync(join(stage.project.folder, "ditto.yaml"), "utf8")).copy.image;
      const own = homeIdOf(stage.project.home) ?? "";
      const owners: [string, string, string][] = [
        ["dead", own, await deadOwner()],
        ["living", own, await ownerTag()],
        ["foreign", "0123456789", await deadOwner()],
      ];
      const name = (who: string, what: string) => `ditto-test-${own}-${who}-${what}`;
      for (const [who, home, owner] of owners) {
        const facts = { managed: "true", home, kind: "tool", id: `01test${who}`, owner };
        const labels = (kind: string) =>
          Object.entries({ ...facts, kind }).flatMap(([key, value]) => ["--label", `ditto.${key}=${value}`]);
        await tool("volume", "create", ...labels("tool"), name(who, "work"));
        await tool("create", "--name", name(who, "copy"), ...labels("copy"), image);
        const changes = labels("base")
          .filter((flag) => flag !== "--label")
          .flatMap((label) => ["--change", `LABEL ${label}`]);
        await tool("commit", ...changes, name(who, "copy"), name(who, "base"));
      }
      await prune();
      const left = async (who: string) => {
        const looks = [
          ["volume", "inspect", name(who, "work")],
          ["container", "inspect", name(who, "copy")],
          ["image", "inspect", name(who, "base")],
        ];
        const found = await Promise.all(looks.map((look) => stage.tool(...look)));
        return found.filter(({ status }) => status === 0).length;
      };
      const found = { dead: await left("dead"), living: await left("living"), foreign: await left("foreign") };
      for (const [who] of owners) {
        await stage.tool("rm", "-f", "-v", name(who, "copy"));
        await stage.tool("volume", "rm", "-f", name(who, "work"));
        await stage.tool("image", "rm", "-f", name(who, "base"));
      }
      expect(found).toEqual({ dead: 0, living: 3, foreign: 3 });
    },
  );

  test("files of writers that died go, those of living ones stay", async () => {
    const dead = (await deadOwner()).split("/")[1];
    const files = (pid: number | string | undefined) => [
      `copies/01x.json.${pid}.0badcafe.tmp`,
      `dumps/shop/app/none/2026-01-02T03-04-05-006Z.dump.${pid}.partial`,
      `identity.json.${pid}.0badcafe.tmp`,
    ];
    const path = (file: string) => join(stage.project.home, file);
    for (const file of [...files(dead), ...files(process.pid)]) await Bun.write(path(file), "half");
    await prune();
    expect(files(dead).filter((file) => existsSync(path(file)))).toEqual([]);
    expect(files(process.pid).filter((file) => existsSync(path(file)))).toEqual(files(process.pid));
    await Promise.all(files(process.pid).map((file) => Bun.file(path(file)).delete()));
  });

  testWhere(stage.ground.runtime !== "native")(
    "a server that was removed behind ditto's back is said, and then forgotten",
    async () => {
      const [named, unnamed] = [await stage.create("--name", "kept"), await stage.create()];
      await tool("rm", "-f", "-v", container(named.id), container(unnamed.id));
      const gone = says(/^Cannot start copy "kept": its data is gone.*\n.*copy\.ts reset kept/m);
      for (const [call, stderr] of [
        [["sql", "kept", "-c", "SELECT 1"], gone],
        [["shell", "kept"], gone],
        [["logs", "kept", "--server"], says(/"kept": somebody removed its server\n.*reset kept/)],
      ] as const) {
        expect(await stage.copy([...call], alone)).toMatchObject({ status: 1, stdout: "", stderr });
      }
      const swept = await prune();
      expect(swept.removed).toEqual([`copy ${unnamed.id} (its server is gone)`]);
      expect(swept.lost).toEqual([says(/^copy kept: its data is gone/)]);
      expect(await stage.copy(["delete", "kept"])).toMatchObject({ status: 0 });
    },
  );

  testWhere(stage.ground.runtime !== "native")(
    "a server that was stopped behind ditto's back is brought back",
    async () => {
      const copy = await stage.create("--name", "still");
      await tool("stop", "-t", "5", container(copy.id));
      expect((await prune()).removed).toEqual([]);
      expect(await stage.copy(["sql", "still", "-c", "SELECT 1"])).toMatchObject({
        status: 0,
        stderr: says(/^Starting copy still/),
      });
      expect(await stage.copy(["delete", "still"])).toMatchObject({ status: 0 });
    },
  );

  test("a command whose server is removed under it ends with its own status", async () => {
    const kill = `${stage.ground.runtime} rm -f -v ditto-$DITTO_COPY_ID >/dev/null; exit 4`;
    if (stage.ground.runtime === "native") return;
    expect(await stage.copy(["run", "--", "sh", "-c", kill])).toMatchObject({ status: 4, stderr: "" });
  });
});

for (const [storage, anchor] of [
  ["pool", "anchor"],
  ["copy", "files-anchor"],
] as const) {
  onEachGround(
    `storage: ${storage}`,
    (stage) => {
      testWhere(stage.ground.runtime !== "native")("what a killed clone left is swept, and nothing else", async () => {
        const alone = { env: { DITTO_NO_SWEEP: "1" } };
        const copy = await stage.project.json<Copy>("copy", ["create"], alone);
        const container = `ditto-${homeIdOf(stage.project.home)}-${anchor}`;
        const inside = async (script: string) => {
          const { status, stdout, stderr } = await stage.tool("exec", container, "sh", "-ec", `cd /pool; ${script}`);
          if (status !== 0) throw new Error(stderr);
          return stdout.trim();
        };
        await inside(
          "mkdir -p tmp/copies.dead.part/data tmp/copies.young.part; touch -d '2 minutes ago' tmp/copies.dead.part",
        );
        const pruned = await stage.project.json<{ removed: string[] }>("copy", ["prune"]);
        expect(pruned).toEqual({
          removed: ["what was left of copies/dead (half made)"],
          lost: [],
          failed: [],
        } as never);
        expect(await inside("ls tmp copies; rm -r tmp/copies.young.part")).toBe(
          `copies:\n${copy.id}\n\ntmp:\ncopies.young.part`,
        );
        await stage.project.must("copy", ["delete", copy.id]);
      });
    },
    { storage },
  );
}

onEachGround("a base that was removed behind ditto's back", (stage) => {
  testWhere(stage.ground.runtime !== "native")(
    "is said by create and prune when no dump was kept, and replaced by reseed",
    async () => {
      const images = (await stage.project.traces()).flatMap((trace) =>
        trace.startsWith("image ") ? [trace.split(" ").at(-1) ?? ""] : [],
      );
      if (images.length === 0) return;
      rmSync(join(stage.project.home, "dumps"), { recursive: true });
      expect(await stage.tool("image", "rm", "-f", ...images)).toMatchObject({ status: 0 });
      expect(await stage.copy(["create"])).toMatchObject({
        status: 1,
        stdout: "",
        stderr: says(/^Cannot make a copy: the base's image is gone.*\n.*reseed/),
      });
      expect((await stage.project.json<{ lost: string[] }>("copy", ["prune"])).lost).toEqual([
        says(/^base \w+: its data is gone/),
      ]);
      await reseed(stage);
      expect(await countItems((await stage.create()).connection_string)).toBe(ITEMS);
    },
  );
});
