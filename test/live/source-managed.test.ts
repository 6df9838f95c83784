import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Diagnosis } from "../../lib/copies/doctor.ts";
import { must } from "../provision/exec.ts";
import { readProvisioned } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { ask } from "./support/ground.ts";
import { pgbouncer, startPgBouncer } from "./support/pooler.ts";
import { contentsOf, missingPostgres, postgresImage, query, sharedSource, urlTo } from "./support/postgres.ts";
import { makeProject, type Project } from "./support/project.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(300_000);

interface Copy {
  connection_string: string;
}

/** What doctor says that the user lacks, and the statements that it prints. */
async function prescribed(project: Project): Promise<{ diagnosis: Diagnosis; statements: string[] }> {
  const { stdout } = await project.run("doctor", ["--json"], { timeoutMs: 60_000 });
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  return { diagnosis, statements: diagnosis.checks.flatMap(({ statements }) => statements) };
}

async function refused(project: Project): Promise<{ code: string; message: string; hint: string }> {
  const { status, stdout } = await project.run("reseed", ["--json"], { timeoutMs: 60_000 });
  expect(status).toBe(1);
  return JSON.parse(stdout).error;
}

const copyUrl = async (project: Project) => (await project.json<Copy>("copy", ["create"])).connection_string;

/** An extension that only the source's machine has, with a type, a function and a table of settings. */
async function installExtension(source: Source, version: string): Promise<void> {
  const folder = `/usr/share/postgresql/${version}/extension`;
  const script = `cat > ${folder}/aws_s3.control <<'END'
default_version = '1.0'
relocatable = false
schema = aws_s3
END
cat > ${folder}/aws_s3--1.0.sql <<'END'
CREATE TYPE uri AS (bucket text, path text);
CREATE FUNCTION export(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE TABLE settings (name text);
SELECT pg_extension_config_dump('settings', '');
END`;
  await must(["docker", "exec", "-u", "root", source.containerName, "sh", "-c", script]);
}

const MANAGED = `
  CREATE EXTENSION aws_s3; INSERT INTO aws_s3.settings VALUES ('region');
  CREATE SCHEMA "Old Stuff"; CREATE TABLE "Old Stuff"."Pay Roll" (id serial PRIMARY KEY, x text); INSERT INTO "Old Stuff"."Pay Roll" (x) VALUES ('a'), ('b');
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, x text); INSERT INTO orders (x) SELECT n::text FROM generate_series(1, 1000) n;
  CREATE TABLE open (id int); INSERT INTO open VALUES (1);
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON orders TO tenant USING (x = '1');
  GRANT EXECUTE ON FUNCTION aws_s3.export(text) TO tenant; GRANT SELECT ON orders TO tenant;
  CREATE FUNCTION late() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN aws_s3.export('x'); END $$;
  SELECT lo_from_bytea(4711, 'abc');`;

const missing = missingPostgres("15", "17");
const { postgresBin } = readProvisioned().native;

