import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { readProvisioned } from "../provision/report.ts";
import { soak } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { shareSource } from "./support/shared-source.ts";

setDefaultTimeout(180_000);

const { docker, images } = readProvisioned();
const image = images["postgres:17"];

const BEFORE = "CREATE TABLE users (id integer PRIMARY KEY, email varchar(100), flags text);";
const AFTER = `CREATE TABLE users (id integer PRIMARY KEY, email varchar(255) NOT NULL);
  CREATE TABLE letters (id integer PRIMARY KEY, person integer REFERENCES users (id));`;

interface Answer {
  changes: { kind: string; name: string; action: string; words: string[] }[];
  [field: string]: unknown;
}

describe("diff.ts schema", () => {
  let project: Project;
  const at = (name: string) => join(project.folder, name);
  const diff = (...args: string[]) => project.run("diff", ["schema", ...args]);

  beforeAll(async () => {
    project = await makeProject({ runtime: "docker", copy: { image } });
    project.write("before.sql", BEFORE);
    project.write("after.sql", AFTER);
  });
  afterAll(() => project?.remove());

  test("says what differs, and by its exit code whether anything does", async () => {
    const different = await diff(at("before.sql"), at("after.sql"), "--engine", "sqlite");
    expect(different.status).toBe(3);
    expect(different.stdout).toContain("- column users.flags");
    expect(different.stdout).toContain("+ table letters");
    expect(different.stdout).toContain("--allow drop-column");
    const same = await diff(at("after.sql"), at("after.sql"), "--engine", "sqlite");
    expect(same).toMatchObject({ status: 0, stdout: expect.stringContaining("have the same schema") });
  });

  test("a pattern that leaves nothing out is told of, for it may be a slip", async () => {
    const args = [at("before.sql"), at("after.sql"), "--engine", "sqlite"];
    const { status, stdout, stderr } = await diff(...args, "--ignore", "letters", "--ignore", "leters");
    expect({ status, stdout }).toEqual({ status: 3, stdout: expect.not.stringContaining("letters") });
    expect(stderr.match(/Note: --ignore .*/g)).toEqual([
      'Note: --ignore "leters" left nothing out; a column is called TABLE.COLUMN',
    ]);
  });

  test("its SQL turns A into B, once what destroys something is allowed", async () => {
    const path = at("app.db");
    const database = new Database(path, { create: true });
    database.run(BEFORE);
    database.run("INSERT INTO users VALUES (1, 'ann@example.com', 'x')");
    const careful = await diff(path, at("after.sql"), "--sql");
    expect(careful.stderr).toContain("Left out until allowed: --allow drop-column");
    expect(careful.stdout).toContain("-- left out, allow it by --allow drop-column");
    database.run((await diff(path, at("after.sql"), "--sql", "--allow", "drop-column")).stdout);
    expect(database.query("SELECT * FROM users").all()).toEqual([{ id: 1, email: "ann@example.com" }]);
    database.close();
    expect(await diff(path, at("after.sql"))).toMatchObject({ status: 0 });
  });

  test("it is proven on a twin of a database file, which stays as it is", async () => {
    const path = at("proven.db");
    const database = new Database(path, { create: true });
    database.run(`${BEFORE} CREATE VIRTUAL TABLE words USING fts5(word); CREATE VIEW v AS SELECT id FROM users;`);
    const before = database.query("SELECT sql FROM sqlite_schema").all();
    const { status, stderr } = await diff(path, at("after.sql"), "--verify");
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining("turned A into B") });
    expect(database.query("SELECT sql FROM sqlite_schema").all()).toEqual(before);
    database.close();
  });

  test("the page needs nothing else, and no name is markup in it", async () => {
    project.write("odd.sql", `CREATE TABLE "<script>alert(1)</script>" (id int);`);
    await diff(at("before.sql"), at("odd.sql"), "--engine", "sqlite", "--html", at("page.html"));
    const page = readFileSync(at("page.html"), "utf8");
    expect(page).toContain("&lt;script&gt;alert(1)");
    expect(page).not.toContain("<script>alert(1)");
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  test("what can't be compared is refused in a sentence", async () => {
    for (const [args, status, message] of [
      [[at("before.sql"), "nowhere.sql"], 2, /Cannot find the database "nowhere\.sql"/],
      [[at("before.sql"), at("after.sql"), "--engine", "oracle:23"], 2, /names no engine and version/],
      [[at("before.sql"), at("after.sql"), "--engine", "sqlite", "--allow", "drop-tables"], 2, /drop-table/],
      [[at("before.sql"), at("after.sql"), "--engine", "sqlite", "--kinds", "tabel"], 2, /table/],
      [[at("before.sql")], 2, /A B/],
    ] as const) {
      const outcome = await diff(...args);
      expect({ args, status: outcome.status, said: outcome.stderr }).toEqual({
        ...{ args, status },
        said: expect.stringMatching(message),
      });
    }
    project.write("broken.sql", "CREATE TABLE (;");
    expect((await diff(at("broken.sql"), at("after.sql"), "--engine", "sqlite")).status).toBe(1);
  });

  const onPostgres = test.skipIf(image === undefined || !docker.available);

  onPostgres("on Postgres it is proven on a throwaway server, of which nothing is left", async () => {
    const args = [at("before.sql"), at("after.sql"), "--engine", "postgres:17"];
    const { status, stdout, stderr } = await diff(...args, "--verify", "--json");
    expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringContaining("turned A into B") });
    const { changes } = JSON.parse(stdout) as Answer;
    expect(changes.map(({ kind, name, action }) => [action, kind, name])).toEqual(
      expect.arrayContaining([
        ["create", "table", "letters"],
        ["drop", "column", "users.flags"],
        ["alter", "column", "users.email"],
      ]),
    );
    // The network and the volume for tools' files are the state folder's own, and stay.
    expect((await project.traces()).filter((trace) => !/^network |-files(-anchor)?$/.test(trace))).toEqual([]);
  });

  onPostgres("it is proven, too, where the database is an ordinary role's", async () => {
    const source = await shareSource({ engine: "postgres", version: "17", name: "diff-owned" });
    const server = `${source.host}:${source.port}`;
    const run = async (url: string, ...statements: string[]) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      for (const sql of statements) await client.query(sql);
      await client.end();
    };
    await run(
      `postgres://${source.user}:${source.password}@${server}/postgres`,
      "CREATE ROLE app LOGIN PASSWORD 'app'",
      "CREATE DATABASE owned_a OWNER app",
      "CREATE DATABASE owned_b OWNER app",
    );
    const [a, b] = ["owned_a", "owned_b"].map((name) => `postgres://app:app@${server}/${name}`) as [string, string];
    const tables = "CREATE SCHEMA s; CREATE TABLE s.t (id serial, x int); CREATE TABLE o (id int)";
    await run(a, tables);
    await run(b, tables, "CREATE SCHEMA more; CREATE VIEW v AS SELECT id FROM o; ALTER TABLE s.t ALTER x TYPE bigint");
    for (const [other, status] of [
      [a, 0],
      [b, 3],
    ] as const) {
      const outcome = await diff(a, other, "--verify");
      const said = expect.stringContaining("turned A into B");
      expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status, stderr: said });
    }
  });

  for (const server of soak ? (["mysql:9.7", "mariadb:11.8"] as const) : []) {
    test.skipIf(images[server] === undefined)(`on ${server} it is proven, too`, async () => {
      project.configure({ runtime: "docker", copy: { image: images[server] } });
      const { status, stderr } = await diff(at("before.sql"), at("after.sql"), "--engine", server, "--verify");
      expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining("turned A into B") });
      project.configure({ runtime: "docker", copy: { image } });
    });
  }

  onPostgres("two engines are no schemas of one kind", async () => {
    const path = at("other.db");
    new Database(path, { create: true }).run("CREATE TABLE t (id int)");
    const outcome = await diff(at("before.sql"), path, "--engine", "postgres:17");
    expect(outcome).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/the one is Postgres\w*, the other SQLite/),
    });
  });
});
