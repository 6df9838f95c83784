import type { Config } from "../../lib/kit/config.ts";
import type { Source } from "../provision/sources.ts";
import { chunks, DIGITS } from "./content.ts";

/** What has a rule in `bench mask`; `id`, `city` and `joined` have none. */
export const RULES: Partial<Config["obfuscation"]["rules"][number]>[] = [
  { table: "people", column: "email", strategy: "replace", type: "email" },
  { table: "people", column: "first_name", strategy: "replace", type: "first_name" },
  { table: "people", column: "last_name", strategy: "replace", type: "last_name" },
  { table: "people", column: "phone", strategy: "replace", type: "phone" },
  { table: "people", column: "api_key", strategy: "hash" },
  { table: "people", column: "card", strategy: "mask", keep_last: 4 },
  { table: "people", column: "notes", strategy: "redact", with: "[redacted]" },
  { table: "people", column: "born_on", strategy: "shift", days: 30 },
];

/** Fills the source with people: e-mail, phone and key are different in all, of first names there are 5,000, of last names 90,000. */
export async function fillPeople(source: Source, rows: number): Promise<{ bytes: number }> {
  await source.sql(source.engine === "postgres" ? postgresSql(rows) : mysqlSql(rows));
  const facts = await source.sql(source.engine === "postgres" ? POSTGRES_FACTS : MYSQL_FACTS);
  const [bytes = 0, found = 0] = facts.split("\t").map(Number);
  if (found !== rows) throw new Error(`The source has ${found} people instead of ${rows}`);
  return { bytes };
}

const POSTGRES_FACTS = "SELECT pg_total_relation_size('people'), (SELECT count(*) FROM people)";
const MYSQL_FACTS = `SELECT data_length + index_length, (SELECT count(*) FROM people)
  FROM information_schema.tables WHERE table_schema = database() AND table_name = 'people'`;

const COLUMNS = `id bigint NOT NULL PRIMARY KEY, email varchar(60) NOT NULL, first_name varchar(40) NOT NULL, last_name varchar(40) NOT NULL,
  phone varchar(20), api_key varchar(64) NOT NULL, card varchar(19), notes varchar(200), born_on date NOT NULL, city varchar(40) NOT NULL, joined timestamp NOT NULL`;

/** Columns of the person whose number is `n`, with the engine's ways to write them. */
function person(
  n: string,
  say: {
    join(...parts: string[]): string;
    hex(text: string): string;
    later(n: string): string;
    day(n: string): string;
  },
): string {
  return [
    n,
    say.join("'person.'", n, "'@mail'", `${n} % 97`, "'.test'"),
    say.join("'F'", `substring(${say.hex(`${n} * 7919 % 5000`)}, 1, 7)`),
    say.join("'L'", `substring(${say.hex(`${n} * 104729 % 90000 + 5000`)}, 1, 9)`),
    say.join("'+1-555-'", `${n} + 1000000`),
    say.hex(n),
    say.join("'4111 1111 '", `${n} % 9000 + 1000`, "' '", `${n} * 7919 % 9000 + 1000`),
    say.join("'Called about order '", n, "', wants it sent to the neighbour on the second floor'"),
    say.day(`${n} * 7919 % 22000`),
    say.join("'City '", `${n} % 300`),
    say.later(n),
  ].join(", ");
}

function postgresSql(rows: number): string {
  const columns = person("p::bigint", {
    join: (...parts) => parts.map((part) => `(${part})`).join(" || "),
    hex: (text) => `encode(sha256((${text})::text::bytea), 'hex')`,
    later: (n) => `timestamp '2020-01-01' + ${n} * interval '7 seconds'`,
    day: (n) => `date '1945-01-01' + (${n})::int`,
  });
  return `
CREATE TABLE people (${COLUMNS});
INSERT INTO people SELECT ${columns} FROM generate_series(1, ${rows}) p;
ALTER TABLE people ADD UNIQUE (email);
CREATE INDEX ON people (last_name);
VACUUM ANALYZE people;
CHECKPOINT;
`;
}

function mysqlSql(rows: number): string {
  const say = {
    join: (...parts: string[]) => `concat(${parts.join(", ")})`,
    hex: (text: string) => `sha2(${text}, 256)`,
    later: (n: string) => `TIMESTAMP '2020-01-01 00:00:00' + INTERVAL ${n} * 7 SECOND`,
    day: (n: string) => `DATE '1945-01-01' + INTERVAL ${n} DAY`,
  };
  return `
${DIGITS}
CREATE TABLE people (${COLUMNS.replace("joined timestamp", "joined datetime")});
${chunks(rows, ({ value, from }) => `INSERT INTO people SELECT ${person(value, say)} ${from}`)}
ALTER TABLE people ADD UNIQUE KEY (email), ADD KEY (last_name);
DROP TABLE digits;
ANALYZE TABLE people;
`;
}