describe.skipIf(missing !== undefined)(`A managed Postgres${missing ? ` (${missing})` : ""}`, () => {
  let source: Source;
  let project: Project;
  const user = { user: "Dump User", password: "dump-user-7a1" };

  beforeAll(async () => {
    source = await sharedSource("17");
    await installExtension(source, "17");
    await source.sql(
      `CREATE DATABASE managed; CREATE ROLE tenant NOLOGIN; CREATE ROLE "Dump User" LOGIN PASSWORD '${user.password}'`,
      "postgres",
    );
    await source.sql(
      `REVOKE ALL ON SCHEMA public FROM PUBLIC; ${MANAGED}; GRANT SELECT ON open TO "Dump User"`,
      "managed",
    );
    project = await makeProject({
      source: { url: urlTo(source, "managed", user) },
      copy: { image: postgresImage("17") },
      runtime: "docker",
    });
  });
  afterAll(() => project?.remove());

  test("who is given exactly what doctor printed can reseed; extensions that no image has stay out, and that is said", async () => {
    const { diagnosis, statements } = await prescribed(project);
    expect(diagnosis.ok).toBe(false);
    expect(statements).toEqual([
      'GRANT USAGE ON SCHEMA "Old Stuff", "public" TO "Dump User"',
      'GRANT SELECT ON ALL TABLES IN SCHEMA "Old Stuff" TO "Dump User"',
      'GRANT SELECT ON ALL SEQUENCES IN SCHEMA "Old Stuff" TO "Dump User"',
      'GRANT SELECT ON TABLE "public"."orders" TO "Dump User"',
      'GRANT SELECT ON ALL SEQUENCES IN SCHEMA "public" TO "Dump User"',
      'ALTER ROLE "Dump User" BYPASSRLS',
      'GRANT SELECT ON LARGE OBJECT 4711 TO "Dump User"',
    ]);
    const { hint } = await refused(project);
    for (const statement of statements) expect(hint).toContain(`\n  ${statement};`);
    await source.sql(statements.map((statement) => `${statement};`).join("\n"), "managed");
    expect((await prescribed(project)).diagnosis).toMatchObject({ ok: true });
    const { stderr } = await project.must("reseed");
    expect(stderr).toContain("Extensions that the base does without (dump.exclude_extensions): aws_s3");
    const url = await copyUrl(project);
    const { "aws_s3.settings": settings, ...rest } = await contentsOf(urlTo(source, "managed"));
    expect(settings).toBeDefined();
    expect(await contentsOf(url)).toEqual(rest);
    const looked =
      "SELECT polname::text, polroles::regrole[]::text AS roles, rolcanlogin AS login FROM pg_policy JOIN pg_roles ON pg_roles.oid = ANY (polroles)";
    expect(await query(url, looked)).toEqual([{ polname: "own", roles: "{tenant}", login: false }]);
    expect(await query(url, "SELECT extname::text FROM pg_extension ORDER BY 1")).toEqual([{ extname: "plpgsql" }]);
  });

  test("a column of an excluded extension's type is named, unless its table stays out as well", async () => {
    await source.sql(
      'CREATE TABLE exports (id int, target aws_s3.uri); GRANT SELECT ON exports TO "Dump User"',
      "managed",
    );
    const { code, message } = await refused(project);
    expect(code).toBe("EXTENSION_NEEDED");
    expect(message).toContain("column target of table public.exports needs type aws_s3.uri");
    const { diagnosis } = await prescribed(project);
    expect(diagnosis.checks.find(({ check }) => check === "contents")).toMatchObject({ status: "failed" });
    project.configure({
      source: { url: urlTo(source, "managed", user) },
      copy: { image: postgresImage("17") },
      dump: { exclude_tables: ["exports"], exclude_extensions: ["aws_*"] },
    });
    expect((await prescribed(project)).diagnosis.ok).toBe(true);
    project.configure({ source: { url: urlTo(source, "managed", user) }, dump: { exclude_extensions: ["aws_s4"] } });
    expect((await project.run("reseed", ["--json"])).stdout).toContain("no such extension");
  });

  test.skipIf(pgbouncer === null)(
    `PgBouncer in front is refused, with the reason${pgbouncer ? "" : " (not installed)"}`,
    async () => {
      const pooler = await startPgBouncer(source);
      try {
        await until(() =>
          query(urlTo({ ...source, port: pooler.port }, "managed"), "SELECT 1").then(
            () => true,
            () => false,
          ),
        );
        project.configure({
          source: { url: urlTo({ ...source, port: pooler.port }, "managed") },
          copy: { image: postgresImage("17") },
        });
        expect(await refused(project)).toMatchObject({
          code: "POOLER",
          message: expect.stringContaining("a connection pooler answers there, not the server"),
        });
      } finally {
        await pooler.stop();
      }
    },
  );
});

const older = missing ?? (postgresBin?.includes("/15/") ? undefined : "skipped: no native Postgres 15");

describe.skipIf(older !== undefined)(`A managed Postgres 15${older ? ` (${older})` : ""}`, () => {
  let source: Source;
  let project: Project;
  beforeAll(async () => {
    source = await sharedSource("15");
    await installExtension(source, "15");
    await source.sql("CREATE DATABASE managed TEMPLATE template0 LOCALE 'C'; CREATE ROLE tenant NOLOGIN", "postgres");
    await source.sql(MANAGED, "managed");
    project = await makeProject({
      source: { url: urlTo(source, "managed") },
      runtime: "native",
      dump: { roles: "keep" },
    });
  });
  afterAll(async () => {
    await project?.run("copy", ["delete", "--all", "--yes"]);
    await project?.remove();
  });

  test("a pg_dump that can't leave an extension out: its rows and grants stay out all the same", async () => {
    await project.must("reseed");
    const url = await copyUrl(project);
    const { "aws_s3.settings": _, ...rest } = await contentsOf(urlTo(source, "managed"));
    expect(await contentsOf(url)).toEqual(rest);
    expect(await query(url, "SELECT has_table_privilege('tenant', 'orders', 'SELECT') AS may")).toEqual([
      { may: true },
    ]);
  });
});

const { docker, images } = readProvisioned();
const noMysql = docker.available && images["mysql:9.7"] ? undefined : "no docker or image";

/** Everything that a dump tool leaves out silently, as the server shows it. */
const OBJECTS = [
  "SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS kind, ROUTINE_DEFINITION AS body FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'my_app' ORDER BY 1",
  "SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS kind, ACTION_STATEMENT AS body FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'my_app' ORDER BY 1",
  "SELECT EVENT_NAME AS name, INTERVAL_FIELD AS kind, EVENT_DEFINITION AS body FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'my_app' ORDER BY 1",
  "SELECT TABLE_NAME AS name, CHECK_OPTION AS kind, VIEW_DEFINITION AS body FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'my_app' ORDER BY 1",
  "SELECT * FROM `Line Items` ORDER BY id",
];

