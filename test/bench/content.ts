import { attempt, must } from "../provision/exec.ts";
import type { Source } from "../provision/sources.ts";
import type { Content, Engine } from "./plan.ts";

/** What a generated source holds, as its own catalog says. */
export interface Filled {
  /** Of the tables with their indexes. */
  bytes: number;
  tables: number;
  files: number;
  accounts: number;
}

/** The table that counts are made of. */
export const BIGGEST = "accounts";

/** InnoDB's undo of one statement stays small with so many rows; a thousand times a thousand digits at most. */
const CHUNK = 200_000;

/** Fills the source's database with pgbench's four tables. Made by arithmetic, so it is the same on every run. */
export async function fill(source: Source, content: Content): Promise<Filled> {
  await source.sql(source.engine === "postgres" ? postgresSql(content) : mysqlSql(content));
  const facts = await source.sql(FACTS[source.engine]);
  const [bytes = 0, tables = 0, accounts = 0] = facts.split("\t").map(Number);
  if (accounts !== content.accounts)
    throw new Error(`The source has ${accounts} accounts instead of ${content.accounts}`);
  return { bytes, tables, accounts, files: await countFiles(source) };
}

const MYSQL_FACTS = `SELECT sum(data_length + index_length), count(*), (SELECT count(*) FROM accounts)
  FROM information_schema.tables WHERE table_schema = database()`;

