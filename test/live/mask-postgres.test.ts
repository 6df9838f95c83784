import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { missingPostgres, postgresImage, sharedSource } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(180_000);

const missing = missingPostgres("17");

const SCHEMA = `
CREATE SCHEMA "Old Shop";
CREATE TYPE mood AS ENUM ('glad', 'sad', 'so-so');
CREATE DOMAIN mail AS varchar(80) CHECK (VALUE LIKE '%@%');
CREATE TABLE member (id serial PRIMARY KEY, mails text[], moods mood[], feeling mood, contact mail, code char(12), raw bytea, ip inet, mac macaddr,
  at timestamptz, until timestamptz, words tsvector, notes text, prefs jsonb, nick text, shout text GENERATED ALWAYS AS (upper(nick)) STORED, ok boolean,
  weight real, ratio double precision, amount numeric, fee numeric(8,2) UNIQUE);
CREATE TRIGGER words BEFORE INSERT OR UPDATE ON member FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.english', notes, nick);
INSERT INTO member (mails, moods, feeling, contact, code, raw, ip, mac, at, until, notes, prefs, nick, ok, weight, ratio, amount) VALUES
  ('{ann@corp.io,NULL,"b \\"q\\" c@corp.io"}', '{glad,sad}', 'glad', 'ann@corp.io', 'A1', '\\xdeadbeef', '10.1.2.3', '08:00:2b:01:02:03', '2024-02-03 04:05:06.789+02', 'infinity',
   'secretword here', '{"a": [{"mail": "ann@corp.io", "n": 1.50}], "b": null}', 'annie', true, 1.1, 1e300, 123.4500),
  ('[0:1]={x@corp.io,y@corp.io}', '{}', 'sad', 'bob@corp.io', 'B234', '\\x', '2001:db8:1::5', NULL, NULL, NULL, NULL, '[]', NULL, NULL, 'NaN', '-Infinity', 'NaN'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE "Old Shop"."Tab,le ""q""" ("E Mail" text, member int REFERENCES member, "order" int);
INSERT INTO "Old Shop"."Tab,le ""q""" VALUES ('zoe@corp.io', 1, 1), ('Zoe@corp.io', 2, 2);
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, who text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE log_2 PARTITION OF log DEFAULT;
INSERT INTO log (day, who) SELECT date '2020-12-20' + i, 'who' || i || '@corp.io' FROM generate_series(1, 30) i;
CREATE TABLE kind (mark text); CREATE TABLE kind_of (extra text) INHERITS (kind);
INSERT INTO kind VALUES ('kind@corp.io'); INSERT INTO kind_of VALUES ('child@corp.io', 'x');
CREATE TABLE page ("tïtle 10" text, body0 text, language regconfig DEFAULT 'pg_catalog.english', words tsvector, more tsvector);
CREATE TRIGGER words BEFORE INSERT ON page FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.english', 'tïtle 10', body0);
CREATE TRIGGER more BEFORE INSERT ON page FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger_column(more, language, body0);
INSERT INTO page ("tïtle 10", body0) VALUES ('secretword', 'secretword too');
CREATE MATERIALIZED VIEW whos AS SELECT who FROM log;
`;

const RULES = [
  { table: "member", column: "id", strategy: "replace", type: "number", range: [1, 1_000_000] },
  { table: "member", column: "mails", strategy: "replace", type: "email" },
  { table: "member", column: "moods", strategy: "replace", type: "text" },
  { table: "member", column: "feeling", strategy: "replace", type: "text" },
  { table: "member", column: "contact", strategy: "replace", type: "email" },
  { table: "member", column: "code", strategy: "replace", type: "text" },
  { table: "member", column: "raw", strategy: "hash" },
  { table: "member", column: "ip", strategy: "replace", type: "ip" },
  { table: "member", column: "mac", strategy: "redact", with: "00:00:00:00:00:00" },
  { table: "member", column: "at", strategy: "shift", days: 30 },
  { table: "member", column: "until", strategy: "shift", days: 30 },
  { table: "member", column: "words", strategy: "nullify" },
  { table: "member", column: "notes", strategy: "redact", with: "covered" },
  { table: "member", column: "prefs", path: "a[*].mail", strategy: "replace", type: "email" },
  { table: "member", column: "nick", strategy: "replace", type: "username" },
  { table: "member", column: "ok", strategy: "redact", with: "false" },
  { table: "member", column: "weight", strategy: "replace", type: "number" },
  { table: "member", column: "ratio", strategy: "replace", type: "number" },
  { table: "member", column: "amount", strategy: "replace", type: "number" },
  { table: "member", column: "fee", strategy: "replace", type: "number", range: [0, 999_999.99] },
  { table: "page", column: "tïtle 10", strategy: "redact", with: "heads" },
  { table: "page", column: "body0", strategy: "redact", with: "bodies" },
  { table: "page", column: "words", strategy: "nullify" },
  { table: "page", column: "more", strategy: "nullify" },
  { table: 'Tab,le "q"', column: "E Mail", strategy: "replace", type: "email" },
  { table: "log", column: "who", strategy: "replace", type: "email" },
  { table: "kind", column: "mark", strategy: "replace", type: "email" },
];

