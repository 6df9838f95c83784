import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readProvisioned } from "../provision/report.ts";
import { ask, type Copy, configOf, countItems, type Ground, soak, testWhere } from "./support/ground.ts";
import { makeProject, type Outcome, type Project } from "./support/project.ts";
import { seed } from "./support/shared-base.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(180_000);

interface Statement {
  statement: string;
  lock: string;
  relations: string[];
  lock_known: string;
  ms: number;
  held_ms: number;
  held_before: boolean;
  rewrites: string[];
  failed: boolean;
}

interface Answer {
  status: string;
  exit_status: number;
  error: string;
  snapshot: string;
  schema: { diff: string; added: number; removed: number; unreadable: string } | null;
  statements: Statement[];
  limits: string;
}

const GROUNDS: Ground[] = [
  { runtime: "docker", engine: "postgres", server: "postgres:17", in: "test" },
  { runtime: "docker", engine: "mysql", server: "mysql:9.7", in: "test" },
  { runtime: "docker", engine: "postgres", server: "postgres:18", in: "soak" },
  { runtime: "docker", engine: "mysql", server: "mariadb:11.8", in: "soak" },
  { runtime: "podman", engine: "postgres", server: "postgres:17", in: "soak" },
  { runtime: "native", engine: "postgres", server: "postgres:15", in: "soak" },
];

for (const ground of GROUNDS) {
  if (ground.in === "soak" && !soak) continue;
  const found = readProvisioned();
  const there = ground.runtime === "native" ? found.native.postgresBin !== null : found[ground.runtime].available;
  describe.skipIf(!there)(`migrations, ${ground.server} on ${ground.runtime}`, () => {
    const shop = setShop(ground);
    describeAll(shop, ground);
    if (ground.engine === "postgres") describePostgres(shop);
    else describeMysql(shop);
  });
}

interface Shop {
  project: Project;
  url: string;
  /** `bun scripts/migrate.ts shop …` with `--json`. */
  migrate(...args: string[]): Promise<Outcome & { answer: Answer }>;
  /** Writes a folder of files; resolves to its name. */
  folder(files: Record<string, string>): string;
  /** The copy's schema and rows. */
  checksum(): Promise<string>;
}

/** A project with one named copy of 1000 items, which all tests of a ground share. */
function setShop(ground: Ground): Shop {
  let folders = 0;
  const shop: Shop = {
    project: undefined as unknown as Project,
    url: "",
    async migrate(...args) {
      const at = args.indexOf("--");
      const own = at < 0 ? [...args, "--json"] : [...args.slice(0, at), "--json", ...args.slice(at)];
      const outcome = await shop.project.run("migrate", ["shop", ...own]);
      return { ...outcome, answer: JSON.parse(outcome.stdout) as Answer };
    },
    folder(files) {
      const name = `migrations-${++folders}`;
      for (const [file, text] of Object.entries(files)) shop.project.write(join(name, file), text);
      return name;
    },
    async checksum() {
      const mysql = ground.engine === "mysql";
      const columns =
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns";
      const own = `WHERE table_schema = ${mysql ? "database()" : "'public'"} ORDER BY 1, 2`;
      const rows = [await ask(shop.url, `${columns} ${own}`), await ask(shop.url, "SELECT * FROM items ORDER BY id")];
      return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
    },
  };
  beforeAll(async () => {
    shop.project = await makeProject(configOf(ground));
    await seed(shop.project, join(import.meta.dir, `../fixtures/copies/${ground.engine}.sql`));
    shop.url = (await shop.project.json<Copy>("copy", ["create", "--name", "shop"])).connection_string;
  });
  afterAll(() => shop.project?.remove());
  return shop;
}

