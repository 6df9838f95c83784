import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { startSource } from "../provision/sources.ts";
import { serversToTry, soak } from "./support/ground.ts";
import { makeProject } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

/** The great table is read first and slowly; the masked one comes after it. */
const SERVERS = [
  {
    engine: "postgres",
    version: "17",
    great: "INSERT INTO great SELECT n, repeat('plain words ', 60) FROM generate_series(1, 60) n",
    slow: "pg_catalog.pg_sleep(0.1) IS NOT NULL",
    waiting: "SET lock_timeout = '2s';",
  },
  {
    engine: "mysql",
    version: "9.7",
    great:
      "INSERT INTO great WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 60) SELECT n, repeat('plain words ', 5000) FROM r",
    slow: "sleep(0.1) = 0",
    waiting: "SET lock_wait_timeout = 2;",
  },
  {
    engine: "mariadb",
    version: "11.8",
    great: "INSERT INTO great SELECT seq, repeat('plain words ', 5000) FROM seq_1_to_60",
    slow: "sleep(0.1) = 0",
    waiting: "SET lock_wait_timeout = 2;",
  },
] as const;

const CHANGES = [
  { change: "TRUNCATE TABLE people", what: "emptied" },
  { change: "ALTER TABLE people ADD COLUMN phone varchar(40) DEFAULT '+49 171 5558844'", what: "given a column" },
];

/** What comes after the rules were tried on the source and before anything of it is held. */
const EARLIER = [
  { change: "ALTER TABLE people ADD COLUMN phone varchar(40) DEFAULT '+49 171 5558844'", says: /people\.phone/ },
  { change: "TRUNCATE TABLE people", says: undefined },
  { change: "CREATE TABLE visitors (id int PRIMARY KEY, email varchar(80))", says: /visitors\.email/ },
  { change: "ALTER TABLE people DROP COLUMN email", says: /has no column "email"/ },
];

const { docker, images } = readProvisioned();

for (const { engine, version, great, slow, waiting } of serversToTry(SERVERS, "postgres")) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`Between listing and reading, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    const undo: (() => Promise<unknown>)[] = [];
    afterAll(async () => {
      for (const step of undo.reverse()) await step();
    });

    test("a masked table that is emptied or given a column is copied as it was, or the run fails", async () => {
      const source = await startSource({ engine, version, name: "between" });
      undo.push(source.stop);
      const long = engine === "postgres" ? "text" : "longtext";
      await source.load({
        text: `CREATE TABLE great (id int PRIMARY KEY, body ${long}); ${great}; CREATE TABLE people (id int PRIMARY KEY, email varchar(80));`,
      });
      if (engine !== "postgres") await source.sql("ANALYZE TABLE great");
      for (const { change, what } of CHANGES) {
        await source.sql("DELETE FROM people");
        await source.sql("INSERT INTO people (id, email) VALUES (1, 'ann@corp.io'), (2, 'bob@corp.io')");
        const project = await makeProject({
          source: { url: source.url },
          copy: { image },
          dump: { rows: { great: slow } },
          obfuscation: {
            unreviewed: "fail",
            rules: [
              { table: "people", column: "email", strategy: "replace", type: "email" },
              { table: "great", column: "body", strategy: "keep" },
            ],
          },
        });
        undo.push(project.remove);
        const running = project.start("reseed", ["--verbose"]);
        await until(() => /Copy (the )?rows/.test(running.stderr()), 200_000);
        await Bun.sleep(1_500);
        const held = await source.sql(`${waiting} ${change}`).then(
          () => false,
          () => true,
        );
        const { status, stderr } = await running.done;
        const end = { engine, what, held, status };
        console.log(
          JSON.stringify(end),
          status === 0 ? "" : stderr.split("\n").find((line) => line.includes("Cannot")),
        );
        if (status !== 0) {
          expect(stderr).toMatch(/Cannot .*(altered|emptied|waits for)/);
          expect({
            ...end,
            bases: project.files().filter((file) => file.startsWith("bases/") && file.endsWith(".json")),
          }).toEqual({ ...end, bases: [] });
          continue;
        }
        const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
        const people = await rowsOf(copy.connection_string, "SELECT * FROM people ORDER BY id");
        const masked = expect.stringMatching(/@example\.com$/);
        expect({ ...end, people }).toEqual({
          ...end,
          people: [
            ["1", masked],
            ["2", masked],
          ],
        });
      }
    });

    test("a table that changes after the first look is judged again before a row is read", async () => {
      for (const { change, says } of soak ? EARLIER : EARLIER.slice(0, 2)) {
        const source = await startSource({ engine, version, name: "earlier" });
        undo.push(source.stop);
        await source.load({
          text: "CREATE TABLE people (id int PRIMARY KEY, email varchar(80)); INSERT INTO people VALUES (1, 'ann@corp.io');",
        });
        const project = await makeProject({
          source: { url: source.url },
          copy: { image },
          obfuscation: {
            unreviewed: "fail",
            rules: [{ table: "people", column: "email", strategy: "replace", type: "email" }],
          },
        });
        undo.push(project.remove);
        const running = project.start("reseed", ["--verbose"]);
        await until(() => running.stderr().includes("Open the workshop"), 60_000);
        expect(running.stderr()).not.toMatch(/Dump|Read the definitions/);
        await source.sql(change);
        const { status, stderr } = await running.done;
        const bases = project.files().filter((file) => /^bases\/\w+\.json$/.test(file));
        if (says === undefined) {
          expect({ change, status, bases: bases.length }).toEqual({ change, status: 0, bases: 1 });
          const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
          expect(await rowsOf(copy.connection_string, "SELECT * FROM people")).toEqual([]);
        } else {
          expect({ change, refused: status !== 0, stderr, bases }).toEqual({
            change,
            refused: true,
            stderr: expect.stringMatching(says),
            bases: [],
          });
          expect(stderr).not.toMatch(/Copy (the )?rows/);
        }
      }
    });
  });
}
