import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stageCopy, stageText } from "../../../lib/bases/staged.ts";
import { sweepUnfinished } from "../../../lib/bases/unfinished.ts";
import { setEnvironment } from "./environment.ts";

let folder: string;
let out: string;
let restore: () => void;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ditto-staged-"));
  out = join(folder, "out");
  restore = setEnvironment({ DITTO_HOME: join(folder, "home") });
});
afterAll(() => {
  restore();
  rmSync(folder, { recursive: true });
});
beforeEach(() => rmSync(out, { recursive: true, force: true }));

const notes = () => readdirSync(join(folder, "home/work"));

test("a staged file appears when it is published, and nothing else stays", async () => {
  writeFileSync(join(folder, "dump"), "rows");
  const staged = [
    await stageText("CREATE", join(out, "schema.sql")),
    await stageCopy(join(folder, "dump"), join(out, "a.dump")),
  ];
  expect(readdirSync(out).every((name) => name.endsWith(".tmp"))).toBe(true);
  await sweepUnfinished();
  for (const { publish } of staged) await publish();
  expect(readdirSync(out).sort()).toEqual(["a.dump", "schema.sql"]);
  expect([readFileSync(join(out, "schema.sql"), "utf8"), readFileSync(join(out, "a.dump"), "utf8")]).toEqual([
    "CREATE",
    "rows",
  ]);
  expect(notes()).toEqual([]);
});

test("one that is discarded or can't be written leaves nothing", async () => {
  await (await stageText("x", join(out, "schema.sql"))).discard();
  await expect(stageText("x", join(folder, "dump/schema.sql"))).rejects.toThrow("Cannot write");
  expect(readdirSync(out)).toEqual([]);
  expect(notes()).toEqual([]);
});

test("one whose name has become a folder's says that the base is there, and leaves nothing", async () => {
  const path = join(out, "schema.sql");
  const { publish } = await stageText("x", path);
  mkdirSync(path);
  await expect(publish()).rejects.toMatchObject({
    message: `Cannot write "${path}": a folder has this name`,
    hint: expect.stringContaining("The new base is there and current"),
  });
  expect([readdirSync(out), readdirSync(path), notes()]).toEqual([["schema.sql"], [], []]);
  await expect(stageText("x", path)).rejects.toMatchObject({ hint: expect.stringContaining("untouched") });
});

test("what a process that was killed had staged is swept", async () => {
  const script = join(folder, "script.ts");
  const from = JSON.stringify(join(import.meta.dir, "../../../lib/bases/staged.ts"));
  const path = JSON.stringify(join(out, "schema.sql"));
  writeFileSync(
    script,
    `import { stageText } from ${from}; await stageText("x", ${path}); process.kill(process.pid, "SIGKILL");`,
  );
  expect(await Bun.spawn([process.execPath, script], { env: process.env }).exited).toBe(137);
  expect(readdirSync(out)).toEqual([expect.stringMatching(/^schema\.sql\.\d+\.\w+\.tmp$/)]);
  await sweepUnfinished();
  expect(readdirSync(out)).toEqual([]);
  expect(notes()).toEqual([]);
});

test("what can't be removed doesn't keep the sweep from the rest", async () => {
  const [first] = [await stageText("x", join(out, "first")), await stageText("x", join(out, "second"))];
  for (const name of notes()) {
    const note = join(folder, "home/work", name);
    writeFileSync(note, readFileSync(note, "utf8").replace(/"owner": ".*"/, '"owner": "gone/1/1"'));
  }
  const [stuck = ""] = readdirSync(out).filter((name) => name.startsWith("first"));
  rmSync(join(out, stuck));
  mkdirSync(join(out, stuck));
  await sweepUnfinished();
  expect(readdirSync(out)).toEqual([stuck]);
  expect(notes().length).toBe(1);
  rmSync(join(out, stuck), { recursive: true });
  await first?.discard();
  expect(notes()).toEqual([]);
});
