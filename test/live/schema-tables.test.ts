import { describe, expect, test } from "bun:test";
import { connect as connectMysql } from "../../lib/engine/mysql/connect.ts";
import { connect as connectPostgres } from "../../lib/engine/postgres/connect.ts";
import { diagramOf } from "../../lib/erd/diagram.ts";
import { parseDatabaseUrl } from "../../lib/kit/url.ts";
import type { Schema, Table } from "../../lib/schema/model.ts";
import { mysqlDialect } from "../../lib/schema/mysql/index.ts";
import { readMysqlTables } from "../../lib/schema/mysql/read-tables.ts";
import { postgresDialect } from "../../lib/schema/postgres/index.ts";
import { readPostgresRelations, readPostgresTables } from "../../lib/schema/postgres/read.ts";
import { soak } from "./support/ground.ts";
import { MYSQL_SERVERS, missingMysql, partsOf } from "./support/mysql.ts";
import { loadFixture, makeReader, missingPostgres, READER, sharedSource, urlTo } from "./support/postgres.ts";
import { shareSource } from "./support/shared-source.ts";

/** What a reading of tables alone leaves out: sizes aside, it is all for making them anew. */
const ONLY_WHOLE = ["definition", "sequence", "notNull", "index", "bytes", "owner", "privileges"];

function withoutStatements({ keys, indexes, checks, ...table }: Table): unknown {
  const plain = {
    ...table,
    keys: keys.map(({ comment: _, ...key }) => key),
    checks: checks.map(({ comment: _, ...check }) => check),
    indexes: indexes.map(({ comment: _, options: __, postgres: ___, ...index }) => index),
  };
  return JSON.parse(JSON.stringify(plain, (name, value) => (ONLY_WHOLE.includes(name) ? undefined : value)));
}

function found(schema: Schema, name: string): Table {
  const table = schema.tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`there is no table ${name}`);
  return table;
}

const POSTGRES = `
  CREATE SCHEMA "s.1";
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'very "happy"');
  CREATE DOMAIN moods AS mood[];
  CREATE DOMAIN short AS varchar(20) CHECK (VALUE <> '');
  CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
  CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE people (id int PRIMARY KEY, name short COLLATE folded, nick text COLLATE caseless, plain text, feelings moods,
    born date, born_year int GENERATED ALWAYS AS (extract(year FROM born)::int) STORED, CONSTRAINT named CHECK (plain <> nick));
  CREATE UNIQUE INDEX by_nick ON people (nick, lower(plain)) INCLUDE (born);
  CREATE UNIQUE INDEX by_part ON people (plain) WHERE born IS NOT NULL;
  CREATE TABLE events (id int, day date, person int REFERENCES people, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE "s.1"."e.1" PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE TABLE events_2 PARTITION OF events DEFAULT;
  CREATE TABLE notes (id int PRIMARY KEY, event int, day date, FOREIGN KEY (event, day) REFERENCES events);
  CREATE TABLE booked (room int, during int4range, EXCLUDE USING gist (during WITH &&));
  CREATE TABLE by_hash (a int, b text) PARTITION BY HASH (a, lower(b));
  CREATE VIEW adults AS SELECT p.id FROM people p JOIN events e ON e.person = p.id;
  CREATE MATERIALIZED VIEW old AS SELECT * FROM adults;`;

