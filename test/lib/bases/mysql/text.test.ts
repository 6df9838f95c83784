import { expect, test } from "bun:test";
import { DumpReader } from "../../../../lib/bases/mysql/dump-reader.ts";
import { buildFailure, reduceDriverError, reduceOutput } from "../../../../lib/bases/mysql/errors.ts";
import { parseGrant } from "../../../../lib/bases/mysql/grants.ts";
import { deferKeys } from "../../../../lib/bases/mysql/keys.ts";
import { quoteOption } from "../../../../lib/bases/mysql/login.ts";
import { joinParts } from "../../../../lib/bases/mysql/parts.ts";
import { kindOfStatement, rewriteDefiner } from "../../../../lib/bases/mysql/rewrite.ts";
import { StatementSplitter } from "../../../../lib/bases/mysql/statements.ts";
import type { Schema } from "../../../../lib/schema/model.ts";
import { table } from "../../schema/table.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** The statements of a text, read in pieces of `size`; passed ones in brackets. */
function split(text: string, size: number): { statements: string[]; whole: boolean } {
  const statements: string[] = [];
  let passed = "";
  const splitter = new StatementSplitter({
    begin: (head) => (/^INSERT/i.test(head) ? "pass" : "hold"),
    pass: (part) => {
      passed += new TextDecoder("latin1").decode(part);
      if (passed.endsWith(";\n")) {
        statements.push(`[${passed}]`);
        passed = "";
      }
    },
    statement: (statement, delimiter) => statements.push(`${statement} ${delimiter}`),
  });
  const data = bytes(text);
  for (let at = 0; at < data.length; at += size) splitter.push(data.slice(at, at + size));
  return { whole: splitter.end(), statements };
}

test("statements end where the client would end them", () => {
  const text = `-- comment; with 'quote
# another
/* block ; ' */ CREATE TABLE a (b INT DEFAULT 'x;\\'y'); /*!50003 CREATE*/ /*!50017 X*/ ;
INSERT INTO a VALUES ('it''s;', "a;b", \`c;d\`);
DELIMITER $$
CREATE PROCEDURE p() BEGIN SELECT 1; -- $ it's
 /* $$ */ END$$
delimiter ;
SELECT 1 - -1, 5--2; last one`;
  for (const size of [1, 2, 3, 5, 8, 10_000]) {
    const { statements, whole } = split(text, size);
    expect(whole).toBe(true);
    expect(statements).toEqual([
      "CREATE TABLE a (b INT DEFAULT 'x;\\'y') ;",
      "/*!50003 CREATE*/ /*!50017 X*/  ;",
      "[INSERT INTO a VALUES ('it''s;', \"a;b\", `c;d`);\n]",
      "CREATE PROCEDURE p() BEGIN SELECT 1; -- $ it's\n /* $$ */ END $$",
      "SELECT 1 - -1, 5--2 ;",
      "last one ",
    ]);
  }
});

test("a text that ends inside quotes or a comment is cut off", () => {
  for (const text of ["INSERT INTO a VALUES ('x", "CREATE TABLE `a", "SELECT 1 /* no end"]) {
    expect(split(text, 4).whole).toBe(false);
  }
});

test("a definer is rewritten in the definition only", () => {
  const rewritten = (statement: string) => rewriteDefiner(statement, "D");
  expect(rewritten("/*!50003 CREATE*/ /*!50017 DEFINER=`ro``ot`@`local host`*/ /*!50003 TRIGGER t */")).toBe(
    "/*!50003 CREATE*/ /*!50017 DEFINER=D*/ /*!50003 TRIGGER t */",
  );
  expect(rewritten("CREATE DEFINER=CURRENT_USER() PROCEDURE p() SELECT 1")).toBe(
    "CREATE DEFINER=D PROCEDURE p() SELECT 1",
  );
  expect(rewritten("CREATE DEFINER='a'@'%' VIEW v AS SELECT 1")).toBe("CREATE DEFINER=D VIEW v AS SELECT 1");
  for (const other of [
    "CREATE PROCEDURE `p`() SELECT 'DEFINER=`a`@`b`'",
    "CREATE TABLE `t` (x INT) COMMENT='DEFINER=`a`@`b`'",
  ]) {
    expect(rewritten(other)).toBe(other);
  }
});

test("definitions fall into those before and those after the rows", () => {
  const kinds = {
    "CREATE TABLE `a` (b INT)": "table",
    "CREATE SEQUENCE `s` start with 1": "table",
    "DO SETVAL(`s`, 5, 0)": "table",
    "/*!50001 CREATE VIEW `v` AS SELECT 1 AS `a`*/": "object",
    "/*!50001 CREATE TABLE `v` (`a` tinyint) ENGINE=MyISAM */": "object",
    "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a` FOR EACH ROW SET @x = 1 */":
      "object",
    "/*!50106 DROP EVENT IF EXISTS `e` */": "object",
    "CREATE DEFINER=`a`@`b` FUNCTION `f`() RETURNS int RETURN 1": "object",
    "/*!40101 SET character_set_client = utf8mb4 */": "setting",
  };
  for (const [statement, kind] of Object.entries(kinds))
    expect([statement, kindOfStatement(statement)]).toEqual([statement, kind as never]);
});

