import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "mysql2/promise";
import type { Statement } from "../../lib/schema/change.ts";
import { mysqlDialect } from "../../lib/schema/mysql/index.ts";
import { isAllowed, renderSql } from "../../lib/schema/render-sql.ts";
import { must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { loadSakila } from "../provision/sources.ts";
import {
  type Address,
  CASES,
  type DiffCase,
  differingLines,
  dumpsByName,
  fits,
  loginOf,
  type Outcome,
  readCases,
  tryCase,
  tryDatabases,
} from "./support/diff-mysql.ts";
import { generatePair } from "./support/generate-mysql.ts";
import { type MysqlServer, missingMysql, partsOf } from "./support/mysql.ts";
import { makeProject } from "./support/project.ts";
import { shareSource } from "./support/shared-source.ts";

const soak = process.env.DITTO_TEST_SOAK === "1";
/** Writes what the SQL is now into `expected.<flavour>.sql`, for a person to read. */
const update = process.env.DITTO_TEST_UPDATE === "1";
const cases = readCases();
const servers: MysqlServer[] = soak ? ["mysql:9.7", "mariadb:11.8", "mariadb:10.11"] : ["mysql:9.7", "mariadb:11.8"];

const NARROWING = new Set(["narrow-type"] as const);

function needsConsent(statement: Statement): boolean {
  return !isAllowed(statement, new Set());
}

const TABLE = "create table t (a varchar(10));\n";

/** Nothing here outlives the server. */
const FAST = [
  "--skip-log-bin",
  "--innodb-flush-log-at-trx-commit=0",
  "--innodb-doublewrite=0",
  "--innodb-flush-method=nosync",
];

for (const server of servers) {
  const missing = missingMysql(server);
  describe.skipIf(missing !== undefined)(`schema diff on ${server}`, () => {
    const [flavour, version] = partsOf(server);
    const started = async () => {
      const source = await shareSource({ engine: flavour, version, name: `diff-${flavour}`, args: FAST });
      const { host, port, user, password } = source;
      const address: Address = { host, port, user, password, flavour, version };
      return { source, address, container: source.containerName };
    };
    const chosen = cases.filter(
      (one, at) =>
        fits(one, { flavour, version } as Address) &&
        (soak || update || one.only !== "" || at % 3 === servers.indexOf(server)),
    );

    test(`${chosen.length} pairs of schemas: A becomes B, its rows stay, the dumps are alike`, async () => {
      const { address, container } = await started();
      const outcomes = await tryAll(address, chosen);
      expect(await complaintsOf(outcomes, { address, container })).toEqual([]);
      if (version !== "10.11") checkExpected(outcomes, chosen, flavour);
    });

    const seeds = Array.from({ length: soak ? 500 : 8 }, (_, at) => at + (soak ? 10_000 : 0));
    test(`${seeds.length} random schemas and random changes of them`, async () => {
      const { address, container } = await started();
      const made = seeds.map((seed) => ({
        name: `seed ${seed}`,
        ...generatePair(seed, address),
        options: { online: seed % 3 === 0 },
      }));
      const outcomes = await tryAll(address, made);
      // Rows that don't fit stop a statement that was said to stop for them.
      const done = outcomes.filter(({ refused }) => !refused);
      expect(await complaintsOf(done, { address, container })).toEqual([]);
      expect(done.length).toBeGreaterThan(seeds.length / 2);
    });

    test("the script goes through the server's own client, programs with semicolons too", async () => {
      const { address, container } = await started();
      const pair = cases.find(({ name }) => name === "script");
      if (pair === undefined) throw new Error("The case is gone");
      const { databases, sql } = await tryCase(address, pair, "script");
      const client = [
        flavour === "mariadb" ? "mariadb" : "mysql",
        "--no-defaults",
        "--host=127.0.0.1",
        `--user=${address.user}`,
      ];
      const run = (input: string, database: string[]) =>
        must(["docker", "exec", "--interactive", "--env", "MYSQL_PWD", container, ...client, ...database], {
          env: { MYSQL_PWD: address.password },
          input,
        });
      await run(`DROP DATABASE ${databases[0]}; CREATE DATABASE ${databases[0]}`, []);
      await run(`delimiter ;\n${pair.before}`, [databases[0]]);
      await run(sql, [databases[0]]);
      const dumps = await dumpAll(address, container, [{ databases }]);
      expect(differingLines(dumps.get(databases[0]) ?? [], dumps.get(databases[1]) ?? [])).toEqual([]);
    });

    test("a type that cuts values waits for consent, alone or with what its table does for it; the rest is done", async () => {
      const { address } = await started();
      const pair = cases.find(({ name }) => name === "column-type-narrows");
      if (pair === undefined) throw new Error("The case is gone");
      const { plan, databases } = await tryCase(address, pair, "narrows");
      const worker = await createConnection({ ...loginOf(address), multipleStatements: true, dateStrings: true });
      try {
        await worker.query(`DROP DATABASE ${databases[0]}; CREATE DATABASE ${databases[0]}; USE ${databases[0]}`);
        await worker.query(pair.before);
        const values = async () => {
          const [rows] = await worker.query("SELECT t.a, t.b, t.c, t.d, t.e, u.a AS ua FROM t, u");
          return Object.values((rows as object[])[0] ?? {});
        };
        const before = await values();
        await worker.query(renderSql(plan, mysqlDialect.script, new Set()));
        expect(await values()).toEqual(before);
        const [done] = await worker.query(
          `SELECT table_name AS t, column_name AS c FROM information_schema.columns
          WHERE table_schema = DATABASE() AND (column_name = 'g' OR data_type = 'bigint') ORDER BY 1, 2`,
        );
        expect<unknown>(done).toEqual(["f", "g"].map((c) => ({ t: "t", c })));
        const left = renderSql(
          { ...plan, statements: plan.statements.filter(needsConsent) },
          mysqlDialect.script,
          NARROWING,
        );
        await worker.query(left);
        expect(await values()).toEqual(["1.23", "2024-01-02 03:04:05", "2024-01-02", 2, 123, 123]);
      } finally {
        await worker.end();
      }
    });

    // A server is started for the file, which takes as long as a dozen pairs.
    if (soak)
      test("a file that names no character set has the other database's", async () => {
        const { address } = await started();
        const project = await makeProject({ runtime: "docker", copy: { image: readProvisioned().images[server] } });
        try {
          const admin = await createConnection(loginOf(address));
          await admin.query("CREATE DATABASE files_a CHARACTER SET latin1 COLLATE latin1_bin");
          await admin.query("CREATE TABLE files_a.t (a varchar(10))");
          await admin.end();
          const url = `mysql://${address.user}:${address.password}@${address.host}:${address.port}/files_a`;
          const { status, stdout } = await project.run("diff", ["schema", url, project.write("b.sql", TABLE)]);
          expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("have the same schema") });
        } finally {
          await project.remove();
        }
      });

    test.skipIf(readProvisioned().samples === null)(
      "from nothing to Sakila: the dump is the same, line by line",
      async () => {
        const { address, container, source } = await started();
        await loadSakila(source);
        const { databases, complaints } = await tryDatabases(address, ["empty_a", "sakila"]);
        expect(complaints).toEqual([]);
        const raw = await dumpText(address, container, [{ databases }]);
        const [first, second] = raw
          .split(/^-- Current Database: .*$/m)
          .slice(1)
          .map((text) =>
            text
              .replace(/^(CREATE DATABASE|USE|--).*$/gm, "")
              .replace(/ AUTO_INCREMENT=\d+/g, "")
              .replaceAll("empty_a", "sakila")
              .trim(),
          );
        expect(first?.split("\n")).toEqual(second?.split("\n").slice(0, first?.split("\n").length));
      },
    );
  });
}

