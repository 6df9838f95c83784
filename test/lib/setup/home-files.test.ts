import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { newId } from "../../../lib/kit/state.ts";
import { readHomeFiles, removeHomeFiles } from "../../../lib/setup/home-files.ts";

let folder: string;
const before = process.env.DITTO_HOME;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-home-"));
  process.env.DITTO_HOME = folder;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.DITTO_HOME;
  else process.env.DITTO_HOME = before;
});

function write(path: string, content = "", mode = 0o600): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
  chmodSync(join(folder, path), mode);
}

const record = (more: object) => JSON.stringify({ version: 1, ...more });
const id = newId();
const DUMP = "dumps/shop/shop/79871e06/2026-11-21T19-05-26-815Z.dump";
const OWN: Record<string, string> = {
  "identity.json": record({ id: "1", secret: "2" }),
  "mask.key": "00",
  ...{ swept: "", "sweep.log": "x", [`bases/${id}.json`]: "damaged", [`copies/${id}.json`]: record({}) },
  ...{ [`copies/${id}.json.12.0a1b2c3d.tmp`]: "", [`events/${id}.jsonl`]: "{}", "locks/copies.lock": "" },
  ...{ [`snapshots/${id}/before.json`]: record({}), "current/shop.default.json": record({ baseId: id }) },
  ...{ [`patches/${"a".repeat(24)}.json`]: record({}), "projects/shop.json": record({ folder: "/srv/shop" }) },
  ...{ "secrets/shop.password": "x", "secrets/shop.replica.password": "x", [`tmp/${id}.expires`]: "never" },
  ...{ [`work/${id}.json`]: record({}), "work/x.dump.12.partial": "x" },
  ...{ [DUMP]: "x", [`${DUMP}.json`]: record({}), [`${DUMP}.12.partial`]: "x" },
};

test("what ditto made is removed, and the folder with it", async () => {
  for (const [path, content] of Object.entries({ ...OWN, "ditto.yaml": "project: shop\n" })) write(path, content);
  const files = await readHomeFiles();
  expect(files.own.sort()).toEqual([...Object.keys(OWN), "ditto.yaml"].sort());
  expect(files.foreign).toEqual([]);
  await removeHomeFiles(files);
  expect(existsSync(folder)).toBe(false);
  mkdirSync(folder);
});

test("in somebody's own folder their files stay, also beside ditto's and under the same names", async () => {
  for (const [path, content] of Object.entries(OWN)) write(path, content);
  const theirs = [
    ...["ditto.yaml", "notes.txt", "bases/plan.json", "copies/a/b.txt", "dumps/shop.dump", "dumps/shop/shop/x/a.sql"],
    ...["locks/apt.lock", "projects/site.json", "secrets/prod", "snapshots/x.tar", "work/letter.odt", "tmp/x.tmp"],
    ...["native/src/main.c", "native/copies/mine/a.txt", "current/a.b.json", "events/talk.ics"],
  ];
  for (const path of theirs) write(path, '{ "version": 2 }');
  write("secrets/open.password", "x", 0o644);
  const files = await readHomeFiles();
  expect(files.own.sort()).toEqual(Object.keys(OWN).sort());
  expect(files.foreign).toContain("copies/a");
  await removeHomeFiles(files);
  for (const path of [...theirs, "secrets/open.password"])
    expect([path, existsSync(join(folder, path))]).toEqual([path, true]);
  for (const path of Object.keys(OWN)) expect([path, existsSync(join(folder, path))]).toEqual([path, false]);
});

test("a folder that ditto has never used stays as it is", async () => {
  for (const path of ["ditto.yaml", "work/a.json", "identity.json"]) write(path, "{}");
  const files = await readHomeFiles();
  expect(files).toEqual({ own: [], foreign: ["ditto.yaml", "identity.json", "work/a.json"] });
  await removeHomeFiles(files);
  expect(existsSync(join(folder, "work/a.json"))).toBe(true);
});