function describeAll(shop: Shop, ground: Ground): void {
  test("plain files run in the order of their numbers; what changed is reported, and gone back from", async () => {
    const before = await shop.checksum();
    const folder = shop.folder({
      "10_index.sql": "CREATE INDEX items_stock ON items (stock);",
      "9_stock.sql": "ALTER TABLE items ADD stock int;\nUPDATE items SET stock = id;",
      "9_stock.down.sql": "DROP TABLE items;",
    });
    const { status, answer, stderr } = await shop.migrate("--folder", folder, "--report", "report.md");
    expect(answer).toMatchObject({ status: "migrated", exit_status: 0, schema: { unreadable: "" } });
    expect(status).toBe(0);
    expect(stderr).toContain("9_stock.down.sql");
    expect(answer.schema?.diff).toMatch(/^\+ .*stock.* int/m);
    expect(answer.schema?.diff).toMatch(/^[+].*items_stock/m);
    // A change of rows is told when it took a while, as on a busy machine.
    const told = answer.statements.map(({ statement }) => statement).filter((one) => !one.startsWith("UPDATE"));
    expect(told).toEqual(["ALTER TABLE items ADD stock int", "CREATE INDEX items_stock ON items (stock)"]);
    const report = await Bun.file(join(shop.project.folder, "report.md")).text();
    expect(report).toStartWith("## Migration of a copy: ✅ succeeded\n");
    expect(report).toContain("| 1 | `ALTER TABLE items ADD stock int` |");
    expect(report).not.toContain(new URL(shop.url).password);
    await shop.project.must("snapshot", ["rollback", "shop", "--to", answer.snapshot]);
    expect(await shop.checksum()).toBe(before);
  });

  test("a failure is put back as it was, on the same URL, and names file, line and the server's words", async () => {
    const before = await shop.checksum();
    const bad =
      "ALTER TABLE items ADD half int;\nDELETE FROM items WHERE id < 500;\n\nALTER TABLE missing ADD x int;\n";
    const folder = shop.folder({ "1.sql": "CREATE TABLE other (id int);", "2.sql": bad, "3.sql": "SELECT 1;" });
    const { status, answer } = await shop.migrate("--folder", folder);
    expect(status).toBe(1);
    expect(answer).toMatchObject({ status: "rolled_back", schema: null });
    expect(answer.error).toMatch(/2\.sql:4: .*missing/);
    // MariaDB's log doesn't say which statements failed.
    const failed = !ground.server.startsWith("mariadb");
    expect(answer.statements.at(-1)).toMatchObject({ statement: "ALTER TABLE missing ADD x int", failed });
    expect(await shop.checksum()).toBe(before);
    expect(await countItems(shop.url)).toBe(1000);
  });

  // What is the same on every engine is tried on one, in the short run.
  const onBoth = testWhere(soak || ground.engine === "postgres");

  onBoth("with --keep a failure stays to be looked at", async () => {
    const before = await shop.checksum();
    const folder = shop.folder({ "1.sql": "ALTER TABLE items ADD kept int;", "2.sql": "SELECT nothing FROM nowhere;" });
    const { status, answer } = await shop.migrate("--folder", folder, "--keep");
    expect([status, answer.status]).toEqual([1, "kept"]);
    expect(answer.schema?.diff).toContain("kept");
    await shop.project.must("snapshot", ["rollback", "shop", "--to", answer.snapshot]);
    expect(await shop.checksum()).toBe(before);
  });

  test("a command that connects to nothing is an error that names the variables, and leaves no snapshot", async () => {
    const list = () => shop.project.json<{ name: string }[]>("snapshot", ["list", "shop"]);
    const before = await list();
    const { status, stdout } = await shop.migrate("--", "true");
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "NO_CONNECTION",
      hint: expect.stringContaining("DATABASE_URL"),
    });
    expect(await list()).toEqual(before);
  });

  onBoth("a command's own status and output are shown, also when it fails before it connects", async () => {
    const { status, stderr, answer } = await shop.migrate("--", "sh", "-c", "echo out; echo err >&2; exit 7");
    expect([status, answer.exit_status, answer.status]).toEqual([1, 7, "rolled_back"]);
    expect(stderr).toMatch(/^out$/m);
    expect(stderr).toMatch(/^err$/m);
  });

  onBoth("Ctrl-C ends the tool and puts the copy back; meanwhile nobody else changes it", async () => {
    const before = await shop.checksum();
    const script = join(shop.project.folder, "slow.ts");
    shop.project.write("slow.ts", SLOW);
    const running = shop.project.start("migrate", ["shop", "--", process.execPath, script]);
    await until(() => running.stderr().includes("begun"));
    const refused = await shop.project.run("snapshot", ["create", "shop"]);
    expect(refused.stderr).toContain("a migration is being tried in it");
    running.kill("SIGINT");
    const { status, stderr } = await running.done;
    expect(status).toBe(130);
    expect(stderr).toMatch(/Copy shop is back on shop\/before-migrate-/);
    expect(await shop.checksum()).toBe(before);
  });

  test("when ditto is killed its tool dies, and the next command says how the copy is put back", async () => {
    const before = await shop.checksum();
    shop.project.write("slow.ts", SLOW);
    const running = shop.project.start("migrate", [
      "shop",
      "--",
      process.execPath,
      join(shop.project.folder, "slow.ts"),
    ]);
    await until(() => running.stderr().includes("begun"));
    const tool = Number(/begun (\d+)/.exec(running.stderr())?.[1]);
    running.kill("SIGKILL");
    await running.done;
    await until(() => !alive(tool));
    const said = (await shop.project.run("copy", ["sql", "shop", "-c", "SELECT 1"])).stderr;
    const name = /rollback shop --to (before-migrate-[\d-]+)/.exec(said)?.[1] ?? "";
    expect(said).toContain('a migration of "shop" was cut off');
    await shop.project.must("snapshot", ["rollback", "shop", "--to", name]);
    expect(await shop.checksum()).toBe(before);
    expect((await shop.project.run("copy", ["sql", "shop", "-c", "SELECT 1"])).stderr).not.toContain("cut off");
  });
}

