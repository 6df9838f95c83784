import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { detectColumn, type Finding } from "../../lib/mask/detect.ts";
import labels from "../fixtures/mask/personal-columns.json" with { type: "json" };
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { loadSakila, type Source, startSource } from "../provision/sources.ts";
import { sampleTables } from "./support/sample-columns.ts";

const { images, samples } = readProvisioned();

/** What is labelled, what was found, and what of both is the same; as `table.column`. */
interface Measured {
  found: string[];
  personal: string[];
  direct: string[];
}

async function measure(
  engine: "postgres" | "mysql",
  url: string,
  { direct, indirect, opaque }: Record<"direct" | "indirect" | "opaque", string[]>,
) {
  const found: Finding[] = [];
  const present = new Set<string>();
  for (const { table, rows } of await sampleTables(url)) {
    const columns = table.columns.map(({ name }) => name);
    for (const [at, { name, type, nullable }] of table.columns.entries()) {
      present.add(`${table.name}.${name}`);
      const facts = { engine, schema: table.schema, table: table.name, column: name, type, nullable, columns };
      found.push(
        ...[
          detectColumn(
            facts,
            rows.map((row) => row[at] ?? null),
          ) ?? [],
        ].flat(),
      );
    }
  }
  const there = (names: string[]) => names.filter((name) => present.has(name));
  return {
    found: found.map(({ table, column }) => `${table}.${column}`),
    personal: there([...direct, ...indirect, ...opaque]),
    direct: there(direct),
  };
}

function share(of: string[], within: string[]): number {
  return of.filter((name) => within.includes(name)).length / of.length;
}

const SERVERS = [
  { sample: "pagila", server: "postgres:15", personal: 17 },
  { sample: "sakila", server: "mariadb:11.8", personal: 16 },
  // Its definition has a column for MySQL alone.
  { sample: "sakila", server: "mysql:9.7", personal: 17 },
] as const;

for (const { sample, server, personal } of SERVERS) {
  const [engine, version] = server.split(":") as ["postgres" | "mysql" | "mariadb", string];

  describe.skipIf(samples === null || images[server as ServerImage] === undefined)(`${sample} on ${server}`, () => {
    let source: Source;
    let measured: Measured;

    beforeAll(async () => {
      source = await startSource({ engine, version, name: "detection" });
      if (sample === "pagila") await source.load({ file: `${samples}/pagila-postgres.sql.gz` });
      measured = await measure(
        engine === "postgres" ? engine : "mysql",
        sample === "pagila" ? source.url : await loadSakila(source),
        labels[sample],
      );
    }, 300_000);

    afterAll(async () => {
      await source?.stop();
    });

    test("every direct identifier is found", () => {
      expect(measured.direct.filter((name) => !measured.found.includes(name))).toEqual([]);
    });

    test("at least 95 % of the personal columns are found, and of what is found at least 90 % is personal", () => {
      expect(measured.personal).toHaveLength(personal);
      expect(share(measured.personal, measured.found)).toBeGreaterThanOrEqual(0.95);
      expect(share(measured.found, measured.personal)).toBeGreaterThanOrEqual(0.9);
    });
  });
}
