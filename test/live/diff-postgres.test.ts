import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { WHOLE } from "../../lib/schema/change.ts";
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
} from "./support/diff-postgres.ts";
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