const DUMP = `/*M!999999\\- enable the sandbox mode */
CREATE TABLE \`we\`\`ird\` (
  \`a\` int
);
INSERT INTO \`we\`\`ird\` (\`a\`) VALUES
(1),
(2);
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`root\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`v\` AS select 1 AS \`1\` */;
DELIMITER ;;
CREATE DEFINER=\`root\`@\`localhost\` PROCEDURE \`p\`()
BEGIN
INSERT INTO \`we\`\`ird\` (\`a\`) VALUES (3);
END ;;
DELIMITER ;
-- Dump completed
`;

test("a dump's rows are counted and its definers become the restoring user's", () => {
  const schema: Schema = {
    engine: "mysql",
    database: "shop",
    tables: [table("we`ird", ["a int"]), table("empty", ["a int"])],
  };
  for (const size of [1, 5, 13, 100_000]) {
    const reader = new DumpReader(schema);
    const data = bytes(DUMP);
    const out: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += size) out.push(joinParts(reader.push(data.slice(at, at + size))));
    const written = Buffer.concat([...out, joinParts(reader.end())]).toString();
    expect(written).toBe(
      DUMP.slice(DUMP.indexOf("\n") + 1).replaceAll("DEFINER=`root`@`localhost`", "DEFINER=CURRENT_USER"),
    );
    expect(reader.complete).toBe(true);
    expect(reader.rows().map(({ name, rows }) => [name, rows])).toEqual([
      ["we`ird", 2],
      ["empty", 0],
    ]);
  }
});

test("of a server's error only its number, state and objects are told", () => {
  const said = (stderr: string) => reduceOutput(stderr).text;
  const duplicate = said("ERROR 1062 (23000) at line 3: Duplicate entry 'ann@example.com' for key 'users.mail'");
  expect(duplicate).toBe("two rows have the same key (users.mail), error 1062, SQLSTATE 23000");
  expect(
    said("ERROR 1366 (22007) at line 3: Incorrect integer value: 'ann' for column `shop`.`users`.`age` at row 1"),
  ).not.toContain("ann");
  expect(said("ERROR 1064 (42000) at line 1: You have an error … near 'ann@example.com' at line 1")).not.toContain(
    "ann",
  );
  expect(said("ERROR 9999 (HY000): ann@example.com")).toBe("error 9999, SQLSTATE HY000");
  expect(said("something about ann@example.com")).not.toContain("ann");
  expect(said("mysqldump: Got error: 1146: Table 'shop.gone' doesn't exist when using LOCK TABLES")).toContain(
    "shop.gone",
  );
  expect(
    reduceDriverError({ errno: 1292, sqlState: "22007", sqlMessage: "Truncated value: 'ann'" }).text,
  ).not.toContain("ann");
});

test("a full disk is told as one", () => {
  expect(buildFailure("load", reduceOutput("ERROR 1114 (HY000): The table 'big' is full"))).toMatchObject({
    code: "DISK_FULL",
  });
  expect(buildFailure("load", reduceOutput("cp: No space left on device"))).toMatchObject({ code: "DISK_FULL" });
});

test("grants are read with patterns, columns and quotes", () => {
  expect(parseGrant("GRANT SELECT, SHOW VIEW ON `sh``op`.* TO `d`@`%`")).toEqual({
    revoked: false,
    privileges: new Set(["SELECT", "SHOW VIEW"]),
    schema: "sh`op",
    table: "*",
  });
  expect(parseGrant("GRANT SELECT (`a`, `b`), INSERT ON `s`.`t` TO `d`@`%`")?.privileges).toEqual(new Set(["INSERT"]));
  expect(parseGrant("REVOKE SELECT ON `mysql`.* FROM `d`@`%`")?.revoked).toBe(true);
  expect(parseGrant("GRANT `role`@`%` TO `d`@`%`")).toBeUndefined();
  expect(parseGrant("GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION")).toBeUndefined();
});

test("option files hold any password", () => {
  expect(quoteOption('a"b\\c#d e')).toBe('"a\\"b\\\\c#d e"');
});

test("plain keys and foreign keys of a big table wait for its rows", () => {
  const create =
    "CREATE TABLE `t` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `a` int,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  KEY `k` (`a`,`id`),\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`),\n  CONSTRAINT `c` CHECK ((`a` > 0))\n) ENGINE=InnoDB";
  const big = table("t", ["id int", "a int"], {
    bytes: 1 << 30,
    keys: [{ name: "PRIMARY", kind: "primary key", columns: ["id"], references: undefined, validated: true }],
  });
  const schema: Schema = { engine: "mysql", database: "shop", tables: [big] };
  expect(deferKeys(create, big, schema)).toEqual({
    create:
      "CREATE TABLE `t` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `a` int,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  CONSTRAINT `c` CHECK ((`a` > 0))\n) ENGINE=InnoDB",
    alter: "ALTER TABLE `t` ADD KEY `k` (`a`,`id`), ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)",
  });
  const counted = create.replace("PRIMARY KEY (`id`)", "PRIMARY KEY (`a`,`id`)");
  for (const [text, small] of [
    [create, { ...big, bytes: 10 }],
    [create, { ...big, storage: "MyISAM" }],
    [counted, big],
  ] as const) {
    expect(deferKeys(text, small, schema)).toEqual({ create: text, alter: undefined });
  }
});