/** Three at a time: a server's DDL waits for its disk. */
async function tryAll(
  address: Address,
  chosen: Pick<DiffCase, "name" | "before" | "after" | "options">[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    for (let one = chosen[next++]; one !== undefined; one = chosen[next++])
      outcomes.push(await tryCase(address, one, `d${chosen.indexOf(one)}`));
  };
  await Promise.all([worker(), worker(), worker()]);
  return outcomes;
}

interface Place {
  address: Address;
  container: string;
}

async function complaintsOf(outcomes: Outcome[], { address, container }: Place): Promise<string[]> {
  const dumps = await dumpAll(address, container, outcomes);
  return outcomes.flatMap(({ name, complaints, databases: [a, b] }) => [
    ...complaints.map((text) => `${name}: ${text}`),
    ...differingLines(dumps.get(a) ?? [], dumps.get(b) ?? []).map((line) => `${name}: ${line}`),
  ]);
}

type Dumped = Pick<Outcome, "databases">[];

async function dumpAll(address: Address, container: string, outcomes: Dumped): Promise<Map<string, string[]>> {
  return dumpsByName(await dumpText(address, container, outcomes));
}

function dumpText({ flavour, user, password }: Address, container: string, outcomes: Dumped): Promise<string> {
  const tool = flavour === "mariadb" ? "mariadb-dump" : "mysqldump";
  const options = ["--no-data", "--routines", "--triggers", "--events", "--skip-lock-tables", "--force"];
  const login = ["--no-defaults", "--host=127.0.0.1", `--user=${user}`, "--default-character-set=utf8mb4"];
  const databases = outcomes.flatMap((outcome) => outcome.databases);
  const argv = [
    "docker",
    "exec",
    "--env",
    "MYSQL_PWD",
    container,
    tool,
    ...login,
    ...options,
    "--databases",
    ...databases,
  ];
  return must(argv, { env: { MYSQL_PWD: password } });
}

/** What the SQL was when a person last looked at it, `/` for the database's own name. */
function checkExpected(outcomes: Outcome[], chosen: DiffCase[], flavour: string): void {
  const written = outcomes.map(({ name, sql, databases }) => {
    const path = chosen.find((one) => one.name === name)?.expected(flavour) ?? "";
    const text = sql.replaceAll(databases[1], "b").replaceAll(databases[0], "a");
    if (update) writeFileSync(path, text);
    return {
      name,
      text,
      expected: existsSync(path) ? readFileSync(path, "utf8") : `${CASES} has no expected.${flavour}.sql`,
    };
  });
  expect(written.map(({ name, text }) => `${name}\n${text}`)).toEqual(
    written.map(({ name, expected }) => `${name}\n${expected}`),
  );
}
