import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { durationOf, momentsOf, orphans, orphansAfterPrune, strike, type Victim } from "./kill-harness.ts";
import { damaged, manifestOf, withManifest } from "./support/base-file.ts";
import { configOf, countItems, ITEMS, onEachGround, soak } from "./support/ground.ts";
import { makeProject, type Outcome, type Project } from "./support/project.ts";

setDefaultTimeout(soak ? 1_800_000 : 120_000);

interface Base {
  id: string;
  current: boolean;
  masked: boolean;
  rows: number;
  project: string;
}

onEachGround("a base as one file", (stage) => {
  let file = "";
  let other: Project;
  /** Milliseconds. */
  const usual = { export: 0, import: 0 };

  beforeAll(async () => {
    file = join(stage.project.folder, "shop.base");
    usual.export = (await stage.project.must("base", ["export", file])).ms;
    other = await makeProject(configOf(stage.ground), "elsewhere");
  });
  afterAll(async () => {
    if (stage.ground.runtime === "native") await other?.run("copy", ["delete", "--all", "--yes"]);
    await other?.remove();
  });

  test("says what it is, is for its owner's eyes, and is zstd to everybody else", async () => {
    expect(manifestOf(file)).toMatchObject({
      ditto_base: 1,
      facts: { masked: false, base: { rows: expect.any(Number) } },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const list = Bun.spawn(["sh", "-c", 'zstd -dc "$0" | tar -t', file], { stdout: "pipe", stderr: "ignore" });
    const names = await new Response(list.stdout).text();
    if ((await list.exited) === 0) expect(/^(\.\/)?(PG_VERSION|ibdata1)$/m.test(names)).toBe(true);
  });

  test("becomes a base of another project and state folder, which create takes", async () => {
    const { stdout, ms } = await other.must("base", ["import", file, "--json"]);
    usual.import = ms;
    const base = JSON.parse(stdout) as Base;
    const [listed] = await other.json<Base[]>("base", ["list"]);
    expect(listed).toMatchObject({ id: base.id, project: "elsewhere", current: true, masked: false, rows: base.rows });
    const { connection_string } = await other.json<{ connection_string: string }>("copy", ["create"]);
    expect(await countItems(connection_string)).toBe(ITEMS);
    await other.must("copy", ["delete", "--all", "--yes"]);
  });

  const REFUSED: [string, () => Uint8Array, { status: number; stderr: RegExp }][] = [
    [
      "cut off",
      () => readFileSync(file).subarray(0, -9_999),
      { status: 1, stderr: /^Cannot import "bad.base": it is cut off/m },
    ],
    ["damaged", () => damaged(file), { status: 1, stderr: /Cannot import "bad.base": its (data|checksum)/ }],
    [
      "no base's",
      () => new TextEncoder().encode("CREATE TABLE t (id int);"),
      { status: 2, stderr: /it is not a base's file/ },
    ],
    [
      "a newer ditto's",
      () => withManifest(file, (manifest) => Object.assign(manifest, { ditto_base: 2 })),
      { status: 2, stderr: /it is of a newer ditto/ },
    ],
    [
      "another processor's",
      () => withManifest(file, ({ facts }) => Object.assign(facts, { platform: "linux/s390x" })),
      { status: 2, stderr: /its files are those of linux\/s390x, and .* is linux/ },
    ],
    [
      "another release's",
      () => withManifest(file, ({ facts }) => Object.assign(facts.base.server, { version: "9.1" })),
      {
        status: stage.ground.runtime === "native" ? 1 : 2,
        stderr: /it is of \w+ 9\.1, and|Cannot run a server/,
      },
    ],
  ];
  for (const [title, bytes, { status, stderr }] of REFUSED) {
    test(`${title} is refused in one sentence with a way out, and leaves nothing behind`, async () => {
      const bad = other.write("bad.base", bytes());
      const before = await other.belongings();
      const outcome = await other.run("base", ["import", bad]);
      expect({ ...outcome }).toMatchObject({ status, stdout: "", stderr: expect.stringMatching(stderr) });
      expect(outcome.stderr).not.toMatch(/^ +at /m);
      expect(await other.belongings()).toEqual(before);
    });
  }

  for (const verb of ["export", "import"] as const) {
    test(`a killed ${verb} leaves nothing that prune can't remove`, async () => {
      const half = join(stage.project.folder, "half.base");
      const victim: Victim = { script: "base", args: [verb, verb === "export" ? half : file] };
      // A moment late in the work, when most of it is half made.
      const moments = soak ? momentsOf(await durationOf(stage, victim), "SIGKILL") : [usual[verb] * 0.7];
      for (const at of moments) {
        await strike(stage, victim, { signal: "SIGKILL", at });
        expect({ at, orphans: await orphansAfterPrune(stage) }).toEqual({ at, orphans: [] });
        expect(filesBeside(stage.project)).toEqual([]);
      }
    });
  }
});

/** What an export leaves outside of the state folder. */
function filesBeside({ folder }: Project): string[] {
  return [...new Bun.Glob("*.tmp").scanSync({ cwd: folder })];
}

onEachGround("bases of one project", (stage) => {
  const list = () => stage.project.json<Base[]>("base", ["list"]);
  const base = (...args: string[]): Promise<Outcome> => stage.project.run("base", args);
  const seed = join(import.meta.dir, `../fixtures/copies/${stage.ground.engine}.sql`);

  test("one that was built of the same dump is taken again, unless it is to be rebuilt", async () => {
    const [first] = await list();
    const again = await stage.project.run("reseed", ["--from", seed, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ id: first?.id, built: false });
    expect(again.stderr).toMatch(/was built of this very dump.*--rebuild/);
    const stored = await stage.project.json<Base>("reseed", ["--from", "store"]).catch(() => undefined);
    expect([first?.id, undefined]).toContain(stored?.id);
    const rebuilt = await stage.project.json<Base>("reseed", ["--from", seed, "--rebuild"]);
    expect(rebuilt).toMatchObject({ built: true });
    expect((await list()).map(({ id, current }) => ({ id, current }))).toEqual([
      { id: rebuilt.id, current: true },
      { id: first?.id ?? "", current: false },
    ]);
  });

  test("create takes the one that was chosen, and keep_bases keeps it", async () => {
    const [, old] = await list();
    const id = old?.id ?? "";
    expect(await base("use", id.slice(0, 25))).toMatchObject({ status: 0, stdout: expect.stringContaining(id) });
    expect(await stage.create("--name", "first")).toMatchObject({ base_id: id });
    await stage.copy(["delete", "first"]);
    stage.project.configure({ ...configOf(stage.ground), dump: { roles: "keep", keep_bases: 1 } });
    const made = await stage.project.json<Base>("reseed", ["--from", seed, "--rebuild"]);
    const left = await list();
    expect(left.find(({ current }) => current)?.id).toBe(made.id);
    expect(left.map((one) => one.id).sort()).toEqual([id, made.id].sort());
  });

  test("one that copies stand on is not deleted, and they are named", async () => {
    const id = (await list()).find(({ current }) => !current)?.id ?? "";
    await base("use", id);
    await stage.create("--name", "mine");
    expect(await base("delete", id, "--yes")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/mine stands on it\n.*copy\.ts delete mine/),
    });
    await stage.copy(["delete", "mine"]);
    expect(await base("delete", id)).toMatchObject({ status: 1, stderr: expect.stringMatching(/--yes/) });
    expect(await stage.project.json("base", ["delete", id, "--yes"])).toMatchObject([{ id }]);
    expect((await list()).map((one) => one.id)).not.toContain(id);
    expect(await orphans(stage)).toEqual([]);
  });

  test("an unknown one is said, with what to do", async () => {
    for (const words of [
      ["use", "zzz"],
      ["delete", "zzz", "--yes"],
      ["export", "zzz", "/tmp/never.base"],
    ]) {
      expect(await base(...words)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^Cannot find the base "zzz"/),
      });
    }
  });
});
