import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { choose } from "../../lib/bases/selection.ts";
import { compareRows, compareSchemas } from "../../lib/bases/verify.ts";
import type { ServerVersion } from "../../lib/engine/index.ts";
import { adminArguments, toolNames } from "../../lib/engine/mysql/tools.ts";
import type { Moved, Site } from "../lib/bases/mysql/site.ts";
import { openSite } from "../lib/bases/mysql/site.ts";
import { tortureSql } from "../lib/bases/mysql/torture.ts";
import { readProvisioned } from "../provision/report.ts";
import type { Source } from "../provision/sources.ts";
import { soak } from "./support/ground.ts";
import {
  contentsOf,
  definitionsOf,
  MYSQL_SERVERS,
  normalised,
  partsOf,
  schemaOf,
  sharedMysql,
  sharedSakila,
  sourceTools,
} from "./support/mysql.ts";

const { images, samples } = readProvisioned();

/** What two servers of one flavour do alike is tried on the newer one; test/live/reseed-sakila has the other. */
const SERVERS = soak ? MYSQL_SERVERS : MYSQL_SERVERS.slice(0, 2);

for (const name of SERVERS) {
  const image = images[name];
  const [flavour, version] = partsOf(name);
  const server: ServerVersion = { flavour, version: `${version}.0` };

  describe.skipIf(image === undefined)(`a ${name} database`, () => {
    let source: Source;
    let site: Site;

    beforeAll(async () => {
      [source, site] = await Promise.all([sharedMysql(name), openSite(image as string, server)]);
    });

    afterAll(() => site?.close());

    const client = (database: string) => ({
      tool: toolNames(server, "client"),
      args: [...adminArguments({ directory: "/ditto", run: "/ditto/run" }), `--database=${database}`],
    });

    async function expectSame(moved: Moved, database: string, except: { base?: string[]; dump?: string[] } = {}) {
      const without = (contents: Record<string, string>, tables: string[] = []) =>
        Object.fromEntries(Object.entries(contents).filter(([table]) => !tables.includes(table)));
      const ofSource = await contentsOf((text) => source.sql(text), database);
      const ofBase = await contentsOf((text) => site.sql(`${text};`), database);
      expect(without(ofBase, except.base)).toEqual(without(ofSource, except.base));
      const dump = toolNames(server, "dump");
      const admin = adminArguments({ directory: "/ditto", run: "/ditto/run" });
      const inBase = normalised(await site.tool(dump, [...admin, ...definitionsOf(database)]));
      expect(inBase).toBe(await schemaOf(sourceTools(source), database));
      compareSchemas(moved.transferred.schema, moved.schema, choose(moved.transferred.schema, moved.build.selection));
      const { rows, file } = await site.portable(moved.build);
      compareRows(moved.transferred.rows, rows);
      await site.sql("DROP DATABASE IF EXISTS restored; CREATE DATABASE restored;");
      const { tool, args } = client("restored");
      const text = Buffer.from(Bun.gunzipSync(await Bun.file(file).bytes())).toString("utf8");
      await site.tool(tool, args, text);
      const restored = await contentsOf((text) => site.sql(`${text};`), "restored");
      expect(without(restored, except.dump)).toEqual(without(ofSource, except.dump));
    }

    test.skipIf(samples === null)("Sakila arrives whole", async () => {
      const moved = await site.move(await sharedSakila(name));
      await expectSame(moved, "sakila");
      expect(moved.transferred.rows.reduce((sum, { rows }) => sum + rows, 0)).toBe(47_273);
    });

    test("every type, name and kind of object arrives whole", async () => {
      await source.sql("CREATE DATABASE torture CHARACTER SET utf8mb4");
      await source.load({ text: tortureSql(flavour) }, "torture");
      const moved = await site.move(source.url.replace(/\/app$/, "/torture"));
      // The rows of `history` hold the time when they were written. mysqldump prints six digits of a FLOAT: the base
      // has them all, the portable dump can't.
      await expectSame(moved, "torture", { base: ["history"], dump: ["history", "numbers"] });
      expect(moved.warnings.join("\n")).toContain("old_style (MyISAM)");
      if (flavour === "mariadb") expect(moved.warnings.join("\n")).toContain("history");
    });

    test("rows are taken by condition, tables left out by name", async () => {
      await source.sql(`CREATE DATABASE picky; USE picky;
        CREATE TABLE parent (id INT PRIMARY KEY, kind VARCHAR(10)); CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY child_parent (parent) REFERENCES parent (id));
        CREATE TABLE log (id INT PRIMARY KEY); CREATE TABLE scratch (id INT PRIMARY KEY); CREATE VIEW scratched AS SELECT * FROM scratch;
        INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (1, 1), (2, NULL); INSERT INTO log VALUES (1); INSERT INTO scratch VALUES (1)`);
      const url = source.url.replace(/\/app$/, "/picky");
      const moved = await site.move(url, {
        selection: { rows: { parent: "kind = 'a'" }, excludeTableData: ["log"], excludeTables: ["scr*"] },
      });
      expect(moved.transferred.rows.map(({ name, rows }) => [name, rows])).toEqual([
        ["child", 2],
        ["parent", 1],
      ]);
      expect(moved.schema.tables.map((table) => table.name)).toEqual(["child", "log", "parent"]);
      await site.sql("DROP DATABASE picky;");
      await expect(site.move(url, { selection: { excludeTables: ["parent"] } })).rejects.toMatchObject({
        code: "BROKEN_KEYS",
      });
      const broken = site.move(url, { selection: { rows: { parent: "kind = 'b'" } } });
      await expect(broken).rejects.toMatchObject({
        code: "BROKEN_KEYS",
        message: expect.stringMatching(/"\w+" of "child"/),
      });
      await broken.catch(() => {});
      await site.sql("DROP DATABASE picky;");
    });

    test("rows are changed on their way", async () => {
      await source.sql(
        "CREATE DATABASE seam; CREATE TABLE seam.people (id INT PRIMARY KEY, mail VARCHAR(50), photo BLOB); INSERT INTO seam.people VALUES (1, 'ann@example.com', X'00ff'), (2, NULL, NULL)",
      );
      const moved = await site.move(source.url.replace(/\/app$/, "/seam"), {
        masks: { "seam.people": { 1: "tab\tand \\ é", 2: "\0\n\xff" } },
      });
      expect(await site.sql("SELECT id, HEX(mail), HEX(photo) FROM seam.people;")).toBe(
        `1\t${Buffer.from("tab\tand \\ é").toString("hex").toUpperCase()}\t000AFF\n2\tNULL\tNULL\n`,
      );
      compareRows(moved.transferred.rows, (await site.portable(moved.build)).rows);
    });

    test("a user who may not see everything is told what is missing", async () => {
      await source.sql(`CREATE DATABASE guarded; USE guarded;
        CREATE TABLE open_one (id INT PRIMARY KEY); CREATE TABLE hidden_one (id INT PRIMARY KEY); CREATE VIEW seen AS SELECT 1 AS a;
        CREATE USER reader@'%' IDENTIFIED BY 'reader-password';
        GRANT SELECT ON guarded.open_one TO reader@'%'; GRANT TRIGGER, EVENT ON guarded.* TO reader@'%'`);
      const url = source.url.replace(/\/\/root:[^@]*@/, "//reader:reader-password@").replace(/\/app$/, "/guarded");
      const refused = (said: RegExp) =>
        expect(site.move(url)).rejects.toMatchObject({ code: "NO_PRIVILEGE", message: expect.stringMatching(said) });
      await refused(/SELECT on hidden_one/);
      await source.sql("GRANT SELECT ON guarded.* TO reader@'%'");
      await refused(/lacks SHOW VIEW on seen; (SHOW_ROUTINE ON|SELECT ON mysql.proc)/);
      await source.sql("GRANT SHOW VIEW ON guarded.* TO reader@'%'");
      await source.sql(
        flavour === "mysql" ? "GRANT SHOW_ROUTINE ON *.* TO reader@'%'" : "GRANT SELECT ON mysql.proc TO reader@'%'",
      );
      const moved = await site.move(url);
      expect(moved.transferred.rows.map((table) => table.name)).toEqual(["hidden_one", "open_one"]);
    });

    test("foreign keys that the source breaks are named", async () => {
      await source.sql(
        "CREATE DATABASE torn; USE torn; CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT c_needs_p FOREIGN KEY (p) REFERENCES p (id)); SET foreign_key_checks = 0; INSERT INTO c VALUES (1, 99)",
      );
      await expect(site.move(source.url.replace(/\/app$/, "/torn"))).rejects.toThrow('by "c_needs_p" of "c"');
    });

    test("a big table gets its keys after its rows, in the same order", async () => {
      await source.sql(`CREATE DATABASE big; USE big; CREATE TABLE other (id INT PRIMARY KEY); INSERT INTO other VALUES (1);
        CREATE TABLE wide (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(20), o INT, pad CHAR(250) NOT NULL, UNIQUE KEY u (a, id), KEY b_k (b), KEY ab_k (a, b DESC), FULLTEXT KEY f (pad),
          CONSTRAINT wide_other FOREIGN KEY (o) REFERENCES other (id), CHECK (a >= 0));
        INSERT INTO wide (a, b, o, pad) SELECT n, CONCAT('b', n % 97), 1, REPEAT('x', 250) FROM (WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c) x;
        INSERT INTO wide (a, b, o, pad) SELECT a.a * 1000 + b.a, b.b, 1, a.pad FROM wide a, wide b WHERE b.a <= 80; ANALYZE TABLE wide`);
      await expectSame(await site.move(source.url.replace(/\/app$/, "/big")), "big");
    });

    test("an SQL file lands in the build's database, whatever its own is called", async () => {
      const text = `-- MySQL dump 10.13
/*M!999999\\- enable the sandbox mode */
CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`theirs\` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE \`theirs\`;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'd906db30-e56d-11f1-8163-0242ac11000c:1-60';
CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50)); -- a comment; with more
INSERT INTO t VALUES (1,'it''s; \\'USE x;\\' /* no */'),
(2,'-- Dump completed');
DELIMITER ;;
CREATE DEFINER=\`nobody\`@\`nowhere\` PROCEDURE p() BEGIN SELECT 1; END ;;
DELIMITER ;
/*!50003 CREATE*/ /*!50017 DEFINER=\`nobody\`@\`nowhere\`*/ /*!50003 TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x' */;
CREATE VIEW w AS SELECT * FROM t;
-- Dump completed on 2024-01-01
`;
      const build = await site.load(text, "ours");
      const rows = await site.sql("SELECT v FROM w ORDER BY id; CALL p();", "ours");
      expect(rows).toBe("it's; 'USE x;' /* no */\n-- Dump completed\n1\n");
      expect(
        await site.sql("SELECT DISTINCT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'ours';"),
      ).toBe("ditto@%\n");
      expect((await site.portable(build)).rows).toMatchObject([{ name: "t", rows: 2 }]);
      await site.load(text, "bare", { schemaOnly: true });
      expect(await site.sql("SELECT COUNT(*) FROM bare.t;")).toBe("0\n");
      const cut = (at: string) => text.slice(0, text.indexOf(at));
      await expect(site.load(cut("-- Dump completed on"), "cut1")).rejects.toMatchObject({ code: "DUMP_TRUNCATED" });
      await expect(site.load(cut("s; \\'USE"), "cut2")).rejects.toMatchObject({ code: "DUMP_TRUNCATED" });
    });

    test("files that are none of ours are refused with the reason", async () => {
      const refused = async (text: string, error: object) => {
        const loaded = site.load(text, "refused");
        await expect(loaded).rejects.toMatchObject(error);
      };
      await refused("\n-- nothing\n", { code: "DUMP_EMPTY" });
      await refused("SELECT 1;\n", { code: "DUMP_EMPTY" });
      await refused("-- PostgreSQL database dump\nSET x = 1;\n", { code: "DUMP_FOREIGN" });
      await refused("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", { code: "DUMP_FOREIGN" });
      await refused("USE one;\nCREATE TABLE a (i INT);\nUSE two;\n", { code: "DUMP_SEVERAL" });
      await refused("CREATE TABLE a (v INT);\nINSERT INTO a VALUES ('secret value');\n", {
        message: expect.not.stringContaining("secret"),
      });
      await refused("CREATE TABLE b (v INT) COLLATE utf8mb4_klingon_ci;\n", {
        message: expect.stringContaining("utf8mb4_klingon_ci"),
        hint: expect.stringContaining("copy.image"),
      });
      await refused("CREATE TABLE c (v INT);\n\\! touch /tmp/escaped\n", { code: "BUILD_FAILED" });
      expect(await site.tool(["sh"], ["-c", "ls /tmp"])).not.toContain("escaped");
    });

    test.skipIf(samples === null)("Sakila's own files load", async () => {
      const parts = ["schema", "data"].map((part) => Bun.file(`${samples}/sakila-mysql-${part}.sql.gz`).bytes());
      const text = (await Promise.all(parts))
        .map((bytes) => Buffer.from(Bun.gunzipSync(bytes)).toString("utf8"))
        .join("\n");
      await site.load(text, "films");
      expect(await site.sql("SELECT COUNT(*) FROM films.rental; SELECT films.inventory_in_stock(10);")).toBe(
        "16044\n1\n",
      );
    });
  });
}
