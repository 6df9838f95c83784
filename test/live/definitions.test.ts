import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readDefinitions as readMysql } from "../../lib/bases/mysql/definitions.ts";
import { readDefinitions as readPostgres } from "../../lib/bases/postgres/definitions.ts";
import { connect as connectMysql } from "../../lib/engine/mysql/connect.ts";
import { connect as connectPostgres } from "../../lib/engine/postgres/connect.ts";
import { parseDatabaseUrl } from "../../lib/kit/url.ts";
import { findLiterals } from "../../lib/mask/detect-literals.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";

setDefaultTimeout(300_000);

const { images } = readProvisioned();

const POSTGRES = `
  CREATE TABLE t (id int, a text);
  CREATE FUNCTION greet(name text DEFAULT 'ann.a@corp.io') RETURNS text LANGUAGE sql AS 'SELECT name';
  CREATE DOMAIN contact AS text DEFAULT 'ann.b@corp.io';
  CREATE RULE quiet AS ON UPDATE TO t WHERE old.a = 'ann.c@corp.io' DO INSTEAD NOTHING;
  CREATE STATISTICS spread ON id, a FROM t;
  COMMENT ON DATABASE app IS 'of ann.d@corp.io';
  ALTER DATABASE app SET app.owner = 'ann.e@corp.io';
  ALTER ROLE ALL SET app.admin = 'ann.f@corp.io'`;
const POSTGRES_14 = `;
  CREATE FUNCTION fixed() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'ann.g@corp.io'; END;
  CREATE STATISTICS odd ON (a = 'ann.h@corp.io'), id FROM t`;
const IN_POSTGRES = [
  "the arguments of the function public.greet",
  "the comment on the database app",
  "the default of the domain public.contact",
  "the rule quiet of public.t",
  "the setting app.admin of all roles",
  "the setting app.owner of the database",
];

const MYSQL = `
  CREATE TABLE t (id int PRIMARY KEY, a varchar(90), KEY told (a) COMMENT 'ann.a@corp.io')
    PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (9) COMMENT 'ann.b@corp.io');
  CREATE PROCEDURE p() COMMENT 'ann.c@corp.io' SELECT 1;
  CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'ann.d@corp.io' DO SELECT 1;`;
const MYSQL_8 = "CREATE TABLE f (a varchar(90), KEY odd ((a = 'Ann Lee')));";
const IN_MYSQL = [
  "the comment on the event e",
  "the comment on the index told of t",
  "the comment on the partition low of t",
  "the comment on the procedure p",
];

const SERVERS: [server: ServerImage, sql: string, found: string[]][] = [
  ["postgres:12", POSTGRES, IN_POSTGRES],
  [
    "postgres:17",
    POSTGRES + POSTGRES_14,
    [...IN_POSTGRES, "the function public.fixed", "the statistics public.odd"].sort(),
  ],
  ["mysql:9.7", MYSQL + MYSQL_8, [...IN_MYSQL, "the index odd of f"]],
  ["mariadb:10.11", MYSQL, IN_MYSQL],
];

for (const [server, sql, found] of SERVERS) {
  describe.skipIf(images[server] === undefined)(`Definitions on ${server}`, () => {
    let source: Source;
    beforeAll(async () => {
      const [engine, version] = server.split(":") as [Source["engine"], string];
      source = await startSource({ engine, version, name: "definitions" });
      await source.sql(sql);
    });
    afterAll(() => source?.stop());

    test("every literal in them is named by its object", async () => {
      const postgres = source.engine === "postgres";
      const session = await (postgres ? connectPostgres : connectMysql)(parseDatabaseUrl(source.url), {});
      try {
        const definitions = await (postgres ? readPostgres : readMysql)(session);
        const objects = findLiterals(definitions, new Set(["Ann Lee"])).map(({ object }) => object);
        expect([...new Set(objects)].sort()).toEqual(found);
      } finally {
        await session.close();
      }
    });
  });
}
