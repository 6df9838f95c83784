import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadPeople, PEOPLE, RULES } from "./support/people.ts";
import { missingPostgres, postgresImage, sharedSource } from "./support/postgres.ts";
import { makeProject, type Outcome, type Project } from "./support/project.ts";

setDefaultTimeout(120_000);

const missing = missingPostgres("17");

describe.skipIf(missing !== undefined)(`Rules and the gate${missing ? ` (${missing})` : ""}`, () => {
  let project: Project;
  let url: string;

  beforeAll(async () => {
    const source = await sharedSource("17");
    await source.sql("CREATE DATABASE gate", "postgres");
    await loadPeople({ ...source, sql: (text) => source.sql(text, "gate") });
    url = source.url.replace(/\/\w+$/, "/gate");
    project = await makeProject();
  });
  afterAll(() => project?.remove());

  const sql = async (text: string) => (await sharedSource("17")).sql(text, "gate");
  const check = (obfuscation: object, args: string[] = []) => {
    project.configure({ source: { url }, copy: { image: postgresImage("17") }, obfuscation });
    return project.run("reseed", ["--check", ...args]);
  };
  /** No message holds a value of the fixture. */
  const saysNoValue = ({ stdout, stderr }: Outcome) => {
    const values = PEOPLE.flat().filter((value): value is string => typeof value === "string" && value.length > 4);
    expect(values.filter((value) => `${stdout}${stderr}`.includes(value))).toEqual([]);
  };

  test("a column that looks personal and has no rule stops the reseed, with the lines to add", async () => {
    const refused = await check({ rules: RULES.filter(({ column }) => !["email", "phone", "ssn"].includes(column)) });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("public.people.phone");
    expect(refused.stderr).toMatch(/- \{ table: people, column: phone, strategy: replace, type: phone \}/);
    expect(refused.stderr).toMatch(/- \{ table: people, column: email, strategy: replace, type: email \}/);
    expect(refused.stderr).toMatch(/strategy: keep/);
    saysNoValue(refused);
  });

  test("with a rule for each it says what is masked, and with warn it goes on and says what is not", async () => {
    const fits = await check({ rules: RULES }, ["--json"]);
    expect(fits).toMatchObject({ status: 0 });
    const { columns, unreviewed } = JSON.parse(fits.stdout);
    expect(unreviewed).toEqual([]);
    expect(columns).toContainEqual({
      schema: "public",
      table: "orders",
      column: "customer_email",
      strategy: "replace",
      type: "email",
    });
    await sql("ALTER TABLE people ADD COLUMN phone2 text");
    const stopped = await check({ rules: RULES });
    expect(stopped).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/- \{ table: people, column: phone2, strategy: replace, type: phone \}/),
    });
    const warned = await check({ rules: RULES, unreviewed: "warn" });
    expect(warned).toMatchObject({ status: 0, stderr: expect.stringContaining("public.people.phone2") });
    await sql("ALTER TABLE people DROP COLUMN phone2");
  });

  test("everything that is wrong with rules is said at once, with the nearest name", async () => {
    const rules = [
      { table: "peopel", column: "email", strategy: "nullify" },
      { table: "people", column: "emial", strategy: "nullify" },
      { table: "people", column: "email", strategy: "nullify" },
      { table: "people", column: "first_name", strategy: "hash" },
      { table: "people", column: "first_name", strategy: "redact" },
      { table: "people", column: "country", strategy: "hash" },
      { table: "people", column: "notes", strategy: "redact", where: "true) OR (false" },
      { table: "people", column: "api_key", strategy: "hash", where: "contry = 'DE'" },
      { table: "people", column: "id", strategy: "replace", type: "number" },
    ];
    const refused = await check({ rules, unreviewed: "allow" });
    expect(refused.status).toBe(2);
    for (const said of [
      /peopel\.email: there is no table "peopel"\. Did you mean "people"\?/,
      /people\.emial: public\.people has no column "emial"\. Did you mean "email"\?/,
      /public\.people\.email: it is NOT NULL/,
      /public\.people\.first_name: 2 rules mean it/,
      /public\.people\.country: "hash" needs 16 characters/,
      /public\.people\.notes: "where" is not one SQL expression/,
      /public\.people\.id: the column is unique: add "range/,
    ])
      expect(refused.stderr).toMatch(said);
    const where = await check({
      rules: [{ table: "people", column: "api_key", strategy: "hash", where: "contry = 'DE'" }],
      unreviewed: "allow",
    });
    expect(where).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the source does not understand "where"'),
    });
    const spared = await check({
      rules: [{ table: "gone", column: "email", strategy: "nullify", warn_only: true }],
      unreviewed: "allow",
    });
    expect(spared).toMatchObject({ status: 0, stderr: expect.stringContaining('there is no table "gone"') });
  });

  test("a rule whose results a constraint or a domain refuses is named beforehand", async () => {
    await sql(`CREATE DOMAIN dialable AS text CHECK (VALUE ~ '^0[0-9 ]+$');
      CREATE TABLE calls (id int PRIMARY KEY, code varchar(30) CONSTRAINT is_code CHECK (code ~ '^[A-Z]{3}$'), number dialable)`);
    const rules = [
      { table: "calls", column: "code", strategy: "hash" },
      { table: "calls", column: "number", strategy: "replace", type: "phone" },
    ];
    const refused = await check({ rules, unreviewed: "allow" });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("public.calls.code: what the rule makes breaks the constraint is_code");
    expect(refused.stderr).toContain("public.calls.number: what the rule makes is no value of public.dialable");
    await sql("DROP TABLE calls; DROP DOMAIN dialable");
  });

  test("an unknown strategy or type is refused with the nearest", async () => {
    const strategy = await check({ rules: [{ table: "people", column: "email", strategy: "replce", type: "email" }] });
    expect(strategy).toMatchObject({ status: 2, stderr: expect.stringMatching(/Did you mean "replace"/) });
    const type = await check({ rules: [{ table: "people", column: "email", strategy: "replace", type: "emial" }] });
    expect(type).toMatchObject({ status: 2, stderr: expect.stringMatching(/Did you mean "email"/) });
  });

  test("literals in definitions are named by their object", async () => {
    await sql(
      "CREATE VIEW vip AS SELECT id FROM people WHERE email = 'Ann.Lee@Example.com'; COMMENT ON TABLE orders IS 'ask mary.major@corp.io'",
    );
    const said = await check({ rules: RULES });
    expect(said.status).toBe(0);
    expect(said.stderr).toMatch(/Look at the view public\.vip: a literal equals a sampled value of a masked column/);
    expect(said.stderr).toMatch(/Look at the comment on table (public\.)?orders/);
    saysNoValue(said);
    await sql("DROP VIEW vip; COMMENT ON TABLE orders IS NULL");
  });

  test("a file without rules is looked at as a source is", async () => {
    const file = project.write(
      "people.sql",
      "CREATE TABLE staff (id int PRIMARY KEY, mail text); INSERT INTO staff VALUES (1, 'zoe.zimmer@firm.de'), (2, E'a\\\\b\\n@firm.de');",
    );
    project.configure({ source: { url }, copy: { image: postgresImage("17") }, obfuscation: {} });
    const refused = await project.run("reseed", ["--from", file]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/- \{ table: staff, column: mail, strategy: replace, type: email \}/);
    expect(refused.stderr).not.toContain("zimmer");
  });

  test("a check makes no key", async () => {
    expect(await check({ rules: RULES })).toMatchObject({ status: 0 });
    expect(project.files()).not.toContain("mask.key");
  });

  test("raw values that stand elsewhere in the base keep it from being announced", async () => {
    await sql(
      "CREATE TABLE mirror (id int PRIMARY KEY, body text); INSERT INTO mirror VALUES (1, 'as Ann.Lee@Example.com wrote: yes')",
    );
    const rules = [...RULES, { table: "mirror", column: "body", strategy: "keep" }];
    project.configure({ source: { url }, copy: { image: postgresImage("17") }, obfuscation: { rules } });
    const refused = await project.run("reseed");
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("1 of public.people.email in public.mirror"),
    });
    saysNoValue(refused);
    expect(await project.json("base", ["list"])).toEqual([] as never);
    expect(project.files().filter((file) => file.includes(".dump"))).toEqual([]);
    await sql("DROP TABLE mirror");
  });

  test("the key is made on first use and by its owner only, never under CI, never too short, never silently another", async () => {
    const key = join(project.home, "mask.key");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const bad = async (env: Record<string, string>, said: RegExp) => {
      project.configure({
        source: { url },
        copy: { image: postgresImage("17") },
        obfuscation: { rules: RULES, key_secret: "env:MASK_KEY" },
      });
      expect(await project.run("reseed", ["--check"], { env })).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(said),
      });
    };
    await bad({ MASK_KEY: "short" }, /the key has 5 bytes, and needs 32/);
    await bad({}, /MASK_KEY.*not set/);
    chmodSync(key, 0o600);
    await Bun.write(`${key}.old`, await Bun.file(key).text());
    await Bun.file(key).delete();
    project.configure({ source: { url }, copy: { image: postgresImage("17") }, obfuscation: { rules: RULES } });
    expect(await project.run("reseed", ["--check"], { env: { CI: "true" } })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("under CI none is made"),
    });
  });
});
