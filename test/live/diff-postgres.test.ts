import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postgresDialect } from "../../lib/schema/postgres/index.ts";
import { renderSql } from "../../lib/schema/render-sql.ts";
import {
  bareScript,
  CASES,
  type DiffCase,
  EVERYTHING,
  judge,
  makeDatabase,
  readCases,
  readSchema,
  type Server,
} from "./support/diff-postgres.ts";
import { missingPostgres } from "./support/postgres.ts";
import { shareSource } from "./support/shared-source.ts";

const soak = process.env.DITTO_TEST_SOAK === "1";
/** Writes what the SQL is now into `expected.sql`, for a person to read. */
const update = process.env.DITTO_TEST_UPDATE === "1";
const cases = readCases();
const NEWEST = "18";

/** Nothing here outlives the server. */
const FAST = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=logical", "max_connections=40"];

for (const version of soak ? [NEWEST, "17", "15"] : [NEWEST]) {
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
  });
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
