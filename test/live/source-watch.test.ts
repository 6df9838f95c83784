import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { ask } from "./support/ground.ts";
import { makeProject, type Project, type Running } from "./support/project.ts";
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

for (const [engine, version] of [
  ["postgres", "17"],
  ["mysql", "9.7"],
  ["mariadb", "11.8"],
] as const) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = docker.available && image ? undefined : "no docker or image";
  describe.skipIf(missing !== undefined)(
    `While a dump reads ${engine} ${version}${missing ? ` (${missing})` : ""}`,
    () => {
      let source: Source;
      let project: Project;
      const configure = (more: object = {}) =>
        project.configure({
          source: { url: source.url, ...more },
          copy: { image },
          runtime: "docker",
          dump: { rows: { orders: SLOW[engine] } },
        });
      const reading = async (running: Running) => {
        await until(() => /Copy (the )?rows/.test(running.stderr()), 60_000);
        await Bun.sleep(2_000);
      };

      beforeAll(async () => {
        source = await startSource({ engine, version, name: "watch" });
        await source.sql(BIG[engine] ?? "");
        project = await makeProject();
      });
      afterAll(async () => {
        await source?.stop();
        await project?.remove();
      });

      test("an ALTER TABLE waits 30 s for it at most; the reseed ends and names both", async () => {
        configure();
        const running = project.start("reseed", ["--verbose"]);
        await reading(running);
        const begun = performance.now();
        await ask(source.url, "ALTER TABLE orders ADD COLUMN y int");
        expect(performance.now() - begun).toBeLessThan(40_000);
        const { status, stderr } = await running.done;
        expect({ status, stderr }).toMatchObject({ status: 1 });
        expect(stderr).toMatch(
          /Cannot go on with the dump: session \d+ of user "\w+" \(.*\) waits for "[\w.]*orders", which it holds/,
        );
        expect((await project.traces()).filter((trace) => !trace.startsWith("network"))).toEqual([]);
      });

      test("on_block: warn says so and goes on; max_duration ends what takes too long", async () => {
        configure({ on_block: "warn", max_duration: "45s" });
        const running = project.start("reseed", ["--verbose"]);
        await reading(running);
        const altered = ask(source.url, "ALTER TABLE orders ADD COLUMN z int");
        const { status, stderr } = await running.done;
        await altered;
        expect(stderr).toMatch(/waits for "[\w.]*orders", which this dump holds/);
        expect(stderr).toMatch(/Cannot go on with the dump: it takes longer than 45 s/);
        expect(status).toBe(1);
      });
    },
  );
}