for (const version of soak ? ["17", "15", "18"] : ["17"]) {
  const missing = missingPostgres(version);
  describe.skipIf(missing !== undefined)(`tables of Postgres ${version}${missing ? ` (${missing})` : ""}`, () => {
    async function withReader<T>(
      database: string,
      action: (session: Awaited<ReturnType<typeof connectPostgres>>) => Promise<T>,
    ) {
      const source = await sharedSource(version);
      await makeReader(source);
      const session = await connectPostgres(parseDatabaseUrl(urlTo(source, database, READER)), { guest: true });
      try {
        return await action(session);
      } finally {
        await session.close();
      }
    }

    test("what a dump reads of tables is what a comparison reads, by a user that may only read", async () => {
      const source = await sharedSource(version);
      await source.sql("CREATE ROLE torture_owner", "postgres");
      await loadFixture(source, "torture", "torture");
      const [whole, tables] = await withReader("torture", async (session) => [
        await postgresDialect.read(session),
        await postgresDialect.readTables(session),
      ]);
      const compared = tables.tables.filter(({ extension }) => extension === "");
      // The copies of foreign keys at partitions are of no use but for making them anew.
      for (const table of whole.tables)
        table.keys = table.keys.filter(({ kind, local }) => kind !== "foreign key" || local);
      expect(compared.length).toBeGreaterThan(30);
      expect(compared.map(withoutStatements)).toEqual(whole.tables.map(withoutStatements));
    });

    test("keys, indexes, types, partitions and views as masking needs them", async () => {
      const source = await sharedSource(version);
      await source.sql("CREATE DATABASE facts TEMPLATE template0", "postgres");
      await source.load({ text: POSTGRES }, "facts");
      const [schema, relations] = await withReader("facts", async (session) => [
        await readPostgresTables(session),
        await readPostgresRelations(session),
      ]);
      const people = found(schema, "people");
      expect(
        people.columns.map(({ type, baseType, ignores, generated }) => [type, baseType, ignores, generated]),
      ).toEqual([
        ["integer", "", "nothing", "no"],
        ["public.short", "character varying(20)", "case and accents", "no"],
        ["text", "", "case and width", "no"],
        ["text", "", "nothing", "no"],
        ["public.moods", "public.mood[]", "nothing", "no"],
        ["date", "", "nothing", "no"],
        ["integer", "", "nothing", "stored"],
      ]);
      expect(people.columns[4]?.labels).toEqual(["sad", "ok", 'very "happy"']);
      expect(people.columns[1]?.collation).toBe("folded");
      expect(people.checks).toMatchObject([
        { name: "named", columns: ["plain", "nick"], expression: "(plain <> nick)" },
      ]);
      expect(people.indexes).toMatchObject([
        {
          name: "by_nick",
          unique: true,
          columns: ["nick", "plain"],
          include: ["born"],
          parts: [{ column: "nick" }, { expression: "lower(plain)" }],
        },
        { name: "by_part", unique: true, columns: ["plain"], predicate: "(born IS NOT NULL)" },
        { name: "people_pkey", columns: ["id"] },
      ]);
      expect(found(schema, "events").partitionKey).toEqual(["day"]);
      expect(found(schema, "by_hash").partitionKey).toEqual(["a", "b"]);
      expect(found(schema, "e.1")).toMatchObject({ kind: "partition", parents: ["public.events"] });
      expect(found(schema, "notes").keys.filter(({ kind }) => kind === "foreign key")).toMatchObject([
        { columns: ["event", "day"], references: { schema: "public", table: "events", columns: ["id", "day"] } },
      ]);
      expect(found(schema, "e.1").keys.map(({ kind }) => kind)).toEqual(["primary key"]);
      expect(found(schema, "booked").keys).toMatchObject([{ kind: "exclusion", columns: ["during"] }]);
      expect(found(schema, "adults").needs?.toSorted()).toEqual(["public.events", "public.people"]);
      expect(found(schema, "old").needs).toEqual(["public.adults"]);
      const names = ({ tables }: Schema) =>
        tables.map(({ schema: own, name, kind, parents, needs, bytes }) => [own, name, kind, parents, needs, bytes]);
      expect(names(relations)).toEqual(names(schema));
      expect(people.bytes).toBeGreaterThan(0);
    });

    test("a diagram has a partitioned table once, with keys from and to it, and knows unique indexes", async () => {
      const schema = await withReader("facts", (session) => postgresDialect.readTables(session));
      const { entities, relations } = diagramOf(schema);
      expect(entities.find(({ id }) => id === "public.events")?.partitions).toBe(2);
      expect(entities.map(({ id }) => id)).not.toContain("s.1.e.1");
      expect(relations.map(({ child, parent, children }) => `${child} ${children} ${parent}`)).toEqual([
        "public.events 0..n public.people",
        "public.notes 0..n public.events",
      ]);
    });
  });
}

