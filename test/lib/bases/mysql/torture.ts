import type { Flavour } from "../../../../lib/engine/index.ts";

/** Every byte that an escape could lose, in a value of its own and among others. */
const NASTY = [
  "",
  "\\N",
  "NULL",
  "\\",
  "\\\\N",
  "tab\there",
  "line\nfeed",
  "cr\r\nlf",
  "nul\0byte",
  "\x1a",
  "'",
  '"',
  "`",
  "'); DROP",
  "\b",
  "%_",
  " lead",
  "trail ",
  "Zoë",
  "日本語",
  "🦆 4 bytes",
  "a,b;c",
  "-- x",
  "/* y */",
];

function literal(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text).toString("hex")}'`;
}

/** A database with whatever the engine can hold: each type at its edges, every kind of object, and names that need quoting. */
export function tortureSql(flavour: Flavour): string {
  return [
    "SET NAMES utf8mb4; SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'; SET SESSION time_zone = '+00:00'",
    ...numbers(),
    ...times(),
    ...texts(),
    ...bytes(),
    ...special(flavour),
    ...shapes(flavour),
    ...objects(),
    "",
  ].join(";\n");
}

function numbers(): string[] {
  return [
    `CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, t TINYINT, tu TINYINT(3) UNSIGNED ZEROFILL, b BOOLEAN, s SMALLINT, m MEDIUMINT, i INT UNSIGNED,
      big BIGINT, bu BIGINT UNSIGNED, d DECIMAL(65,30), d0 DECIMAL(10,0), f FLOAT, fd FLOAT(10,4), dbl DOUBLE, dd DOUBLE(20,5)) AUTO_INCREMENT = 500`,
    `INSERT INTO numbers VALUES (0, -128, 7, TRUE, -32768, -8388608, 4294967295, -9223372036854775808, 18446744073709551615,
      99999999999999999999999999999999999.999999999999999999999999999999, -1, 0.1, 123456.7891, 0.1, 1.5),
      (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (-5, 127, 255, FALSE, 32767, 8388607, 0, 9223372036854775807, 0, 0, 9999999999, -0e0, -0.0001, -0e0, -99999.12345),
      (6, 0, 0, 0, 0, 0, 0, 0, 1, 1e-30, 0, 3.4028234e38, 999999.9999, 1.7976931348623157e308, 0),
      (7, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1.17549435e-38, 0, 2.2250738585072014e-308, 0),
      (8, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1000005, 0, 0.30000000000000004, 0),
      (9, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1000015, 0, 1e22, 0),
      (10, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 16777217, 1.00005, 123456789012345680, 0),
      (11, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1.0000005, 0.00005, 5e-324, 0)`,
    "INSERT INTO numbers (id, f) SELECT 100 + n, (n * 1.0000001 + 0.3) / 7 FROM (WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 300) SELECT n FROM c) x",
  ];
}

