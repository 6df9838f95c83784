import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { startSource } from "../provision/sources.ts";
import { soak } from "./support/ground.ts";
import { makeProject } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(1_200_000);

const MANY = 1_000_000;
const numbers = `SELECT d0.n + 10 * d1.n + 100 * d2.n + 1000 * d3.n + 10000 * d4.n + 100000 * d5.n AS n FROM ${[
  0, 1, 2, 3, 4, 5,
]
  .map(
    (at) =>
      `(SELECT 0 AS n ${Array.from({ length: 9 }, (_, digit) => `UNION ALL SELECT ${digit + 1}`).join(" ")}) d${at}`,
  )
  .join(", ")}`;

const SERVERS = soak
  ? ([
      ["postgres", "17"],
      ["mysql", "9.7"],
      ["mariadb", "11.8"],
    ] as const)
  : [];

const { docker, images } = readProvisioned();

for (const [engine, version] of SERVERS) {
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`A million e-mails, ${engine}${missing ? ` (${missing})` : ""}`, () => {
    test("stay distinct, and their children find them", async () => {
      const source = await startSource({ engine, version, name: "million" });
      const project = await makeProject({
        source: { url: source.url },
        copy: { image },
        obfuscation: {
          unreviewed: "allow",
          rules: [{ table: "people", column: "email", strategy: "replace", type: "email" }],
        },
      });
      try {
        await source.load({
          text: `CREATE TABLE people (id int PRIMARY KEY, email varchar(60) NOT NULL UNIQUE);
            CREATE TABLE orders (id int PRIMARY KEY, email varchar(60) NOT NULL, CONSTRAINT of_person FOREIGN KEY (email) REFERENCES people (email));
            INSERT INTO people SELECT n, concat('person', n, '@corp.io') FROM (${numbers}) s;
            INSERT INTO orders SELECT id, email FROM people;`,
        });
        await project.must("reseed", [], { timeoutMs: 900_000 });
        const { connection_string } = await project.json<{ connection_string: string }>("copy", ["create"]);
        const counts = await rowsOf(
          connection_string,
          "SELECT count(*), count(DISTINCT p.email), sum(CASE WHEN p.email LIKE '%@example.com' THEN 1 ELSE 0 END) FROM people p JOIN orders o ON o.email = p.email AND o.id = p.id",
        );
        expect(counts.map((row) => row.map(Number))).toEqual([[MANY, MANY, MANY]]);
      } finally {
        await project.remove();
        await source.stop();
      }
    });
  });
}
