import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Destructive, WHOLE } from "../../lib/schema/change.ts";
import type { ObjectKind } from "../../lib/schema/model-objects.ts";
import { postgresDialect } from "../../lib/schema/postgres/index.ts";
import { renderSql } from "../../lib/schema/render-sql.ts";
import { must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import {
  applyPlan,
  bareScript,
  CASES,
  type DiffCase,
  differingLines,
  dumpsOf,
  EVERYTHING,
  judge,
  makeDatabase,
  readCases,
  readSchema,
  type Server,
  withClient,
} from "./support/diff-postgres.ts";
import { testWhere } from "./support/ground.ts";
import { missingPostgres } from "./support/postgres.ts";
import { randomCase } from "./support/random-schema.ts";
import { shareSource } from "./support/shared-source.ts";

const soak = process.env.DITTO_TEST_SOAK === "1";
/** Writes what the SQL is now into `expected.sql`, for a person to read. */
const update = process.env.DITTO_TEST_UPDATE === "1";
const cases = readCases();
const NEWEST = "18";
const OLDEST = "12";
/** Pairs of the generator. */
const RANDOM = soak ? 500 : 20;

/** Nothing here outlives the server. */
const FAST = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=logical", "max_connections=40"];

for (const version of soak ? [NEWEST, "17", "15", OLDEST] : [NEWEST, OLDEST]) {
  const missing = missingPostgres(version);
  describe.skipIf(missing !== undefined)(`schema diff on Postgres ${version}`, () => {
    const chosen = cases.filter(
      (one, at) => one.since <= Number(version) && (soak || update || one.sharing || at % 4 === 0),
    );

    test(`${chosen.length} pairs of schemas: A becomes B, its rows stay, the dumps are alike`, async () => {
      const server = await serverOf(version);
      if (update) for (const one of chosen) await writeExpected(server, one);
      const complaints = await judge(server, chosen, version === NEWEST ? expectedOf : () => undefined);
      expect([...complaints].map(([name, list]) => `${name}:\n${list.join("\n")}`)).toEqual([]);
    });

    test(`${RANDOM} random schemas become what is left of them`, async () => {
      const server = await serverOf(version);
      const made = Array.from({ length: RANDOM }, (_, seed) => randomCase(seed));
      const complaints = await judge(server, made, () => undefined);
      expect([...complaints].map(([name, list]) => `${name}:\n${list.join("\n")}`)).toEqual([]);
    });

    for (const [change, { before, after, next, kinds = [], since = 0 }] of Object.entries(NEXT_VALUES))
      testWhere(Number(version) >= since)(
        `${change}: the next row gets a value of its own, with and without --allow`,
        async () => {
          const server = await serverOf(version);
          for (const allowed of [EVERYTHING, new Set<never>()]) {
            await makeDatabase(server, "next_a", before);
            await makeDatabase(server, "next_b", after);
            const [a, b] = [await readSchema(server, "next_a"), await readSchema(server, "next_b")];
            await applyPlan(server, "next_a", postgresDialect.diff(a, b, { ...WHOLE, kinds }), allowed);
            const { rows } = await withClient(server, "next_a", (client) =>
              client.query("INSERT INTO o (x) VALUES (9), (9) RETURNING id::int"),
            );
            expect(rows.map(({ id }) => id)).toEqual(next);
          }
        },
      );

    test("values of a composite type keep to the names of its attributes", async () => {
      const server = await serverOf(version);
      const scalar = "SELECT (a).city, (a).street, a IS DISTINCT FROM NULL FROM p ORDER BY id";
      const rows = ["Paris | Main St | true", " |  | false", " |  | true", ' | "A", (b) | true'];
      expect(await valuesAlong(server, "composite-attributes-reordered", scalar)).toEqual([rows, rows, rows]);
      const nested = "SELECT (a).name, ((a).at).x, ((a).at).y, ((h).at).x, ((h).at).y FROM p";
      const places = ["Paris | 1 | 2 | 3 | 4", " |  |  |  | ", "Oslo |  |  |  | "];
      expect(await valuesAlong(server, "composite-attributes-nested-reordered", nested)).toEqual([
        places,
        places,
        places,
      ]);
    });

    test("what an array of a composite type and a dropped attribute lose waits for consent, and what goes with it", async () => {
      const server = await serverOf(version);
      const apart = await valuesAlong(
        server,
        "composite-attributes-reordered-in-arrays",
        "SELECT (a).city, many FROM p",
      );
      expect(apart).toEqual([
        ['Paris | {"(\\"Main St\\",Paris)"}'],
        ['Paris | {"(\\"Main St\\",Paris)"}'],
        ['Paris | {"(\\"Main St\\",Paris)"}'],
      ]);
      expect(await valuesAlong(server, "composite-attributes", "SELECT c FROM t")).toEqual([
        ["(1,x,2)"],
        ["(1,x,2,)"],
        ["(1,x,)"],
      ]);
      const lost = await valuesAlong(server, "composite-attributes-lost-and-retyped", "SELECT c FROM t");
      expect(lost).toEqual([["(7,x,2)"], ["(7,x,2)"], ["(x,,7)"]]);
    });

    test("a type that holds less of its values waits for consent, by its column; one that refuses what doesn't fit needs none", async () => {
      const server = await serverOf(version);
      const columns = "abcdefghijklmno".split("");
      const query = `SELECT ${columns.map((name) => `${name}::text`).join(", ")}, pg_get_expr(adbin, adrelid) FROM t, pg_attrdef`;
      const [before = [], careful = [], after = []] = await valuesAlong(server, "column-type-narrows", query);
      const [old, kept, now] = [before, careful, after].map(([row = ""]) => row.split(" | "));
      const fits = columns.indexOf("k");
      expect(kept).toEqual(old?.with(fits, "7.0") ?? []);
      const cut = [
        "1",
        "2024-01-02",
        "10:11:12",
        "1.2345679",
        "3",
        "1.2345679e+11",
        "x".repeat(63),
        "10.0.0.0/8",
        "1.23",
      ];
      const [n, o] = ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "long"];
      expect(now).toEqual([...cut, "2024-01-02 10:11:12.988", "7.0", "123", "1 day 02:00:00", n, o, "5"]);
    });

    test("what counts by a time zone counts by UTC, whoever runs the script", async () => {
      const server = await serverOf(version);
      const query =
        "SELECT a::timestamp AT TIME ZONE 'UTC' = '2024-07-01 12:00+00', b AT TIME ZONE 'UTC' = '2024-07-01 12:00', c[1]::text FROM t";
      await withClient(server, "postgres", (client) =>
        client.query("ALTER ROLE CURRENT_USER SET TimeZone = 'Asia/Tokyo'"),
      );
      try {
        const [, careful] = await valuesAlong(server, "column-type-time-zones", query);
        expect(careful).toEqual(["true | true | 2024-07-01 12:00:00"]);
      } finally {
        await withClient(server, "postgres", (client) => client.query("ALTER ROLE CURRENT_USER RESET TimeZone"));
      }
    });

    test.skipIf(readProvisioned().samples === null)(
      "an empty database becomes Pagila, and Pagila an empty one",
      async () => {
        const server = await serverOf(version);
        await makeDatabase(server, "pagila", "");
        await loadPagila(server);
        await makeDatabase(server, "from_nothing", "");
        const [nothing, pagila] = [await readSchema(server, "from_nothing"), await readSchema(server, "pagila")];
        const [empty] = (await dumpsOf(server, ["from_nothing"])).values();
        await applyPlan(server, "from_nothing", postgresDialect.diff(nothing, pagila, WHOLE));
        const dumps = await dumpsOf(server, ["from_nothing", "pagila"]);
        expect(differingLines(dumps.get("from_nothing") ?? [], dumps.get("pagila") ?? [])).toEqual([]);
        await applyPlan(server, "from_nothing", postgresDialect.diff(pagila, nothing, WHOLE));
        expect((await dumpsOf(server, ["from_nothing"])).get("from_nothing")).toEqual(empty);
      },
    );
  });
}