describe.skipIf(noMysql !== undefined)(`A managed MySQL 9.7 with GTIDs${noMysql ? ` (${noMysql})` : ""}`, () => {
  let source: Source;
  let project: Project;
  const userUrl = () => source.url.replace(/\/\/root:[^@]*@/, "//dump%20user:dump-user-7a1@");
  beforeAll(async () => {
    source = await startSource({
      engine: "mysql",
      version: "9.7",
      name: "managed",
      database: "my_app",
      args: ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"],
    });
    await source.load({
      text: `CREATE TABLE \`Line Items\` (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(20), changed INT DEFAULT 0);
        INSERT INTO \`Line Items\` (x) VALUES ('a'), ('ü'), (NULL);
        CREATE VIEW wide AS SELECT id, x FROM \`Line Items\` WHERE x IS NOT NULL;
        CREATE TRIGGER touched BEFORE UPDATE ON \`Line Items\` FOR EACH ROW SET NEW.changed = OLD.changed + 1;
        CREATE FUNCTION total() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM \`Line Items\`);
        CREATE PROCEDURE tidy() DELETE FROM \`Line Items\` WHERE x IS NULL;
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO CALL tidy();
        CREATE USER 'dump user'@'%' IDENTIFIED BY 'dump-user-7a1'; CREATE DATABASE \`myxapp\`; CREATE TABLE myxapp.other (id INT);`,
    });
    project = await makeProject({
      source: { url: userUrl() },
      copy: { image: images["mysql:9.7"] },
      runtime: "docker",
    });
  });
  afterAll(async () => {
    await source?.stop();
    await project?.remove();
  });

  test("who is given exactly what doctor printed reseeds whole: routines, triggers, events, views", async () => {
    const { statements } = await prescribed(project);
    expect(statements).toEqual([
      "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `my\\_app`.* TO 'dump user'@'%'",
      "GRANT SHOW_ROUTINE ON *.* TO 'dump user'@'%'",
    ]);
    const { code, hint } = await refused(project);
    expect(code).toBe("NO_PRIVILEGE");
    for (const statement of statements) expect(hint).toContain(`\n  ${statement};`);
    await source.sql(statements.join(";\n"));
    const { diagnosis } = await prescribed(project);
    expect(diagnosis.ok).toBe(true);
    expect(diagnosis.checks.find(({ check }) => check === "privileges")).toMatchObject({
      status: "advice",
      statements: ["GRANT PROCESS ON *.* TO 'dump user'@'%'"],
    });
    await project.must("reseed");
    const url = await copyUrl(project);
    for (const question of OBJECTS) {
      const rows = await ask(source.url, question);
      expect(rows.length).toBeGreaterThan(0);
      expect(await ask(url, question)).toEqual(rows);
    }
  });

  test("without SHOW_ROUTINE a routine whose body the server keeps to itself is named", async () => {
    await source.sql(
      "REVOKE SHOW_ROUTINE ON *.* FROM 'dump user'@'%'; GRANT EXECUTE ON FUNCTION my_app.total TO 'dump user'@'%'",
    );
    const { code, message, hint } = await refused(project);
    expect(code).toBe("NO_PRIVILEGE");
    expect(message).toContain('lacks SHOW_ROUTINE ON *.* (for routines such as routine "total")');
    expect(hint).toContain("\n  GRANT SHOW_ROUTINE ON *.* TO 'dump user'@'%';");
  });

  test("of a database of which some tables may be read, the others are not left out in silence", async () => {
    await source.sql(
      "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'dump user'@'%'; GRANT SHOW_ROUTINE ON *.* TO 'dump user'@'%'; GRANT EVENT ON `my\\_app`.* TO 'dump user'@'%'; GRANT SELECT, SHOW VIEW ON my_app.wide TO 'dump user'@'%'",
    );
    expect((await prescribed(project)).statements).toEqual([
      "GRANT SELECT, SHOW VIEW, TRIGGER ON `my\\_app`.* TO 'dump user'@'%'",
    ]);
    await source.sql("GRANT SHOW VIEW, TRIGGER ON `my\\_app`.* TO 'dump user'@'%'");
    project.configure({
      source: { url: userUrl() },
      copy: { image: images["mysql:9.7"] },
      dump: { exclude_tables: ["wide"] },
    });
    expect((await prescribed(project)).statements).toEqual([
      "GRANT SELECT ON `my_app`.`Line Items` TO 'dump user'@'%'",
    ]);
  });
});
