import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Source, startSource } from "../provision/sources.ts";
import {
  contentsOf,
  livingTools,
  momentsOf,
  orphans,
  orphansAfterPrune,
  SIGNALS,
  serves,
  strike,
  untilQuiet,
  type Victim,
} from "./kill-harness.ts";
import { configOf, onEachGround, soak, sourceOf } from "./support/ground.ts";

setDefaultTimeout(soak ? 1_800_000 : 180_000);

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 };

const TABLE = {
  postgres:
    "CREATE TABLE items AS SELECT n AS id, md5(n::text) AS name, n / 100.0 AS price FROM generate_series(1, 200000) n; ALTER TABLE items ADD PRIMARY KEY (id);",
  mysql:
    "CREATE TABLE items (id int PRIMARY KEY, name char(32), price decimal(9,2)); INSERT INTO items WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500), m AS (SELECT (a.i - 1) * 500 + b.i AS i FROM n a JOIN n b WHERE a.i <= 400) SELECT i, left(sha2(i, 256), 32), i / 100 FROM m;",
};

onEachGround("reseed killed", (stage) => {
  let source: Source;
  let contents = "";
  let duration = 0;
  const hit = new Set<string>();
  let steps: string[] = [];
  const victim: Victim = { script: "reseed", args: [] };

  /** The steps that a reseed said it began. */
  const stepsIn = (stderr: string) => stderr.split("\n").filter((line) => /^[A-Z][\w ]+$/.test(line));

  beforeAll(async () => {
    source = await startSource(sourceOf(stage.ground));
    await source.sql(TABLE[stage.ground.engine]);
    stage.project.configure({ ...configOf(stage.ground), source: { url: source.url } });
    const { ms, stderr } = await stage.project.must("reseed");
    [duration, steps] = [ms, stepsIn(stderr)];
    const copy = await stage.create();
    contents = await contentsOf(copy, stage);
    await stage.project.must("copy", ["delete", copy.id]);
  });
  afterAll(() => source?.stop());

  for (const signal of SIGNALS) {
    test(`by ${signal} at any moment: no tool lives on, prune leaves nothing, the base serves on`, async () => {
      const moments = momentsOf(duration, signal);
      for (const at of moments) {
        const death = await strike(stage, victim, { signal, at });
        expect([0, STATUS[signal]]).toContain(death.status);
        hit.add(stepsIn(death.stderr).at(-1) ?? "");
        await untilQuiet(source.url, stage);
        expect({ at, tools: await livingTools(stage) }).toEqual({ at, tools: [] });
        if (signal !== "SIGKILL") expect({ at, orphans: await orphans(stage) }).toEqual({ at, orphans: [] });
        if (soak || at === moments.at(-1)) expect(await serves(stage, contents)).toEqual({ status: "ready", contents });
        expect({ at, orphans: await orphansAfterPrune(stage) }).toEqual({ at, orphans: [] });
      }
      expect(await stage.project.run("reseed")).toMatchObject({ status: 0 });
      expect(await orphans(stage)).toEqual([]);
    });
  }

  test("every step was hit", () => {
    // A few moments can't meet every step; ninety do, but for those that are over at once.
    expect(hit.size).toBeGreaterThan(soak ? steps.length / 2 : 1);
  });
});
