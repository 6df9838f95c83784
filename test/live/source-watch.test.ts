import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { ask, soak } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

const { docker, images } = readProvisioned();

/** Rows that take a while to read, because a client reads slowly: the dump is held up in the middle by its own side. */
const BIG: Record<string, string> = {
  postgres:
    "CREATE TABLE orders (id int PRIMARY KEY, x text); INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 1000) n",
  mysql:
    "CREATE TABLE orders (id int PRIMARY KEY, x text); INSERT INTO orders WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT n, sha2(n, 256) FROM r",
  mariadb:
    "CREATE TABLE orders (id int PRIMARY KEY, x text); INSERT INTO orders SELECT seq, md5(seq) FROM seq_1_to_1000",
};

/** A condition that makes each row slow. */
const SLOW: Record<string, string> = {
  postgres: "pg_catalog.pg_sleep(0.1) IS NOT NULL",
  mysql: "sleep(0.1) = 0",
  mariadb: "sleep(0.1) = 0",
};

interface Scene {
  engine: string;
  source: Source;
  project: Project;
}

const SERVERS = [
  ["postgres", "17"],
  ["mysql", "9.7"],
  ["mariadb", "11.8"],
] as const;

const imageOf = (engine: string, version: string) => images[`${engine}:${version}` as ServerImage];
const missing =
  docker.available && SERVERS.every(([engine, version]) => imageOf(engine, version)) ? "" : " (no images)";

describe.skipIf(missing !== "")(`While a dump reads the source${missing}`, () => {
  const scenes: Scene[] = [];

  // Mostly they wait: side by side.
  beforeAll(async () => {
    await Promise.all(
      SERVERS.map(async ([engine, version]) => {
        const source = await startSource({ engine, version, name: "watch" });
        await source.sql(BIG[engine] ?? "");
        const project = await makeProject({
          source: { url: source.url },
          copy: { image: imageOf(engine, version) },
          runtime: "docker",
          dump: { rows: { orders: SLOW[engine] } },
        });
        scenes.push({ engine, source, project });
      }),
    );
  });
  afterAll(async () => {
    for (const { source, project } of scenes) {
      await source.stop();
      await project.remove();
    }
  });

  const begin = async ({ project }: Scene, env: Record<string, string> = {}) => {
    const running = project.start("reseed", ["--verbose"], { env });
    await until(() => /Copy (the )?rows/.test(running.stderr()), 60_000);
    await Bun.sleep(2_000);
    return running;
  };

  test("an ALTER TABLE waits 30 s for it at most; the reseed ends and names both", async () => {
    await Promise.all(
      scenes.map(async (scene) => {
        const running = await begin(scene);
        const begun = performance.now();
        await ask(scene.source.url, "ALTER TABLE orders ADD COLUMN y int");
        expect(performance.now() - begun).toBeLessThan(40_000);
        const { status, stderr } = await running.done;
        expect({ engine: scene.engine, status, stderr }).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(
            /Cannot go on with the dump: session \d+ of user "\w+"( \(.*\))? waits for "[\w.]*orders", which it holds/,
          ),
        });
        expect((await scene.project.traces()).filter((trace) => !trace.startsWith("network"))).toEqual([]);
      }),
    );
  });

  test("on_block: warn says so and goes on; max_duration ends what takes too long", async () => {
    await Promise.all(
      scenes.slice(0, soak ? 3 : 1).map(async (scene) => {
        const running = await begin(scene, { DITTO_SOURCE__ON_BLOCK: "warn", DITTO_SOURCE__MAX_DURATION: "55s" });
        const altered = ask(scene.source.url, "ALTER TABLE orders ADD COLUMN z int");
        const { status, stderr } = await running.done;
        await altered;
        expect({ status, stderr }).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(
            /waits for "[\w.]*orders", which this dump holds[\s\S]*Cannot go on with the dump: it takes longer than 55 s/,
          ),
        });
      }),
    );
  });

  test("a watch session that the source ends is had again: the wait is still seen", async () => {
    await Promise.all(
      scenes.slice(0, soak ? 3 : 2).map(async (scene) => {
        const running = await begin(scene);
        expect(await endWatch(scene)).toBe(1);
        const begun = performance.now();
        await ask(scene.source.url, "ALTER TABLE orders ADD COLUMN w int");
        expect(performance.now() - begun).toBeLessThan(40_000);
        expect(await running.done).toMatchObject({ status: 1, stderr: expect.stringContaining("which it holds") });
      }),
    );
  });

  test("a watch session that can't be had again is said once; what takes too long is ended when it can", async () => {
    const scene = scenes.find(({ engine }) => engine === "postgres") as Scene;
    const running = await begin(scene, { DITTO_SOURCE__MAX_DURATION: "10s" });
    await scene.source.sql("ALTER DATABASE app ALLOW_CONNECTIONS false", "postgres");
    expect(await endWatch(scene)).toBe(1);
    const blind = /Nobody watches over the dump, and source\.on_block and source\.max_duration are not kept: /g;
    await until(() => blind.test(running.stderr()), 60_000);
    await scene.source.sql("ALTER DATABASE app ALLOW_CONNECTIONS true", "postgres");
    const { status, stderr } = await running.done;
    expect({ status, said: stderr.match(blind)?.length }).toEqual({ status: 1, said: 1 });
    expect(stderr).toContain("Cannot go on with the dump: it takes longer than 10 s");
  });
});

/** Ends the session that looks on while another of ditto's reads; resolves to how many there were. */
async function endWatch({ engine, source }: Scene): Promise<number> {
  if (engine === "postgres") {
    const ended = await source.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ditto' AND query ~ 'pg_blocking_pids'",
      "postgres",
    );
    return ended.split("\n").filter((line) => line === "t").length;
  }
  const idle = async () => {
    const ids = await source.sql(
      "SELECT id FROM information_schema.processlist WHERE user = 'root' AND command = 'Sleep' AND id <> connection_id()",
    );
    return ids.split("\n").filter((id) => id !== "");
  };
  await until(async () => (await idle()).length > 0);
  const ids = await idle();
  for (const id of ids) await source.sql(`KILL ${id}`);
  return ids.length;
}
