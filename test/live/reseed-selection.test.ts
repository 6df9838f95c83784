import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { must } from "../provision/exec.ts";
import {
  contentsOf,
  loadFixture,
  missingPostgres,
  postgresImage,
  query,
  sharedSource,
  urlTo,
} from "./support/postgres.ts";
import { makeProject, type Outcome, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const missing = missingPostgres("17");

/** How many rows of each relation, without checksums. */
function counts(contents: Record<string, string>): Record<string, number> {
  const tables = Object.entries(contents).filter(([, value]) => / rows, /.test(value));
  return Object.fromEntries(tables.map(([name, value]) => [name, Number.parseInt(value, 10)]));
}

describe.skipIf(missing !== undefined)(`What is taken of a source${missing ? ` (${missing})` : ""}`, () => {
  let url: string;
  let everything: Record<string, number>;
  let project: Project;

  beforeAll(async () => {
    url = await loadFixture(await sharedSource("17"), "selection", "selection");
    everything = counts(await contentsOf(url));
    project = await makeProject();
  });
  afterAll(() => project?.remove());

  const configure = (dump: object) =>
    project.configure({ source: { url }, copy: { image: postgresImage("17") }, dump: { keep_bases: 1, ...dump } });

  async function reseedWith(
    dump: object,
    flags: string[] = [],
  ): Promise<{ said: string; rows: Record<string, number>; url: string }> {
    configure(dump);
    const { stderr } = await project.must("reseed", flags);
    const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
    return { said: stderr, rows: counts(await contentsOf(copy.connection_string)), url: copy.connection_string };
  }

  test("tables without rows, and tables with some, whatever their names: the rest is whole", async () => {
    const dump = {
      exclude_table_data: ["Users", '"Old Stuff"."Logs*"', "vehicle", "note", "Old Stuff.a.b c"],
      rows: {
        event: "at >= '2025-01-01'",
        orders: "id <= 5",
        items: '"order" IN (SELECT id FROM public.orders WHERE id <= 5)',
      },
    };
    const { rows, said } = await reseedWith(dump, ["--verify", "full"]);
    expect(said).toContain("Count the source again");
    expect(rows).toEqual({
      ...everything,
      ...{ 'public."Users"': 0, '"Old Stuff"."Logs*"': 0, '"Old Stuff"."a.b c"': 0, "public.note": 0 },
      ...{ "public.vehicle": 0, "public.car": 0, 'public."Sports Car"': 0 },
      ...{
        "public.event_2024": 0,
        "public.event_2025": 11,
        "public.orders": 5,
        "public.items": 10,
        "public.spending_now": 5,
      },
    });
    const [written = ""] = project.files().filter((file) => file.endsWith(".dump.json"));
    const manifest = JSON.parse(await Bun.file(`${project.home}/${written}`).text());
    const held = manifest.tables.filter(({ name }: { name: string }) => ["Users", "Logs*", "car"].includes(name));
    expect(held.map(({ rows: number }: { rows: number }) => number)).toEqual([0, 0, 0]);
  });

  test("only some tables: with their partitions, what they inherit from, and the views that read nothing else", async () => {
    const {
      rows,
      said,
      url: copyUrl,
    } = await reseedWith({ tables: ["event_2025", "Sports Car", "users", "public.cust*"] });
    expect(rows).toEqual({
      ...{ "public.event_2025": 11, 'public."Sports Car"': 1, "public.users": 3, "public.customers": 10 },
      ...{ "public.vehicle": 0, "public.car": 0 },
    });
    expect(said).toContain("view public.spending, materialized view public.spending_now");
    expect(await query(copyUrl, "SELECT count(*)::int AS n FROM fleet")).toEqual([{ n: 1 }]);
    expect(await query(copyUrl, "SELECT count(*)::int AS n FROM best_customers()")).toEqual([{ n: 10 }]);
  });

  test("without some tables: what can't be made without them goes too, and is named", async () => {
    const {
      rows,
      said,
      url: copyUrl,
    } = await reseedWith({ exclude_tables: ["customers", "orders", "items", "event", "note"] });
    expect(Object.keys(rows).filter((name) => /customers|orders|items|event|note|spending/.test(name))).toEqual([]);
    expect(rows["public.users"]).toBe(3);
    expect(said).toContain("view public.spending, materialized view public.spending_now, public.best_customers()");
    expect(await query(copyUrl, "SELECT kept() AS n")).toEqual([{ n: 1 }]);
  });

  async function refused(dump: object): Promise<Outcome> {
    configure(dump);
    const before = await project.belongings();
    const outcome = await project.run("reseed", ["--json"]);
    expect(await project.belongings()).toEqual(before);
    expect(outcome.status).toBe(2);
    return outcome;
  }

  const broken: [title: string, dump: object, key: string][] = [
    [
      "of a table without rows",
      { exclude_table_data: ["customers"] },
      "public.orders.orders_customer_fkey → public.customers (without rows)",
    ],
    [
      "of a table that is left out",
      { exclude_tables: ["orders"] },
      "public.items.items_order_fkey → public.orders (left out)",
    ],
    [
      "of a partition without rows",
      { exclude_table_data: ["event_2024"] },
      "public.note.note_event_at_fkey → public.event (without rows)",
    ],
    [
      "of rows that a condition leaves out",
      { rows: { orders: "id > 15" } },
      "public.items.items_order_fkey → public.orders (30 rows)",
    ],
    ["of rows of partitions", { rows: { event: "id < 5" } }, "public.note.note_event_at_fkey → public.event (4 rows)"],
  ];
  for (const [title, dump, key] of broken) {
    test(`foreign keys that would break for want ${title} are listed before the dump`, async () => {
      const { error } = JSON.parse((await refused(dump)).stdout);
      expect(error).toMatchObject({ code: "BROKEN_KEYS" });
      expect(error.message).toContain(key);
      expect(error.hint).not.toBe("");
    });
  }

  test("a condition that fails at a row is told without what the row holds", async () => {
    configure({ rows: { customers: "email::bigint > 0" } });
    const { status, stdout, stderr } = await project.run("reseed", ["--json"]);
    expect(status).not.toBe(0);
    const { error } = JSON.parse(stdout);
    expect(error.message).toBe('Cannot look at the rows of "public.customers" (22P02)');
    expect(stdout + stderr).not.toMatch(/invalid input|@/);
  });

  for (const dump of [
    { tables: ["customer"] },
    { exclude_tables: ["Customers"] },
    { exclude_table_data: ["old*"] },
    { rows: { "Old Stuff.users": "true" } },
  ]) {
    test(`a name that matches nothing is refused: ${JSON.stringify(dump)}`, async () => {
      const { error } = JSON.parse((await refused(dump)).stdout);
      expect(error.message).toMatch(/^Cannot use ".*" of dump\.\w+: the source has no such table$/);
      expect(error.hint).toContain("public.customers");
    });
  }

  for (const condition of ["nonsense = 1", "id >", "id = 1; DELETE FROM customers"]) {
    test(`a condition that is no SQL for its table is refused: ${condition}`, async () => {
      const { error } = JSON.parse((await refused({ rows: { users: condition } })).stdout);
      expect(error.message).toContain('Cannot use dump.rows of "public.users"');
    });
  }
});

describe.skipIf(missing !== undefined)(`Extensions that keep the user's rows${missing ? ` (${missing})` : ""}`, () => {
  const image = `ditto-test/with-extension-${process.pid}`;
  let url: string;
  let project: Project;

  beforeAll(async () => {
    project = await makeProject();
    const files = {
      "diary.control": "default_version = '1'\nrelocatable = false\nschema = diary\n",
      "diary--1.sql": `CREATE TABLE diary.person (id int PRIMARY KEY, email text, own boolean);
        CREATE TABLE diary.entry (id int PRIMARY KEY, person int REFERENCES diary.person, body text);
        CREATE TABLE diary.version (n int);
        INSERT INTO diary.person VALUES (0, 'nobody', false);
        INSERT INTO diary.version VALUES (1);
        SELECT pg_catalog.pg_extension_config_dump('diary.person', 'WHERE own');
        SELECT pg_catalog.pg_extension_config_dump('diary.entry', '');`,
      Dockerfile: `FROM ${postgresImage("17")}\nCOPY diary* /usr/share/postgresql/17/extension/\n`,
    };
    const source = await sharedSource("17");
    for (const [name, text] of Object.entries(files)) {
      const file = join(project.folder, name);
      await Bun.write(file, text);
      if (name !== "Dockerfile")
        await must(["docker", "cp", file, `${source.containerName}:/usr/share/postgresql/17/extension/`]);
    }
    await must(["docker", "build", "-q", "-t", image, project.folder]);
    url = urlTo(source, "configured");
    await source.sql("CREATE DATABASE configured", "postgres");
    await source.sql(
      `CREATE SCHEMA diary; CREATE EXTENSION diary; INSERT INTO diary.person VALUES (1, 'anna.meier@example.com', true);
      INSERT INTO diary.entry VALUES (1, 1, 'Dear diary')`,
      "configured",
    );
  });
  afterAll(async () => {
    await project?.remove();
    await must(["docker", "rmi", "-f", image]);
  });

  const configure = (dump: object, rules: object[]) =>
    project.configure({ source: { url }, copy: { image }, dump, obfuscation: { rules } });

  test("they are judged, masked, and left out as those of any table", async () => {
    configure({}, []);
    const { status, stderr } = await project.run("reseed");
    expect(status).toBe(1);
    expect(stderr).toContain("diary.person.email");
    expect(stderr).not.toContain("diary.version");

    const rules = [{ table: "diary.person", column: "email", strategy: "redact", with: "x@example.org" }];
    const rowsWith = async (dump: object) => {
      configure(dump, rules);
      await project.must("reseed", ["--verify", "full"]);
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const people = await query(copy.connection_string, "SELECT id, email FROM diary.person ORDER BY id");
      return { people, entries: await query(copy.connection_string, "SELECT body FROM diary.entry") };
    };
    const nobody = { id: 0, email: "nobody" };
    expect(await rowsWith({})).toEqual({
      people: [nobody, { id: 1, email: "x@example.org" }],
      entries: [{ body: "Dear diary" }],
    });
    expect(await rowsWith({ exclude_table_data: ["diary.entry", "diary.person"] })).toEqual({
      people: [nobody],
      entries: [],
    });
  });
});