/** Changes the copy, says so, and goes on for longer than a test. */
const SLOW = `import { SQL } from "bun";
const sql = new SQL(process.env.DATABASE_URL, { max: 1 });
await sql.unsafe("ALTER TABLE items ADD slow int");
console.log("begun " + process.pid);
await Bun.sleep(600_000);
`;

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function describePostgres(shop: Shop): void {
  test("forty quick ALTERs give forty lines, each with its lock and how long it was held", async () => {
    const one = (at: number) => `ALTER TABLE items ADD q${at} int;`;
    const ten = (from: number) => Array.from({ length: 10 }, (_, at) => one(from + at));
    // What others do meanwhile makes the server's log long.
    const many = "INSERT INTO items VALUES (5000, 'x', 1); DELETE FROM items WHERE id = 5000;\n".repeat(1_000);
    const folder = shop.folder({
      ...{ "0.sql": many, "9.sql": many },
      "1.sql": ten(0).join("\n"),
      "2.sql": `BEGIN;\n${ten(10).join("\n")}\nSELECT pg_sleep(0.3);\nCOMMIT;`,
      "3.sql": `DO $$ BEGIN ${ten(20).join(" ")} END $$;`,
      "4.sql": `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE '${ten(30).join(" ").replaceAll(";", ";")}'; END $$;\nSELECT f();`,
    });
    const { answer } = await shop.migrate("--folder", folder);
    expect(answer.limits).toBe("");
    const alters = answer.statements.filter(({ statement }) => /^ALTER TABLE items ADD q\d+ int/.test(statement));
    expect(alters).toHaveLength(40);
    for (const alter of alters) {
      expect(alter).toMatchObject({
        lock: "ACCESS EXCLUSIVE",
        relations: ["public.items"],
        lock_known: "seen",
        failed: false,
      });
      expect(alter.held_ms).toBeGreaterThanOrEqual(alter.ms);
    }
    // Those of a transaction are held until its end, those that stand alone are not.
    for (const alter of alters.slice(10, 20)) expect(alter.held_ms).toBeGreaterThan(290);
    expect(alters.slice(10, 20).map(({ held_before }) => held_before)).toEqual([false, ...Array(9).fill(true)]);
    const alone = alters.slice(0, 10).map(({ held_ms }) => held_ms);
    expect(Math.min(...alone)).toBeLessThan(100);
  });

  test("locks of every kind are told: on what, by what, and what is only known by its kind", async () => {
    const folder = shop.folder({
      "1.sql": [
        'CREATE TABLE "We""ird Table 🐘" (id int PRIMARY KEY, item int REFERENCES items);',
        'ALTER TABLE "We""ird Table 🐘" ADD "select" text;',
        "CREATE INDEX CONCURRENTLY by_name ON items (name);",
        "ALTER TABLE items ALTER id TYPE bigint;",
        "VACUUM items;",
        "SET session_replication_role = replica; ALTER TABLE items ADD replica int;",
        "BEGIN; LOCK TABLE items IN SHARE MODE; SELECT pg_sleep(0.2); ROLLBACK;",
        "BEGIN; ALTER TABLE items ADD gone int; ROLLBACK;",
        'DROP TABLE "We""ird Table 🐘";',
      ].join("\n"),
    });
    const { answer } = await shop.migrate("--folder", folder);
    expect(answer).toMatchObject({ status: "migrated", error: "" });
    const told = answer.statements.map(({ lock, lock_known, relations }) => [lock, lock_known, relations.join(" ")]);
    const weird = 'public.We"ird Table 🐘';
    expect(told).toEqual([
      ["SHARE ROW EXCLUSIVE", "seen", "public.items"],
      ["ACCESS EXCLUSIVE", "seen", weird],
      ["SHARE UPDATE EXCLUSIVE", "kind", "items"],
      ["ACCESS EXCLUSIVE", "seen", expect.stringContaining("public.items")],
      ["SHARE UPDATE EXCLUSIVE", "kind", "items"],
      ["ACCESS EXCLUSIVE", "seen", "public.items"],
      ["SHARE", "kind", "items"],
      ["ACCESS EXCLUSIVE", "seen", "public.items"],
      ["ACCESS EXCLUSIVE", "seen", expect.stringContaining(weird)],
    ]);
    expect(answer.statements[3]?.rewrites).toEqual(["public.items"]);
    expect(answer.statements[6]?.held_ms).toBeGreaterThan(190);
  });

  test("nothing of the watch stays: no trigger, no function, no setting, nor in a snapshot", async () => {
    const traces = `SELECT (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'ditto%')
      + (SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf') AS n, current_setting('log_min_duration_statement') AS slow`;
    const folder = shop.folder({ "1.sql": "ALTER TABLE items ADD traced int;" });
    const { answer } = await shop.migrate("--folder", folder);
    expect(answer.schema?.diff).not.toMatch(/ditto_watch|EVENT TRIGGER/);
    expect(await ask(shop.url, traces)).toEqual([{ n: expect.anything(), slow: "-1" }]);
    expect(Number((await ask<{ n: string }>(shop.url, traces))[0]?.n)).toBe(0);
    await shop.project.must("snapshot", ["rollback", "shop", "--to", answer.snapshot]);
    expect(Number((await ask<{ n: string }>(shop.url, traces))[0]?.n)).toBe(0);
  });

  test("a real tool is told by its files, and runs as its users run it", async () => {
    const add = (name: string) =>
      `-- migrate:up\nALTER TABLE items ADD ${name} int;\n\n-- migrate:down\nDROP TABLE items;\n`;
    const folder = shop.folder({ "db/migrations/20250101000000_first.sql": add("first") });
    const PATH = `${join(import.meta.dir, "../../node_modules/.bin")}:${process.env.PATH}`;
    const run = () => shop.project.run("migrate", ["shop", "--folder", folder, "--json"], { env: { PATH } });
    const done = await run();
    const answer: Answer & { tool: string; command: string } = JSON.parse(done.stdout);
    expect(answer).toMatchObject({ tool: "dbmate", command: "dbmate up", status: "migrated" });
    expect(done.stderr).toContain("db/migrations/20250101000000_first.sql");
    expect(answer.statements.map(({ statement }) => statement)).toContain("ALTER TABLE items ADD first int");
    const before = await shop.checksum();
    shop.project.write(join(folder, "db/migrations/20250102000000_second.sql"), add("first"));
    const failed = await run();
    expect([failed.status, JSON.parse(failed.stdout).status]).toEqual([1, "rolled_back"]);
    expect(failed.stderr).toContain('column "first" of relation "items" already exists');
    expect(await shop.checksum()).toBe(before);
    await shop.project.must("snapshot", ["rollback", "shop", "--to", answer.snapshot]);
  });

  test("what a tool sends at once, and what fails in it, is told statement by statement", async () => {
    shop.project.write(
      "tool.ts",
      `import { SQL } from "bun";
const sql = new SQL(process.env.DATABASE_URL, { max: 1 });
await sql.unsafe("ALTER TABLE items ADD m1 int; -- a comment; here\\nALTER TABLE items ADD m2 text DEFAULT ';'; ALTER TABLE missing ADD m3 int");
`,
    );
    const tool = [process.execPath, join(shop.project.folder, "tool.ts")];
    const { answer, status } = await shop.migrate("--", ...tool);
    expect(status).toBe(1);
    expect(answer.statements.map(({ statement, failed }) => [statement, failed])).toEqual([
      ["ALTER TABLE items ADD m1 int", false],
      ["ALTER TABLE items ADD m2 text DEFAULT ';'", false],
      ["ALTER TABLE missing ADD m3 int", true],
    ]);
  });
}