const SERIAL = "CREATE TABLE o (id serial PRIMARY KEY, x int)";
const IDENTITY = "CREATE TABLE o (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x int)";
const PLAIN = "CREATE TABLE o (id int PRIMARY KEY, x int)";
const USED = "INSERT INTO o (x) VALUES (1), (2), (3); DELETE FROM o WHERE id = 3";

/** Columns that come to have another sequence. */
const NEXT_VALUES: Record<
  string,
  { before: string; after: string; next: number[]; kinds?: ObjectKind[]; since?: number }
> = {
  "serial to identity": { before: `${SERIAL}; ${USED}`, after: IDENTITY, next: [4, 5] },
  "serial to identity beside its sequence": {
    before: `${SERIAL}; ${USED}`,
    after: IDENTITY,
    next: [4, 5],
    kinds: ["column", "default"],
    // 12 takes no rows while the column owns two.
    since: 13,
  },
  "a default to identity": {
    before: `CREATE SEQUENCE o_id_seq; ${PLAIN}; ALTER TABLE o ALTER id SET DEFAULT nextval('o_id_seq'); ${USED}`,
    after: IDENTITY,
    next: [3, 4],
  },
  "identity to serial": { before: `${IDENTITY}; ${USED}`, after: SERIAL, next: [4, 5] },
  "int to serial": { before: `${PLAIN}; INSERT INTO o VALUES (7)`, after: SERIAL, next: [8, 9] },
  "int to bigserial": {
    before: `${PLAIN}; INSERT INTO o VALUES (7)`,
    after: SERIAL.replace("s", "bigs"),
    next: [8, 9],
  },
  "values below the sequence's to identity": {
    before: `${PLAIN}; INSERT INTO o VALUES (0), (-1)`,
    after: IDENTITY,
    next: [1, 2],
  },
  "int to an identity that counts down": {
    before: `${PLAIN}; INSERT INTO o VALUES (-7), (3)`,
    after: IDENTITY.replace("IDENTITY", "IDENTITY (INCREMENT BY -1)"),
    next: [-8, -9],
  },
};