const FACTS: Record<Engine, string> = {
  postgres: `SELECT sum(pg_total_relation_size(oid)), count(*), (SELECT count(*) FROM accounts)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  mysql: MYSQL_FACTS,
  mariadb: MYSQL_FACTS,
};

async function countFiles({ engine, containerName }: Source): Promise<number> {
  const folder = engine === "postgres" ? "/var/lib/postgresql" : "/var/lib/mysql";
  // Temporary files come and go while find looks.
  const { stdout } = await attempt(["docker", "exec", containerName, "find", folder, "-type", "f"]);
  return stdout.trim().split("\n").length;
}

function postgresSql({ accounts, smallTables }: Content): string {
  return `
CREATE TABLE branches (bid int NOT NULL, bbalance int NOT NULL, filler char(88));
CREATE TABLE tellers (tid int NOT NULL, bid int NOT NULL, tbalance int NOT NULL, filler char(84));
CREATE TABLE accounts (aid int NOT NULL, bid int NOT NULL, abalance int NOT NULL, filler char(84));
CREATE TABLE history (hid int NOT NULL, tid int NOT NULL, bid int NOT NULL, aid int NOT NULL, delta int NOT NULL, mtime timestamp NOT NULL, filler char(22));
INSERT INTO branches SELECT b, 0, '' FROM generate_series(1, ${branchesOf(accounts)}) b;
INSERT INTO tellers SELECT t, (t - 1) / 10 + 1, 0, '' FROM generate_series(1, ${branchesOf(accounts) * 10}) t;
INSERT INTO accounts SELECT a, (a - 1) / 100000 + 1, a::bigint * 7919 % 10000 - 5000, encode(sha256(a::text::bytea), 'hex')
  FROM generate_series(1, ${accounts}) a;
INSERT INTO history SELECT h, h % ${branchesOf(accounts) * 10} + 1, h % ${branchesOf(accounts)} + 1, h::bigint * 7919 % ${accounts} + 1,
  h::bigint * 104729 % 10000 - 5000, timestamp '2026-01-01' + h * interval '1 second', ''
  FROM generate_series(1, ${Math.floor(accounts / 10)}) h;
ALTER TABLE branches ADD PRIMARY KEY (bid);
ALTER TABLE tellers ADD PRIMARY KEY (tid);
ALTER TABLE accounts ADD PRIMARY KEY (aid);
ALTER TABLE history ADD PRIMARY KEY (hid);
CREATE INDEX ON tellers (bid);
CREATE INDEX ON accounts (bid);
CREATE INDEX ON history (aid);
${smallTables > 0 ? smallTablesSql(smallTables) : ""}
VACUUM ANALYZE branches, tellers, accounts, history;
ANALYZE;
CHECKPOINT;
`;
}

/** Each in a transaction of its own: together they would need more locks than a server has. */
function smallTablesSql(count: number): string {
  return `
DO $$ BEGIN
  FOR n IN 1..${count} LOOP
    EXECUTE format('CREATE TABLE small_%s (id int PRIMARY KEY, kind int NOT NULL, at date NOT NULL, note varchar(40))', n);
    EXECUTE format('INSERT INTO small_%s SELECT i, i %% 5, date ''2026-01-01'' + i, ''row '' || i FROM generate_series(1, 20) i', n);
    EXECUTE format('CREATE INDEX ON small_%s (kind)', n);
    EXECUTE format('CREATE INDEX ON small_%s (at)', n);
    COMMIT;
  END LOOP;
END $$;
`;
}

function mysqlSql({ accounts }: Content): string {
  const history = Math.floor(accounts / 10);
  return `
${DIGITS}
CREATE TABLE branches (bid INT NOT NULL PRIMARY KEY, bbalance INT NOT NULL, filler CHAR(88));
CREATE TABLE tellers (tid INT NOT NULL PRIMARY KEY, bid INT NOT NULL, tbalance INT NOT NULL, filler CHAR(84), KEY (bid));
CREATE TABLE accounts (aid INT NOT NULL PRIMARY KEY, bid INT NOT NULL, abalance INT NOT NULL, filler CHAR(84), KEY (bid));
CREATE TABLE history (hid INT NOT NULL PRIMARY KEY, tid INT NOT NULL, bid INT NOT NULL, aid INT NOT NULL, delta INT NOT NULL, mtime DATETIME NOT NULL, filler CHAR(22), KEY (aid));
${chunks(branchesOf(accounts), (n) => `INSERT INTO branches SELECT ${n.value}, 0, '' ${n.from}`)}
${chunks(branchesOf(accounts) * 10, (n) => `INSERT INTO tellers SELECT ${n.value}, (${n.value} - 1) DIV 10 + 1, 0, '' ${n.from}`)}
${chunks(accounts, (n) => `INSERT INTO accounts SELECT ${n.value}, (${n.value} - 1) DIV 100000 + 1, ${n.value} * 7919 % 10000 - 5000, sha2(${n.value}, 256) ${n.from}`)}
${chunks(
  history,
  (
    n,
  ) => `INSERT INTO history SELECT ${n.value}, ${n.value} % ${branchesOf(accounts) * 10} + 1, ${n.value} % ${branchesOf(accounts)} + 1, ${n.value} * 7919 % ${accounts} + 1,
  ${n.value} * 104729 % 10000 - 5000, TIMESTAMP '2026-01-01 00:00:00' + INTERVAL ${n.value} SECOND, '' ${n.from}`,
)}
DROP TABLE digits;
ANALYZE TABLE branches, tellers, accounts, history;
`;
}

/** Makes the table that {@link chunks} counts with. */
export const DIGITS = `CREATE TABLE digits (d INT NOT NULL PRIMARY KEY);
INSERT INTO digits WITH RECURSIVE n (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM n WHERE d < 999) SELECT d FROM n;`;

/** One statement for each so many of the numbers 1 to `count`. */
export function chunks(count: number, statement: (numbers: { value: string; from: string }) => string): string {
  const statements: string[] = [];
  for (let first = 1; first <= count; first += CHUNK) {
    const last = Math.min(count, first + CHUNK - 1);
    const value = `(${first} + t.d * 1000 + o.d)`;
    const from = `FROM digits t CROSS JOIN digits o WHERE t.d < ${CHUNK / 1000} AND ${value} <= ${last} ORDER BY t.d, o.d`;
    statements.push(`${statement({ value, from })};`);
  }
  return statements.join("\n");
}

function branchesOf(accounts: number): number {
  return Math.ceil(accounts / 100_000);
}

/** The address of a container for other containers on docker's own bridge. */
export async function addressOf({ containerName }: Source): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const address = (await must(["docker", "inspect", "--format", format, containerName])).trim().split(" ")[0];
  if (!address) throw new Error(`${containerName} has no address`);
  return address;
}