function describeMysql(shop: Shop): void {
  test("definitions that commit by themselves are undone too: schema and rows are as before", async () => {
    const before = await shop.checksum();
    const text = [
      "ALTER TABLE items ADD a int;",
      "DELIMITER //",
      "CREATE PROCEDURE grow() BEGIN ALTER TABLE items ADD b int; INSERT INTO items (id, name, price) VALUES (9000, 'x;', 1); END//",
      "DELIMITER ;",
      "CALL grow();",
      "UPDATE items SET price = 0;",
      "DROP TABLE missing;",
    ].join("\n");
    const { answer } = await shop.migrate("--folder", shop.folder({ "1.sql": text }));
    expect(answer).toMatchObject({ status: "rolled_back", error: expect.stringMatching(/1\.sql:7: /) });
    expect(await shop.checksum()).toBe(before);
    expect(answer.limits).toContain("metadata locks");
    expect(answer.statements[0]).toMatchObject({ lock: "EXCLUSIVE", lock_known: "kind", relations: ["items"] });
  });

  test("the server's settings are as before", async () => {
    const [row] = await ask(
      shop.url,
      "SELECT @@GLOBAL.slow_query_log AS log, @@GLOBAL.long_query_time AS t, @@GLOBAL.slow_query_log_file AS f",
    );
    expect(row).toMatchObject({ log: 0, f: expect.not.stringContaining("ditto-watch") });
  });
}
