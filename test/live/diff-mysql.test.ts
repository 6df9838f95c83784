import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { must } from "../provision/exec.ts";
import {
  type Address,
  CASES,
  type DiffCase,
  differingLines,
  dumpsByName,
  fits,
  type Outcome,
  readCases,
  tryCase,
} from "./support/diff-mysql.ts";
import { type MysqlServer, missingMysql, partsOf } from "./support/mysql.ts";
import { shareSource } from "./support/shared-source.ts";

const soak = process.env.DITTO_TEST_SOAK === "1";
/** Writes what the SQL is now into `expected.<flavour>.sql`, for a person to read. */
const update = process.env.DITTO_TEST_UPDATE === "1";
const cases = readCases();
const servers: MysqlServer[] = soak ? ["mysql:9.7", "mariadb:11.8", "mariadb:10.11"] : ["mysql:9.7", "mariadb:11.8"];

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
    const chosen = cases.filter(
      (one, at) =>
        fits(one, { flavour, version } as Address) &&
        (soak || update || one.only !== "" || at % 2 === servers.indexOf(server) % 2),
    );

    test(`${chosen.length} pairs of schemas: A becomes B, its rows stay, the dumps are alike`, async () => {
      const source = await shareSource({ engine: flavour, version, name: `diff-${flavour}`, args: FAST });
      const address: Address = {
        host: source.host,
        port: source.port,
        user: source.user,
        password: source.password,
        flavour,
        version,
      };
      const outcomes = await tryAll(address, chosen);
      const dumps = await dumpAll(address, source.containerName, outcomes);
      const complaints = outcomes.flatMap((outcome) => [
        ...outcome.complaints.map((text) => `${outcome.name}: ${text}`),
        ...differingLines(dumps.get(outcome.databases[0]) ?? [], dumps.get(outcome.databases[1]) ?? []).map(
          (line) => `${outcome.name}: ${line}`,
        ),
      ]);
      expect(complaints).toEqual([]);
      if (version !== "10.11") checkExpected(outcomes, chosen, flavour);
    });
  });
}

/** Three at a time: a server's DDL waits for its disk. */
async function tryAll(address: Address, chosen: DiffCase[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    for (let one = chosen[next++]; one !== undefined; one = chosen[next++])
      outcomes.push(await tryCase(address, one, `d${chosen.indexOf(one)}`));
  };
  await Promise.all([worker(), worker(), worker()]);
  return outcomes;
}

async function dumpAll(address: Address, container: string, outcomes: Outcome[]): Promise<Map<string, string[]>> {
  const tool = address.flavour === "mariadb" ? "mariadb-dump" : "mysqldump";
  const options = ["--no-data", "--routines", "--triggers", "--events", "--skip-lock-tables", "--force"];
  const login = ["--no-defaults", "--host=127.0.0.1", `--user=${address.user}`, "--default-character-set=utf8mb4"];
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
  return dumpsByName(await must(argv, { env: { MYSQL_PWD: address.password } }));
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
