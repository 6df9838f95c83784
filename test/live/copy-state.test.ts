import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Copy, configOf, countItems, ITEMS, onEachGround, reseed } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(120_000);

const says = (pattern: RegExp) => expect.stringMatching(pattern);

onEachGround("records that a copy's commands meet", (stage) => {
  const file = (folder: string, id: string) => join(stage.project.home, folder, `${id}.json`);
  const strange: Record<string, string> = {
    "01strange0000000000corrupt": '{"version": 1, "id": "01strange',
    "01strange000000000000empty": "",
    "01strange0000000000another": '{"version": 1, "id": "../../victim", "port": 1, "frozen": {"reference": "x"}}',
    "01strange0000000000nothing": "null",
    "01strange00000000000newer0": '{"version": 2, "whatever": []}',
  };

  test("strange records are listed, named, left untouched, and in nobody's way", async () => {
    const copy = await stage.create("--name", "good");
    for (const [id, content] of Object.entries(strange)) writeFileSync(file("copies", id), content);
    const listed = await stage.list();
    expect(listed.map(({ id }) => id).sort()).toEqual([...Object.keys(strange), copy.id].sort());
    expect(listed.filter(({ status }) => status === "newer").length).toBe(1);
    expect((await stage.copy(["list"])).stdout).toMatch(/damaged record/);
    expect((await stage.copy(["run", "--", "true"])).status).toBe(0);
    for (const id of Object.keys(strange)) {
      for (const verb of ["url", "delete"]) {
        expect(await stage.copy([verb, id])).toMatchObject({
          status: 1,
          stdout: "",
          stderr: says(new RegExp(`${id}\\.json`)),
        });
      }
    }
    expect(await stage.copy(["prune"])).toMatchObject({ status: 0 });
    expect(await stage.copy(["delete", "--all", "--yes"])).toMatchObject({ status: 0, stdout: "Deleted good\n" });
    for (const [id, content] of Object.entries(strange)) expect(readFileSync(file("copies", id), "utf8")).toBe(content);
    for (const id of Object.keys(strange)) rmSync(file("copies", id));
  });

  test("a copy whose record is damaged keeps its server until the file is moved away", async () => {
    const copy = await stage.create();
    const whole = readFileSync(file("copies", copy.id), "utf8");
    writeFileSync(file("copies", copy.id), whole.slice(0, 100));
    expect(await stage.copy(["prune"])).toMatchObject({ status: 0, stdout: "Nothing to remove\n" });
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    rmSync(file("copies", copy.id));
    expect((await stage.copy(["prune"])).stdout).toContain(copy.id);
    expect(await stage.leftovers()).toEqual([]);
  });

  test("strange records of bases don't keep create from the base that is whole", async () => {
    for (const [id, content] of Object.entries(strange)) writeFileSync(file("bases", id), content);
    expect((await stage.copy(["run", "--", "true"])).status).toBe(0);
    expect((await stage.copy(["prune"])).status).toBe(0);
    for (const [id, content] of Object.entries(strange)) expect(readFileSync(file("bases", id), "utf8")).toBe(content);
    for (const id of Object.keys(strange)) rmSync(file("bases", id));
  });

  test("what a newer ditto made works on beside this one, which lists it and leaves it alone", async () => {
    const copy = await stage.create("--name", "modern");
    const files = [file("copies", copy.id), file("bases", String(copy.base_id))];
    const olds = files.map((path) => readFileSync(path, "utf8"));
    const news = olds.map((text) => JSON.stringify({ version: 2, data: JSON.parse(text), facets: ["x"] }));
    const write = (contents: string[]) => {
      for (const [at, path] of files.entries()) writeFileSync(path, contents[at] ?? "");
    };
    write(news);
    // Of its bases this one keeps the newest only.
    stage.project.configure(configOf(stage.ground, { dump: { roles: "keep", keep_bases: 1 } }));
    await reseed(stage);
    const other = await stage.create("--name", "other");
    expect(await countItems(other.connection_string)).toBe(ITEMS);
    expect((await stage.list()).map(({ id, status }) => [id, status])).toEqual([
      [copy.id, "newer"],
      [other.id, "ready"],
    ]);
    expect((await stage.copy(["list"])).stdout).toMatch(new RegExp(`${copy.id} .*of a newer ditto`));
    expect((await stage.project.must("base", ["list"])).stdout).toMatch(
      new RegExp(`${copy.base_id} .*of a newer ditto`),
    );
    const status = await stage.project.json<{ unreadable: object[] }>("status");
    expect(status.unreadable).toEqual([...files].reverse().map((path) => ({ file: path, state: "newer" })));
    const newer = { status: 1, stdout: "", stderr: says(/of a newer ditto[\s\S]*Use the newer ditto/) };
    expect(await stage.copy(["stop", copy.id])).toMatchObject(newer);
    for (const verb of ["use", "delete"]) {
      expect(await stage.project.run("base", [verb, String(copy.base_id)])).toMatchObject(newer);
    }
    expect(await stage.copy(["prune"])).toMatchObject({ status: 0, stdout: "Nothing to remove\n" });
    expect(await stage.copy(["delete", "--all", "--yes"])).toMatchObject({ status: 0, stdout: "Deleted other\n" });
    expect(files.map((path) => readFileSync(path, "utf8"))).toEqual(news);
    expect(await countItems(copy.connection_string)).toBe(ITEMS);
    write(olds);
    await stage.project.must("base", ["delete", String(other.base_id), "--yes"]);
    expect(await countItems((await stage.create()).connection_string)).toBe(ITEMS);
    stage.project.configure(configOf(stage.ground));
    await stage.copy(["delete", "--all", "--yes"]);
  });

  test("fields that this ditto doesn't know are ignored, and kept", async () => {
    const copy = await stage.create("--name", "facets");
    const record = () => JSON.parse(readFileSync(file("copies", copy.id), "utf8")) as Record<string, unknown>;
    const base = file("bases", String(copy.base_id));
    const plain = readFileSync(base, "utf8");
    writeFileSync(base, JSON.stringify({ ...JSON.parse(plain), facets: ["x"] }));
    writeFileSync(file("copies", copy.id), JSON.stringify({ ...record(), facets: { colour: "red" } }));
    await stage.project.must("copy", ["stop", "facets"]);
    expect((await stage.project.must("copy", ["url", "facets"])).stdout.trim()).toBe(copy.connection_string);
    expect(record()).toMatchObject({ version: 1, status: "ready", facets: { colour: "red" } });
    expect((await stage.list()).find(({ id }) => id === copy.id)).not.toHaveProperty("facets");
    expect(await stage.project.json("status")).toMatchObject({ unreadable: [], warnings: [] });
    expect((await stage.copy(["run", "--", "true"])).status).toBe(0);
    expect((await stage.copy(["prune"])).stdout).toBe("Nothing to remove\n");
    await stage.project.must("copy", ["delete", "facets"]);
    writeFileSync(base, plain);
  });

  test("an old base is used with a note, which is not in the answer", async () => {
    const [name = ""] = readdirSync(join(stage.project.home, "bases"));
    const record = join(stage.project.home, "bases", name);
    const fresh = readFileSync(record, "utf8");
    const old = new Date(Date.now() - 10 * 86_400_000).toISOString();
    writeFileSync(record, JSON.stringify({ ...JSON.parse(fresh), createdAt: old }));
    const made = await stage.copy(["create"]);
    expect(made).toMatchObject({ status: 0, stdout: says(/^\S+\n$/), stderr: says(/The base is 10 days old/) });
    expect((await stage.copy(["create", "--quiet"])).stderr).toBe("");
    stage.project.configure({ ...configOf(stage.ground), dump: { stale_after: "30d" } });
    expect((await stage.copy(["create"])).stderr).not.toContain("days old");
    writeFileSync(record, fresh);
    stage.project.configure(configOf(stage.ground));
    await stage.copy(["delete", "--all", "--yes"]);
  });

  test("two projects on one state folder have names and bases of their own", async () => {
    await stage.create("--name", "same");
    stage.project.configure({ ...configOf(stage.ground), project: "other" });
    expect(await stage.copy(["url", "same"])).toMatchObject({ status: 1, stderr: says(/in project "other"/) });
    expect(await stage.copy(["create"])).toMatchObject({ status: 1, stderr: says(/no base of "other"/) });
    expect(await stage.copy(["delete", "--all", "--yes"])).toMatchObject({ status: 0 });
    expect((await stage.list()).map(({ name }: Copy) => name)).toEqual(["same"]);
    stage.project.configure(configOf(stage.ground));
    await stage.copy(["delete", "same"]);
  });

  test("what the state folder holds is for its owner's eyes only", () => {
    const modes = stage.project.files().map((name) => {
      const facts = statSync(join(stage.project.home, name));
      return `${(facts.mode & 0o077).toString(8)} ${name}`;
    });
    expect(statSync(stage.project.home).mode & 0o777).toBe(0o700);
    // What lies in a folder of 0700 is out of reach; what would be copied out of it must not be readable either.
    expect(
      modes.filter((line) => /identity|copies\/|bases\/|dumps\/.*\.dump$/.test(line) && !line.startsWith("0 ")),
    ).toEqual([]);
  });
});

let fresh: Project;
beforeAll(async () => {
  fresh = await makeProject({ runtime: "docker" });
});
afterEach(() => rmSync(fresh.home, { recursive: true, force: true }));
afterAll(() => fresh.remove());

test("without a base create says what to do, and leaves nothing", async () => {
  const { status, stdout, stderr } = await fresh.run("copy", ["create", "--name", "x"]);
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr: says(/there is no base of "shop".*\n.*reseed\.ts/),
  });
  expect(await fresh.run("copy", ["run", "--", "true"])).toMatchObject({
    status: 125,
    stderr: says(/there is no base/),
  });
});

test("looking at nothing makes nothing", async () => {
  for (const call of [["list"], ["prune"], ["url", "x"], ["delete", "--all", "--yes"]]) await fresh.run("copy", call);
  expect(existsSync(fresh.home)).toBe(false);
});

test("a damaged identity is named, not replaced", async () => {
  await Bun.write(join(fresh.home, "identity.json"), "{");
  const { status, stderr } = await fresh.run("copy", ["prune"]);
  expect({ status, stderr }).toEqual({ status: 1, stderr: says(/identity\.json": the file is damaged/) });
  expect(readFileSync(join(fresh.home, "identity.json"), "utf8")).toBe("{");
});