/** Values of a table as text, a line each: before, after what needs no consent, and after everything. */
async function valuesAlong(server: Server, name: string, query: string): Promise<string[][]> {
  const one = cases.find((some) => some.name === name);
  if (one === undefined) throw new Error(`There is no pair "${name}"`);
  await makeDatabase(server, "along_a", one.before);
  await makeDatabase(server, "along_b", one.after);
  const values = () =>
    withClient(server, "along_a", async (client) => {
      const { rows } = await client.query({ text: query, rowMode: "array" });
      return rows.map((row) => row.join(" | "));
    });
  const found = [await values()];
  const b = await readSchema(server, "along_b");
  for (const allowed of [new Set<Destructive>(), EVERYTHING]) {
    const plan = postgresDialect.diff(await readSchema(server, "along_a"), b, one.options);
    await applyPlan(server, "along_a", plan, allowed);
    found.push(await values());
  }
  return found;
}

async function loadPagila(server: Server): Promise<void> {
  const file = join(readProvisioned().samples ?? "", "pagila-postgres.sql.gz");
  const sql = gunzipSync(readFileSync(file));
  await must(
    [
      "docker",
      "exec",
      "-i",
      server.container,
      "psql",
      "-q",
      "-v",
      "ON_ERROR_STOP=1",
      "-U",
      server.user,
      "-d",
      "pagila",
    ],
    {
      input: new TextDecoder().decode(sql),
    },
  );
}

async function serverOf(version: string): Promise<Server> {
  const args = FAST.flatMap((setting) => ["-c", setting]);
  const source = await shareSource({ engine: "postgres", version, name: `diff-pg${version}`, args });
  const url = `postgres://${source.user}:${source.password}@${source.host}:${source.port}`;
  return { container: source.containerName, url, user: source.user, major: Number(version) };
}

function expectedOf({ name }: DiffCase): string[] | undefined {
  const file = join(CASES, name, "expected.sql");
  return existsSync(file) ? bareScript(readFileSync(file, "utf8")) : [`no file ${file}`];
}

async function writeExpected(server: Server, one: DiffCase): Promise<void> {
  await makeDatabase(server, "expected_a", one.before);
  await makeDatabase(server, "expected_b", one.after);
  const [a, b] = [await readSchema(server, "expected_a"), await readSchema(server, "expected_b")];
  writeFileSync(
    join(CASES, one.name, "expected.sql"),
    renderSql(postgresDialect.diff(a, b, one.options), postgresDialect.script, EVERYTHING),
  );
}