describe.skipIf(missing !== undefined)(`What only Postgres has${missing ? ` (${missing})` : ""}`, () => {
  let project: Project;
  let url: string;
  let copy: string;

  beforeAll(async () => {
    const source = await sharedSource("17");
    await source.sql("CREATE DATABASE special", "postgres");
    await source.load({ text: SCHEMA }, "special");
    url = source.url.replace(/\/\w+$/, "/special");
    project = await makeProject({
      source: { url },
      copy: { image: postgresImage("17") },
      obfuscation: { rules: RULES, unreviewed: "allow" },
    });
    await project.must("reseed", ["--report", "report/masking.html"]);
    copy = (await project.json<{ connection_string: string }>("copy", ["create"])).connection_string;
  });
  afterAll(() => project?.remove());

  const both = async (sql: string) => ({ raw: await rowsOf(url, sql), masked: await rowsOf(copy, sql) });

  test("arrays keep their shape and NULLs, element by element", async () => {
    const { raw, masked } = await both(
      "SELECT array_dims(mails), mails[2] IS NULL, array_length(moods, 1) FROM member ORDER BY until, mails",
    );
    expect(masked).toEqual(raw);
    const [[mails] = []] = await rowsOf(
      copy,
      "SELECT mails::text FROM member WHERE mails IS NOT NULL ORDER BY ip LIMIT 1",
    );
    expect(mails).not.toContain("corp.io");
  });

  test("no raw value is left, in partitions, children, JSON, generated columns and views of rows", async () => {
    const everything = await rowsOf(
      copy,
      `SELECT to_jsonb(m)::text FROM member m UNION ALL SELECT to_jsonb(t)::text FROM "Old Shop"."Tab,le ""q""" t UNION ALL SELECT to_jsonb(l)::text FROM log l
       UNION ALL SELECT to_jsonb(k)::text FROM kind k UNION ALL SELECT to_jsonb(o)::text FROM kind_of o UNION ALL SELECT who FROM whos`,
    );
    expect(everything).toHaveLength(3 + 2 + 30 + 2 + 1 + 30);
    expect(
      everything
        .flat()
        .filter((text) => /corp\.io|secretword|annie|ANNIE|deadbeef|08:00:2b|10\.1\.2\.3/.test(text ?? "")),
    ).toEqual([]);
  });

  test("text vectors are made again from what is masked", async () => {
    expect(await rowsOf(copy, "SELECT words::text FROM member WHERE notes IS NOT NULL")).toEqual([
      [expect.stringMatching(/'cover':1/)],
    ]);
    expect(await rowsOf(copy, "SELECT words::text, more::text FROM page")).toEqual([["'bodi':2 'head':1", "'bodi':1"]]);
  });

  test("numbers of a range change places, references follow, and the next row finds a free one", async () => {
    const ids = (await rowsOf(copy, "SELECT id FROM member")).flat().map(Number);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id >= 1 && id <= 1_000_000)).toBe(true);
    expect(
      await rowsOf(copy, `SELECT count(*) FROM "Old Shop"."Tab,le ""q""" JOIN member ON member.id = member`),
    ).toEqual([["2"]]);
    expect(await rowsOf(copy, "INSERT INTO member DEFAULT VALUES RETURNING id > 1000000")).toEqual([["t"]]);
  });

  test("special values stay, and an enum gets another label of its own", async () => {
    expect(await rowsOf(copy, "SELECT count(*) FROM member WHERE until = 'infinity'")).toEqual([["1"]]);
    expect(await rowsOf(copy, "SELECT weight, ratio, amount FROM member WHERE weight = 'NaN'")).toEqual([
      ["NaN", "-Infinity", "NaN"],
    ]);
    const { raw, masked } = await both("SELECT feeling FROM member ORDER BY feeling NULLS LAST");
    expect(masked.flat().filter((label) => label !== null)).toHaveLength(2);
    expect(raw).toHaveLength(4 - 1);
  });

  test("the report for whoever answers for privacy says the same, without a value", async () => {
    const report = await Bun.file(`${project.folder}/report/masking.html`).text();
    expect(report).toContain("<td>public.log_1.who</td><td>replace email</td>");
    expect(report).toMatch(/sampled values of masked columns were looked for in every row of the base; none was found/);
    expect(report).toMatch(/\d\d values of sampled rows were compared with the source's under the same primary key/);
    expect(report).not.toMatch(/corp\.io|secretword|annie/);
  });

  test("the manifest counts what each rule did", async () => {
    const [file = ""] = project.files().filter((name) => name.endsWith(".dump.json"));
    const { masking, profile } = JSON.parse(await Bun.file(`${project.home}/${file}`).text());
    expect(profile).toMatch(/^[0-9a-f]{8}$/);
    expect(masking.key_fingerprint).toMatch(/^[0-9a-f]{16}$/);
    const who = masking.rules.find(({ name }: { name: string }) => name === "public.log_1.who");
    expect(who).toMatchObject({ strategy: "replace", type: "email", seen: 11, changed: 11, kept: 0 });
    expect(who.distinct).toEqual({ before: 11, after: 11 });
    expect(masking.rules).toContainEqual({
      name: "public.member.contact",
      strategy: "replace",
      type: "email",
      seen: 2,
      changed: 2,
      kept: 0,
      distinct: { before: 2, after: 2 },
    });
  });
});
