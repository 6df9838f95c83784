import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readProvisioned } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { ask, serversToTry } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";

setDefaultTimeout(300_000);

const { docker, images } = readProvisioned();

const ARMED_POSTGRES = `
  CREATE EXTENSION postgres_fdw;
  CREATE SERVER "billing db" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'billing.example.com', dbname 'billing');
  CREATE ROLE clerk;
  CREATE USER MAPPING FOR clerk SERVER "billing db" OPTIONS (user 'clerk', password 'hunter2-clerk');
  CREATE USER MAPPING FOR PUBLIC SERVER "billing db" OPTIONS (user 'all', password 'hunter2-public');
  CREATE FOREIGN TABLE invoices (id int) SERVER "billing db";
  CREATE FOREIGN DATA WRAPPER odbc;
  CREATE SERVER ledger FOREIGN DATA WRAPPER odbc OPTIONS (conn_string 'user=x password=''hunter2 conn'' host=h');
  CREATE USER MAPPING FOR PUBLIC SERVER ledger OPTIONS ("odbc_PWD" 'hunter2-pwd', uid 'all');
  CREATE FOREIGN TABLE "Ledger" (id int) SERVER ledger OPTIONS (dsn 'https://ann:hunter2-url@h/a\\b', sql_query 'SELECT 1');
  CREATE SCHEMA cron;
  CREATE TABLE cron.job (jobid int PRIMARY KEY, command text, active boolean);
  INSERT INTO cron.job VALUES (1, 'SELECT send_invoices()', true), (2, 'VACUUM', false);
  CREATE SUBSCRIPTION "from head office" CONNECTION 'host=head.example.com password=hunter2-head' PUBLICATION all_of_it WITH (connect = false, slot_name = 'head');
  ALTER DATABASE app SET app.jwt_secret = 'hunter2-jwt';
  ALTER DATABASE app SET app.region = 'eu';
  CREATE TABLE items (id int PRIMARY KEY);
  INSERT INTO items SELECT generate_series(1, 10)`;

describe.skipIf(!docker.available || !images["postgres:17"])(
  "What would act on the world in a copy of Postgres",
  () => {
    let source: Source;
    let project: Project;
    const image = images["postgres:17"];

    beforeAll(async () => {
      source = await startSource({
        engine: "postgres",
        version: "17",
        name: "armed",
        args: ["-c", "wal_level=logical"],
      });
      await source.sql(ARMED_POSTGRES);
      project = await makeProject({ source: { url: source.url }, copy: { image }, runtime: "docker" });
    });
    afterAll(async () => {
      await source?.stop();
      await project?.remove();
    });

    const STATE = `SELECT (SELECT count(*)::int FROM pg_subscription) AS subscriptions, (SELECT count(*)::int FROM cron.job WHERE active) AS jobs,
    (SELECT string_agg(um::text, ' ') FROM pg_user_mappings um) AS mappings, current_setting('max_logical_replication_workers') AS workers`;

    test("does nothing there, and the manifest lists it", async () => {
      const base = await project.json<{ disarmed: string[]; dump_key: string }>("reseed");
      expect([...base.disarmed].sort()).toEqual([
        "job 1 of pg_cron (inactive)",
        'odbc_PWD of the user mapping for PUBLIC on server "ledger" (removed)',
        'password of the user mapping for PUBLIC on server "billing db" (removed)',
        'password of the user mapping for clerk on server "billing db" (removed)',
        'subscription "from head office" (left out)',
        'the password in conn_string of the foreign server "ledger" (removed)',
        "the password in dsn of the foreign table public.Ledger (removed)",
      ]);
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const [state] = await ask(copy.connection_string, STATE);
      expect(state).toMatchObject({ subscriptions: 0, jobs: 0, workers: "0" });
      expect(state?.mappings).toContain("clerk");
      expect(state?.mappings).not.toContain("hunter2");
      const far =
        "SELECT (SELECT srvoptions FROM pg_foreign_server WHERE srvname = 'ledger') AS server, (SELECT ftoptions FROM pg_foreign_table WHERE ftoptions <> '{}') AS options";
      expect(await ask(copy.connection_string, far)).toEqual([
        { server: ["conn_string=user=x  host=h"], options: ["dsn=https://ann@h/a\\b", "sql_query=SELECT 1"] },
      ]);
      const dump = join(project.home, "dumps", base.dump_key);
      expect(JSON.parse(readFileSync(`${dump}.json`, "utf8")).disarmed).toEqual(base.disarmed);
      expect(readFileSync(dump).includes("hunter2")).toBe(false);
      const settings =
        "SELECT current_setting('app.jwt_secret', true) AS secret, current_setting('app.region') AS region";
      expect(await ask(copy.connection_string, settings)).toEqual([{ secret: null, region: "eu" }]);
      // The source itself is as it was.
      expect(await ask(source.url, STATE)).toMatchObject([{ subscriptions: 1, jobs: 1 }]);
    });

    test("stays with side_effects: keep, but for the subscription", async () => {
      project.configure({ source: { url: source.url }, copy: { image, side_effects: "keep" }, runtime: "docker" });
      expect(await project.json<{ disarmed: string[] }>("reseed")).toMatchObject({ disarmed: [] });
      const copy = await project.json<{ connection_string: string }>("copy", ["create"]);
      const [state] = await ask(copy.connection_string, STATE);
      expect(state).toMatchObject({ subscriptions: 0, jobs: 1, workers: "4" });
      expect(state?.mappings).toContain("hunter2-clerk");
    });
  },
);

const EVENTFUL = [
  { engine: "mysql", version: "9.7", image: images["mysql:9.7"] },
  { engine: "mariadb", version: "11.8", image: images["mariadb:11.8"] },
] as const;

for (const { engine, version, image } of serversToTry(EVENTFUL, "mysql")) {
  describe.skipIf(!docker.available || !image)(`An event of ${engine}`, () => {
    let source: Source;
    let project: Project;

    beforeAll(async () => {
      source = await startSource({ engine, version, name: "armed" });
      await source.sql("CREATE TABLE ticks (at datetime(6)); SET GLOBAL event_scheduler = ON");
      await source.sql("CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (now(6))");
      project = await makeProject({ source: { url: source.url }, copy: { image }, runtime: "docker" });
    });
    afterAll(async () => {
      await source?.stop();
      await project?.remove();
    });

    const ticksIn = async (url: string) => {
      const count = async () => Number((await ask<{ n: number }>(url, "SELECT count(*) AS n FROM ticks"))[0]?.n);
      const before = await count();
      await Bun.sleep(2_500);
      return (await count()) - before;
    };

    test("is there in a copy and does not run, unless side_effects are kept", async () => {
      expect(await project.json<{ disarmed: string[] }>("reseed")).toMatchObject({
        disarmed: ['event "tick" (no scheduler)'],
      });
      const disarmed = await project.json<{ connection_string: string }>("copy", ["create"]);
      expect(await ask(disarmed.connection_string, "SHOW EVENTS")).toHaveLength(1);
      expect(await ticksIn(disarmed.connection_string)).toBe(0);
      project.configure({ source: { url: source.url }, copy: { image, side_effects: "keep" }, runtime: "docker" });
      expect(await project.json<{ disarmed: string[] }>("reseed")).toMatchObject({ disarmed: [] });
      const armed = await project.json<{ connection_string: string }>("copy", ["create"]);
      expect(await ticksIn(armed.connection_string)).toBeGreaterThan(0);
    });
  });
}