function times(): string[] {
  return [
    `CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ts3 TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
      t TIME, t2 TIME(2), y YEAR)`,
    `INSERT INTO times VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '2024-02-29 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.123', '-838:59:59', '838:59:59.00', 0),
      (2, '2024-02-31', '2024-00-15 10:00:00', '1000-01-01 00:00:00', '0000-00-00 00:00:00', '2024-03-31 01:30:00.5', '00:00:00', '-00:00:00.01', 1901),
      (3, '9999-12-31', '9999-12-31 23:59:59', '2024-10-27 02:30:00.000001', '2024-10-27 00:30:00', '2024-10-27 01:30:00', '24:00:00', '12:34:56.78', 2155),
      (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  ];
}

function texts(): string[] {
  const rows = NASTY.map((text, index) => {
    const plain = literal(text.replace(/[^\x00-\x7f]/g, "ü"));
    const three = literal(text.replace(/[\u{10000}-\u{10ffff}]/gu, "✓"));
    return `(${index}, ${literal(text)}, ${plain}, ${three}, ${three}, ${plain}, ${literal(text)}, ${literal(text)}, ${literal(text)})`;
  });
  return [
    `CREATE TABLE texts (id INT PRIMARY KEY, v VARCHAR(100) CHARACTER SET utf8mb4, l VARCHAR(100) CHARACTER SET latin1, u2 VARCHAR(100) CHARACTER SET ucs2,
      u3 VARCHAR(100) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin, c CHAR(30) CHARACTER SET latin1, tt TINYTEXT CHARACTER SET utf8mb4, mt MEDIUMTEXT CHARACTER SET utf16, lt LONGTEXT CHARACTER SET utf32)`,
    `INSERT INTO texts VALUES ${rows.join(", ")}, (1000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    "CREATE TABLE asian (id INT PRIMARY KEY, s VARCHAR(50) CHARACTER SET sjis, g VARCHAR(50) CHARACTER SET gbk, e VARCHAR(50) CHARACTER SET euckr)",
    "INSERT INTO asian VALUES (1, '表ソ能', '中文誠', '한국어'), (2, '', NULL, 'a')",
    `CREATE TABLE choices (id INT PRIMARY KEY, e ENUM('a','b,c','it''s','','日本') CHARACTER SET utf8mb4, e2 ENUM('x','y') NOT NULL, s SET('one','two','th"ree') )`,
    "INSERT INTO choices VALUES (1, 'it''s', 'x', 'one,two'), (2, '', 'bad', ''), (3, NULL, 2, NULL), (4, 'b,c', 'y', 'th\"ree'), (5, '日本', 'x', 7)",
    "CREATE TABLE just_text (only_one VARCHAR(20))",
    "INSERT INTO just_text VALUES (''), (NULL), ('NULL'), ('\\\\N'), ('')",
    "CREATE TABLE empty_one (a INT PRIMARY KEY, b BLOB)",
  ];
}

function bytes(): string[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    "CREATE TABLE bytes (id INT PRIMARY KEY, b1 BIT(1), b17 BIT(17), b64 BIT(64), bin BINARY(6), vb VARBINARY(300), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB, raw CHAR(4) CHARACTER SET binary)",
    `INSERT INTO bytes VALUES (1, b'1', b'10000000000000001', 18446744073709551615, X'00010203', X'${all}', X'', X'5c4e', X'${all}${all}', X'0a', 'ab'),
      (2, b'0', 0, 0, '', '', NULL, '', X'00', X'${all.repeat(40)}', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    "INSERT INTO bytes (id, lb) VALUES (4, REPEAT(X'00ff5c270a', 700000))",
  ];
}

function special(flavour: Flavour): string[] {
  const common = [
    "CREATE TABLE shapes (id INT PRIMARY KEY, g GEOMETRY, p POINT NOT NULL, poly POLYGON, SPATIAL KEY p_k (p)) ENGINE=InnoDB",
    "INSERT INTO shapes VALUES (1, ST_GeomFromText('LINESTRING(0 0, 1 1.5)'), ST_GeomFromText('POINT(-0.1 1e-7)'), ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')), (2, NULL, ST_GeomFromText('POINT(1 2)'), NULL)",
    "CREATE TABLE documents (id INT PRIMARY KEY, j JSON)",
    `INSERT INTO documents VALUES (1, '{"a": [1, 2.50, null, true, "q\\\\"uo\\\\\\\\te"], "ü": "🦆\\\\n"}'), (2, NULL), (3, 'null'), (4, '"just text"'), (5, '[]'), (6, '{"big": 12345678901234567890, "t": "a\\\\tb"}')`,
  ];
  if (flavour === "mariadb") {
    return [
      ...common,
      "CREATE TABLE addresses (id INT PRIMARY KEY, u UUID, i6 INET6, packed VARCHAR(200) COMPRESSED)",
      "INSERT INTO addresses VALUES (1, '123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', REPEAT('x', 150)), (2, NULL, NULL, NULL)",
      "CREATE SEQUENCE numbering START WITH 100 INCREMENT BY 7 CACHE 10",
      "DO NEXTVAL(numbering); DO NEXTVAL(numbering)",
      "CREATE TABLE history (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
      "INSERT INTO history VALUES (1, 1), (2, 2); UPDATE history SET v = 3 WHERE id = 1",
    ];
  }
  return [
    ...common,
    "CREATE TABLE places (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326)",
    "INSERT INTO places VALUES (1, ST_GeomFromText('POINT(52.5 13.4)', 4326))",
    "CREATE TABLE vectors (id INT PRIMARY KEY, v VECTOR(3))",
    "INSERT INTO vectors VALUES (1, STRING_TO_VECTOR('[1,2.5,-3e-9]')), (2, NULL)",
    "CREATE TABLE functional (id INT PRIMARY KEY, n VARCHAR(20), j JSON, KEY lower_k ((LOWER(n))), KEY desc_k (n DESC), KEY multi_k ((CAST(j->'$.tags' AS CHAR(20) ARRAY))), KEY hidden_k (id, n) INVISIBLE)",
    `INSERT INTO functional VALUES (1, 'AbC', '{"tags": ["a", "b"]}')`,
  ];
}

function shapes(flavour: Flavour): string[] {
  // MariaDB's SHOW CREATE TABLE doesn't escape the back-quote in a foreign key's name.
  const hatched = flavour === "mariadb" ? "from chicken" : "from ``chicken";
  return [
    `CREATE TABLE derived (id INT PRIMARY KEY, a INT, b INT GENERATED ALWAYS AS (a * 2) VIRTUAL, secret VARCHAR(20) DEFAULT 'x' INVISIBLE, c VARCHAR(40) GENERATED ALWAYS AS (CONCAT('v', a)) STORED, UNIQUE KEY c_k (c), CONSTRAINT positive CHECK (a > 0))`,
    "INSERT INTO derived (id, a, secret) VALUES (1, 10, 'hidden'), (2, 20, NULL)",
    "CREATE TABLE `we\"ird ``ta'ble` (`col ``x``` INT PRIMARY KEY, `a b` VARCHAR(20) DEFAULT 'it''s\\n\\\\' COMMENT 'qu\"o''te\\nline', `ünï✓` INT, KEY `k ``1` (`a b`)) COMMENT = 'DEFINER=`x`@`y` ; -- '",
    "INSERT INTO `we\"ird ``ta'ble` VALUES (1, 'x', 2), (2, DEFAULT, NULL)",
    "CREATE TABLE parted (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
    "INSERT INTO parted VALUES (1, 1999), (2, 2000), (3, 3000)",
    "CREATE TABLE old_style (id INT AUTO_INCREMENT, grp INT, t TEXT, PRIMARY KEY (grp, id), FULLTEXT KEY t_k (t)) ENGINE=MyISAM",
    "INSERT INTO old_style (grp, t) VALUES (1, 'some words'), (1, 'more words'), (2, 'other')",
    "CREATE TABLE searched (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY t_k (t))",
    "INSERT INTO searched VALUES (1, 'full text'), (2, NULL)",
    `CREATE TABLE chicken (id INT PRIMARY KEY, egg INT, KEY egg_k (egg)); CREATE TABLE egg (id INT PRIMARY KEY, chicken INT, CONSTRAINT \`${hatched}\` FOREIGN KEY (chicken) REFERENCES chicken (id) ON DELETE SET NULL)`,
    "INSERT INTO chicken VALUES (1, NULL); INSERT INTO egg VALUES (1, 1); UPDATE chicken SET egg = 1; ALTER TABLE chicken ADD CONSTRAINT first_egg FOREIGN KEY (egg) REFERENCES egg (id)",
    "CREATE TABLE counted (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 4000000000000",
    "CREATE TABLE self_made (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES self_made (id)); INSERT INTO self_made VALUES (1, NULL), (2, 1)",
  ];
}

function objects(): string[] {
  return [
    "CREATE VIEW `a view` AS SELECT id, v FROM texts WHERE v <> 'DEFINER=`q`@`r`'",
    "CREATE VIEW after_all AS SELECT COUNT(*) AS `n'` FROM `a view`",
    "CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(50))",
    "CREATE TRIGGER watch AFTER INSERT ON just_text FOR EACH ROW INSERT INTO audit (what) VALUES ('DEFINER=`z`@`w`')",
    "CREATE FUNCTION double_it(n INT) RETURNS INT DETERMINISTIC RETURN n * 2",
    "DELIMITER ;;\nCREATE PROCEDURE `pro``c`(IN `a` INT)\nBEGIN\n  -- a comment; with a semicolon\n  SELECT 'INSERT INTO `numbers` VALUES (1);';\nINSERT INTO `audit` (what) VALUES ('from procedure');\nEND;;\nDELIMITER ;\nSELECT 1",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM audit WHERE id < 0",
  ];
}
