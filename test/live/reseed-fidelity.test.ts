import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import { soak, testWhere } from "./support/ground.ts";
import {
  contentsOf,
  copyTools,
  loadFixture,
  makeReader,
  missingPostgres,
  postgresImage,
  query,
  READER,
  schemaOf,
  sharedSource,
  sourceTools,
  urlTo,
} from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const { samples } = readProvisioned();
const TORTURE = "Tör ture";

/** Reseeds from `url`, makes a copy and hands it over; everything is gone afterwards. */
async function throughCopy(
  version: string,
  { url, dump = {} }: { url: string; dump?: object },
  look: (copy: { id: string; connection_string: string }) => Promise<void>,
): Promise<void> {
  const project: Project = await makeProject({
    source: { url },
    copy: { image: postgresImage(version), side_effects: "keep" },
    dump,
  });
  try {
    await project.must("reseed");
    await look(await project.json("copy", ["create"]));
  } finally {
    await project.remove();
  }
}

// The oldest has the oldest tools, the newest the most kinds of things; what is left of both is for the long form.
for (const version of soak ? ["15", "17", "18"] : ["15", "18"]) {
  const missing = missingPostgres(version);

  describe.skipIf(missing !== undefined)(`Postgres ${version}${missing ? ` (${missing})` : ""}`, () => {
    let source: Source;

    beforeAll(async () => {
      source = await sharedSource(version);
      await makeReader(source);
    });

    testWhere(soak || version === "15", samples === null)(
      "Pagila, read by a user who may only read, is the same in the copy",
      async () => {
        await source.sql("CREATE DATABASE pagila", "postgres");
        await source.load({ file: `${samples}/pagila-postgres.sql.gz` }, "pagila");
        const contents = await contentsOf(urlTo(source, "pagila"));
        expect(contents["public.rental"]).toStartWith("16044 rows, ");
        await throughCopy(version, { url: urlTo(source, "pagila", READER) }, async (copy) => {
          expect(await contentsOf(copy.connection_string)).toEqual(contents);
          expect(await schemaOf(copyTools(copy), "pagila")).toBe(await schemaOf(sourceTools(source), "pagila"));
        });
      },
    );

    testWhere(soak || version === "18")(
      "whatever a database may hold is the same in the copy: types, names, keys, partitions, values, settings",
      async () => {
        await source.sql("CREATE ROLE torture_owner", "postgres");
        const url = await loadFixture(
          source,
          "torture",
          TORTURE,
          "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C'",
        );
        const contents = await contentsOf(url);
        expect(Object.keys(contents).length).toBeGreaterThan(40);
        await throughCopy(version, { url }, async (copy) => {
          expect(await contentsOf(copy.connection_string)).toEqual(contents);
          expect(await schemaOf(copyTools(copy), TORTURE)).toBe(await schemaOf(sourceTools(source), TORTURE));
        });
      },
    );
  });
}

const missing = missingPostgres("17");
describe.skipIf(missing !== undefined)(`Encodings and server settings${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;

  beforeAll(async () => {
    source = await sharedSource("17");
  });
  afterAll(async () => {
    await source?.sql("ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()", "postgres");
  });

  test("a database of LATIN1 keeps its encoding, names and values", async () => {
    await source.sql(
      "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
      "postgres",
    );
    const url = urlTo(source, "latin");
    await query(
      url,
      `CREATE TABLE "Größe" ("Maß" text DEFAULT 'größer'); INSERT INTO "Größe" VALUES ('äöüß'), ('naïve \u0080')`,
    );
    const contents = await contentsOf(url);
    await throughCopy("17", { url, dump: { rows: { Größe: `"Maß" <> 'ÿ'` } } }, async (copy) => {
      expect(await contentsOf(copy.connection_string)).toEqual(contents);
      expect(await schemaOf(copyTools(copy), "latin")).toBe(await schemaOf(sourceTools(source), "latin"));
    });
  });

  test("a database without an encoding keeps its bytes, whatever they mean", async () => {
    await source.sql(
      "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
      "postgres",
    );
    const url = urlTo(source, "bytes");
    await query(
      url,
      String.raw`CREATE TABLE t (id int, x text); INSERT INTO t VALUES (1, E'caf\xe9'), (2, E'\xff\xfe'), (3, 'é')`,
    );
    const hashes = "SELECT id, md5(x) AS hash FROM t ORDER BY id";
    const expected = await query(url, hashes);
    await throughCopy("17", { url, dump: { rows: { t: "id > 0" } } }, async (copy) => {
      expect(await query(copy.connection_string, hashes)).toEqual(expected);
      expect(await query(copy.connection_string, "SHOW server_encoding")).toEqual([{ server_encoding: "SQL_ASCII" }]);
    });
  });

  test("what the server is set to answers the same in the copy", async () => {
    const settings = [
      "TimeZone = 'Asia/Kathmandu'",
      "DateStyle = 'German, DMY'",
      "IntervalStyle = 'iso_8601'",
      "bytea_output = 'escape'",
    ];
    for (const setting of settings) await source.sql(`ALTER SYSTEM SET ${setting}`, "postgres");
    await source.sql("SELECT pg_reload_conf(); CREATE DATABASE abroad", "postgres");
    const url = urlTo(source, "abroad");
    await query(
      url,
      `CREATE TABLE t AS SELECT timestamptz '2024-02-03 04:05+00' AS at, interval '1 day -2 hours' AS i, '\\x00ff'::bytea AS b, 12.5::money AS m;
       CREATE MATERIALIZED VIEW seen AS SELECT at::text, i::text, b::text, m::text, to_tsvector('running')::text AS words FROM t`,
    );
    const seen =
      "SELECT * FROM seen UNION ALL SELECT at::text, i::text, b::text, m::text, to_tsvector('running')::text FROM t";
    const expected = await query(url, seen);
    expect(JSON.stringify(expected)).toContain("03.02.2024 09:50:00");
    await throughCopy("17", { url }, async (copy) =>
      expect(await query(copy.connection_string, seen)).toEqual(expected),
    );
  });
});