const MYSQL = [
  "CREATE TABLE people (id int PRIMARY KEY, name varchar(40) COLLATE utf8mb4_bin COMMENT 'of a person', nick varchar(40) COLLATE utf8mb4_general_ci, born date, year int GENERATED ALWAYS AS (year(born)) VIRTUAL, CONSTRAINT named CHECK (name <> 'x')) COMMENT 'who is known' COLLATE utf8mb4_unicode_ci",
  "CREATE UNIQUE INDEX by_nick ON people (nick, name(10) DESC)",
  "CREATE TABLE notes (id int, person int NOT NULL, day date, UNIQUE KEY one_each (person), CONSTRAINT whose FOREIGN KEY (person) REFERENCES people (id)) COMMENT ''",
  "CREATE TABLE days (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (year(day)) (PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE)",
  "CREATE VIEW known AS SELECT p.id FROM people p JOIN notes n ON n.person = p.id",
];

for (const name of soak ? MYSQL_SERVERS : MYSQL_SERVERS.slice(0, 1)) {
  const missing = missingMysql(name);
  describe.skipIf(missing !== undefined)(`tables of ${name}${missing ? ` (${missing})` : ""}`, () => {
    test("keys, indexes, comments, collations, partitions and views as masking needs them, also in a whole reading", async () => {
      const [engine, version] = partsOf(name);
      const source = await shareSource({ engine, version, name: `tables-${engine}` });
      const own = engine === "mysql" ? "CREATE INDEX by_sound ON people ((lower(nick)))" : "CREATE SEQUENCE counter";
      await source.sql(`CREATE DATABASE facts; USE facts; ${[...MYSQL, own].join("; ")}`);
      const session = await connectMysql(
        parseDatabaseUrl(`mysql://${source.user}:${source.password}@${source.host}:${source.port}/facts`),
      );
      try {
        const schema = await readMysqlTables(session);
        const whole = await mysqlDialect.read(session);
        for (const read of [schema, whole]) {
          const people = found(read, "people");
          expect(people.comment).toBe("who is known");
          expect(found(read, "notes").comment).toBe("");
          expect(found(read, "known").comment ?? "").toBe("");
          expect(people.mysql?.collation).toBe("utf8mb4_unicode_ci");
          expect(people.columns.map(({ ignores, generated }) => `${ignores}, ${generated}`)).toEqual([
            "nothing, no",
            "nothing, no",
            "case and accents, no",
            "nothing, no",
            "nothing, virtual",
          ]);
          expect(people.checks).toMatchObject([{ name: "named", columns: ["name"] }]);
          expect(people.indexes.find((index) => index.name === "by_nick")).toMatchObject({
            unique: true,
            columns: ["nick", "name"],
            parts: [{ column: "nick" }, { column: "name", prefix: 10 }],
          });
          expect(found(read, "notes").keys).toMatchObject([
            { name: "one_each", kind: "unique", columns: ["person"] },
            { name: "whose", kind: "foreign key", references: { schema: "facts", table: "people", columns: ["id"] } },
          ]);
          expect(found(read, "days").partitionKey).toEqual(["day"]);
          expect(found(read, "known").needs?.toSorted()).toEqual(["facts.notes", "facts.people"]);
        }
        const sound = found(schema, "people").indexes.find((index) => index.name === "by_sound");
        if (engine === "mysql")
          expect(sound).toMatchObject({ columns: ["nick"], parts: [{ expression: "lower(`nick`)" }] });
        expect(schema.sequences.map((sequence) => sequence.name)).toEqual(engine === "mysql" ? [] : ["counter"]);
      } finally {
        await session.close();
      }
    });
  });
}
