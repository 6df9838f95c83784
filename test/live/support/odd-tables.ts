/** Stands in every text that a rule masks, and nowhere else. */
export const RAW = "Qz7vRawKx";

/** A table that masks get wrong, with rules after which its raw values are nowhere. */
export interface OddTable {
  sql: string[];
  rules: object[];
}

/** A rule that can't be, and what says so. */
export interface OddRule {
  sql?: string[];
  rule: object;
  says: RegExp;
}

const replace = (table: string, column: string, type = "email", more: object = {}) => ({
  ...{ table, column, strategy: "replace", type },
  ...more,
});
const redact = (table: string, column: string, value?: string) => ({
  ...{ table, column, strategy: "redact" },
  ...(value === undefined ? {} : { with: value }),
});
const nullify = (table: string, column: string) => ({ table, column, strategy: "nullify" });

let number = 0;
/** An address that is nowhere else. */
const mail = () => `${RAW}${++number}@corp.io`;
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const mails = (count: number) => Array.from({ length: count }, () => text(mail()));
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** MariaDB takes 32. */
const DEPTH = 25;

/** JSON with a member twice, another in its depth, and a long text. */
const JSONS = [
  `{"mail": "${mail()}", "mail": "${mail()}", "other": 1}`,
  `${'{"in": '.repeat(DEPTH)}{"mail": "${mail()}"}${"}".repeat(DEPTH)}`,
  `{"mail": "${`${RAW} `.repeat(70_000)}"}`,
];

export const POSTGRES_TABLES: OddTable[] = [
  {
    sql: [
      "CREATE TABLE parted (id int, region text, email text) PARTITION BY RANGE (id)",
      "CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10) PARTITION BY LIST (region)",
      "CREATE TABLE parted_low_eu PARTITION OF parted_low FOR VALUES IN ('eu')",
      "CREATE TABLE parted_rest PARTITION OF parted DEFAULT",
      // The columns stand in another order, and one was dropped.
      "CREATE TABLE parted_late (gone int, email text, region text, id int)",
      "ALTER TABLE parted_late DROP COLUMN gone",
      "ALTER TABLE parted ATTACH PARTITION parted_late FOR VALUES FROM (100) TO (200)",
      `INSERT INTO parted VALUES (1, 'eu', ${mails(1)}), (50, 'us', ${mails(1)}), (150, 'us', ${mails(1)})`,
    ],
    rules: [replace("parted", "email")],
  },
  {
    sql: [
      "CREATE TABLE kin (id int, email text)",
      "CREATE TABLE kind_two (nick text)",
      "CREATE TABLE kin_child (extra int) INHERITS (kin, kind_two)",
      "CREATE TABLE kin_grandchild () INHERITS (kin_child)",
      `INSERT INTO kin VALUES (1, ${mails(1)})`,
      `INSERT INTO kin_child VALUES (2, ${mails(2)}, 3)`,
      `INSERT INTO kin_grandchild VALUES (3, ${mails(2)}, 4)`,
      "CREATE VIEW kin_view AS SELECT * FROM kin",
      "CREATE FUNCTION kin_insert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO kin VALUES (NEW.id, NEW.email); RETURN NEW; END'",
      "CREATE TRIGGER kin_write INSTEAD OF INSERT ON kin_view FOR EACH ROW EXECUTE FUNCTION kin_insert()",
      "CREATE MATERIALIZED VIEW kin_kept AS SELECT email, count(*) FROM kin GROUP BY 1",
    ],
    rules: [replace("kin", "email"), replace("kind_two", "nick", "username")],
  },
  {
    sql: [
      'CREATE SCHEMA "od\'d ""schema."',
      'CREATE TABLE "od\'d ""schema."."ta""ble 😀 .*?[x]" ("e\'m""ail 😀.\\x" text, "select" text, "Email" text, email text, "EMAIL" text UNIQUE)',
      `INSERT INTO "od'd ""schema."."ta""ble 😀 .*?[x]" VALUES (${mails(5)})`,
    ],
    rules: ["e'm\"ail 😀.\\x", "select", "Email", "email", "EMAIL"].map((column) =>
      replace('ta"ble 😀 .*?[x]', column, "email", { schema: "od'd \"schema." }),
    ),
  },
  {
    sql: [
      "CREATE TABLE computed (id int PRIMARY KEY, email varchar(80), low varchar(80) GENERATED ALWAYS AS (lower(email)) STORED, UNIQUE (low))",
      `INSERT INTO computed VALUES (1, ${mails(1)}), (2, ${mails(1)})`,
    ],
    rules: [replace("computed", "email")],
  },
  {
    sql: [
      "CREATE TABLE checked (email text CHECK (email ~ '^[^@ ]+@[^@ ]+[.][a-z]+$'), phone text CHECK (phone ~ '^[+][0-9 ]{8,}$'))",
      `INSERT INTO checked VALUES (${mails(1)}, '+49 171 555884411')`,
    ],
    rules: [replace("checked", "email"), replace("checked", "phone", "phone")],
  },
  {
    sql: [
      "CREATE DOMAIN address AS varchar(60) CHECK (VALUE LIKE '%@%')",
      "CREATE DOMAIN strict_address AS address NOT NULL CHECK (length(VALUE) > 5)",
      "CREATE DOMAIN addresses AS text[] CHECK (cardinality(VALUE) < 9)",
      "CREATE TABLE domained (one strict_address, many addresses, of_domains address[])",
      `INSERT INTO domained VALUES (${mails(1)}, ARRAY[${mails(2)}], ARRAY[${mails(1)}])`,
    ],
    rules: [replace("domained", "one"), replace("domained", "many"), redact("domained", "of_domains", "{a@b.test}")],
  },
  {
    sql: [
      `CREATE TYPE secret AS ENUM ('${RAW}label', 'other', 'third')`,
      `CREATE TYPE pair AS (name text, mail text)`,
      'CREATE TABLE typed (moods secret[], pair pair, pairs pair[], born daterange, cash money, bits bit varying(9), mac macaddr, body xml, code "char", label name, spans tstzmultirange, span interval)',
      `INSERT INTO typed VALUES (ARRAY['other']::secret[], ROW('x', ${mails(1)}), ARRAY[ROW('y', ${mails(1)})]::pair[], '[2000-01-01,2001-01-01)', 12.5, B'101', '08:00:2b:01:02:03', '<a>${RAW}</a>', 'x', ${text(`${RAW}name`)}, '{[2000-01-01,2001-01-01)}', '3 days')`,
    ],
    rules: [
      replace("typed", "moods", "text"),
      redact("typed", "pair", "(a,b)"),
      nullify("typed", "pairs"),
      redact("typed", "born", "[1999-01-01,1999-02-01)"),
      redact("typed", "cash", "1"),
      redact("typed", "bits", "1"),
      redact("typed", "mac", "00:00:00:00:00:00"),
      redact("typed", "body", "<none/>"),
      replace("typed", "label", "username"),
      nullify("typed", "spans"),
      nullify("typed", "span"),
      redact("typed", "code", "y"),
    ],
  },
  {
    sql: [
      "CREATE TABLE quick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email citext UNIQUE, boss citext REFERENCES quick (email))",
      `INSERT INTO quick (email, boss) VALUES ('${RAW}One@corp.io', NULL), ('${RAW}Two@corp.io', '${RAW}ONE@corp.io')`,
    ],
    rules: [replace("quick", "email")],
  },
  {
    sql: [
      "CREATE TABLE documents (id int PRIMARY KEY, loose json, tight jsonb, plain text)",
      ...JSONS.map((json, id) => `INSERT INTO documents VALUES (${id}, ${text(json)}, ${text(json)}, ${text(json)})`),
      `INSERT INTO documents VALUES (9, ${text(`${"[".repeat(3_000)}"${RAW}"${"]".repeat(3_000)}`)}, '${JSON.stringify([[], {}, "", null])}', 'no JSON: ${RAW}')`,
    ],
    rules: ["loose", "tight", "plain"].flatMap((column) => [
      replace("documents", column, "email", { path: "mail" }),
      { table: "documents", column, strategy: "redact", path: `${"in.".repeat(DEPTH)}mail` },
    ]),
  },
  {
    sql: [
      `CREATE TABLE wide (${numbers(1_500)
        .map((at) => `c${at} text`)
        .join(", ")})`,
      `INSERT INTO wide (c1, c750, c1500) VALUES (${mails(3)})`,
    ],
    rules: numbers(1_500).map((at) => replace("wide", `c${at}`)),
  },
  {
    sql: [
      "CREATE TABLE holders (email varchar(80) PRIMARY KEY)",
      "CREATE TABLE visits (id int, email varchar(60) REFERENCES holders) PARTITION BY RANGE (id)",
      "CREATE TABLE visits_low PARTITION OF visits FOR VALUES FROM (0) TO (10)",
      "CREATE TABLE visits_rest PARTITION OF visits DEFAULT",
      "CREATE TABLE visitors (email varchar(30))",
      `INSERT INTO holders VALUES ('${RAW}One@corp.io'), ('${RAW}Two@corp.io')`,
      `INSERT INTO visits VALUES (1, '${RAW}One@corp.io'), (50, '${RAW}Two@corp.io')`,
      "INSERT INTO visitors SELECT email FROM holders",
    ],
    rules: [replace("holders", "email"), { ...replace("visitors", "email"), type: undefined, same_as: "visits.email" }],
  },
  {
    sql: [
      "CREATE TABLE networks (net cidr PRIMARY KEY)",
      "INSERT INTO networks VALUES ('10.0.0.0/8'), ('10.0.0.0/16')",
    ],
    rules: [replace("networks", "net", "ip")],
  },
  {
    sql: [
      "CREATE TABLE counted (id serial PRIMARY KEY, email text)",
      `INSERT INTO counted (email) VALUES (${mails(1)}), (${mails(1)})`,
    ],
    rules: [replace("counted", "id", "number", { range: [1, 2_147_483_647] }), replace("counted", "email")],
  },
  {
    sql: [
      "CREATE TABLE nothing ()",
      "CREATE TABLE nothing_twice ()",
      "INSERT INTO nothing_twice DEFAULT VALUES",
      "INSERT INTO nothing_twice DEFAULT VALUES",
      "CREATE TABLE bare (email text)",
    ],
    rules: [replace("bare", "email")],
  },
];

export const POSTGRES_RULES: OddRule[] = [
  { rule: replace("kin_view", "email"), says: /kin_view is a view; write the rule for the table that has the rows/ },
  { rule: replace("parted", "region", "text"), says: /rows are spread over partitions by it/ },
  { rule: replace("computed", "low"), says: /computed from other columns; write rules for those/ },
  { rule: replace("domained", "of_domains"), says: /"email" does not fit public\.address; use "redact" or "nullify"/ },
  { rule: replace("nothing", "email"), says: /public\.nothing has no column "email"/ },
  { rule: replace("CHECKED", "email"), says: /there is no table "CHECKED".*checked/ },
  {
    sql: ["CREATE TABLE foreign_numbers (phone text CONSTRAINT german CHECK (phone ~ '^[+]49'))"],
    rule: replace("foreign_numbers", "phone", "phone"),
    says: /breaks the constraint german/,
  },
  {
    sql: ["CREATE TABLE shut_out (name text, EXCLUDE USING btree (name WITH =))"],
    rule: replace("shut_out", "name", "first_name"),
    says: /the exclusion constraint shut_out_name_excl compares it/,
  },
  {
    sql: ["CREATE TABLE lonely (name text UNIQUE NULLS NOT DISTINCT)"],
    rule: nullify("lonely", "name"),
    says: /takes one NULL alone/,
  },
];

const MYSQL_JSONS = JSONS.slice(0, 2);

/** What MySQL and MariaDB share. */
export const MYSQL_TABLES: OddTable[] = [
  {
    sql: [
      "CREATE TABLE parted (id int, email varchar(80), PRIMARY KEY (id)) PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION low VALUES LESS THAN (10), PARTITION rest VALUES LESS THAN MAXVALUE)",
      `INSERT INTO parted VALUES (1, ${mails(1)}), (50, ${mails(1)})`,
      "CREATE VIEW parted_view AS SELECT * FROM parted",
    ],
    rules: [replace("parted", "email")],
  },
  {
    sql: [
      "CREATE TABLE `od``d \"ta'ble\" été %_.*?[x]` (`e'm``ail é.` varchar(80), `select` varchar(80), `Email` varchar(80))",
      `INSERT INTO \`od\`\`d "ta'ble" été %_.*?[x]\` VALUES (${mails(3)})`,
      "CREATE TABLE People (mail varchar(80))",
      "CREATE TABLE people (mail varchar(80))",
      `INSERT INTO People VALUES (${mails(1)})`,
      `INSERT INTO people VALUES (${mails(1)})`,
    ],
    rules: [
      ...["e'm`ail é.", "select", "Email"].map((column) => replace('od`d "ta\'ble" été %_.*?[x]', column)),
      replace("People", "mail"),
      replace("people", "mail"),
    ],
  },
  {
    sql: [
      "CREATE TABLE computed (id int PRIMARY KEY, email varchar(80), low varchar(80) GENERATED ALWAYS AS (lower(email)) STORED UNIQUE, high varchar(80) GENERATED ALWAYS AS (upper(email)) VIRTUAL, KEY (high))",
      `INSERT INTO computed (id, email) VALUES (1, ${mails(1)}), (2, ${mails(1)})`,
    ],
    rules: [replace("computed", "email")],
  },
  {
    sql: [
      "CREATE TABLE checked (email varchar(80) CHECK (email REGEXP '^[^@ ]+@[^@ ]+[.][a-z]+$'), phone varchar(30) CHECK (phone REGEXP '^[+][0-9 ]{8,}$'))",
      `INSERT INTO checked VALUES (${mails(1)}, '+49 171 555884411')`,
    ],
    rules: [replace("checked", "email"), replace("checked", "phone", "phone")],
  },
  {
    sql: [
      `CREATE TABLE typed (tags set('${RAW}label','b','c'), big set('x','y'), no int(8) unsigned zerofill, born year, bits bit(9), \`at\` time(3), seen timestamp(2) NULL, place point, raw varbinary(60), fixed binary(60), tiny tinyblob, mood enum('${RAW}label','it''s','z'))`,
      `INSERT INTO typed VALUES ('b,c', '', 42, 1987, b'101', '12:13:14.5', '2001-02-03 04:05:06', ST_GeomFromText('POINT(1 2)'), ${mails(3)}, 'z')`,
      "INSERT INTO typed () VALUES ()",
    ],
    rules: [
      replace("typed", "tags", "text"),
      replace("typed", "big", "text"),
      replace("typed", "no", "number"),
      replace("typed", "born", "number"),
      nullify("typed", "bits"),
      redact("typed", "at", "00:00:00"),
      { table: "typed", column: "seen", strategy: "shift", days: 9 },
      nullify("typed", "place"),
      replace("typed", "raw", "text"),
      { table: "typed", column: "fixed", strategy: "hash" },
      redact("typed", "tiny"),
      replace("typed", "mood", "text"),
    ],
  },
  {
    sql: [
      "CREATE TABLE unseen (id int PRIMARY KEY, email varchar(80) INVISIBLE, note varchar(80))",
      `INSERT INTO unseen (id, email, note) VALUES (1, ${mails(2)})`,
    ],
    rules: [replace("unseen", "email"), redact("unseen", "note")],
  },
  {
    sql: [
      "CREATE TABLE quick (id int AUTO_INCREMENT PRIMARY KEY, email varchar(80) UNIQUE, boss varchar(80), FOREIGN KEY (boss) REFERENCES quick (email), FULLTEXT (email))",
      `INSERT INTO quick (email, boss) VALUES ('${RAW}One@corp.io', NULL), ('${RAW}Two@corp.io', '${RAW}ONE@corp.io')`,
    ],
    rules: [replace("quick", "email")],
  },
  {
    sql: [
      "CREATE TABLE documents (id int PRIMARY KEY, tight json, plain longtext)",
      ...MYSQL_JSONS.map((json, id) => `INSERT INTO documents VALUES (${id}, ${text(json)}, ${text(json)})`),
      `INSERT INTO documents VALUES (7, JSON_OBJECT('mail', REPEAT('${RAW} ', 70000)), JSON_OBJECT('mail', REPEAT('${RAW} ', 70000)))`,
      `INSERT INTO documents VALUES (9, '[[], {}, "", null]', 'no JSON: ${RAW}')`,
    ],
    rules: ["tight", "plain"].flatMap((column) => [
      replace("documents", column, "email", { path: "mail" }),
      { table: "documents", column, strategy: "redact", path: `${"in.".repeat(DEPTH)}mail` },
    ]),
  },
  {
    sql: [
      `CREATE TABLE wide (${numbers(1_000)
        .map((at) => `c${at} text`)
        .join(", ")})`,
      `INSERT INTO wide (c1, c500, c1000) VALUES (${mails(3)})`,
      `CREATE TABLE widest (${numbers(1_500)
        .map((at) => `c${at} tinytext`)
        .join(", ")}) ENGINE=MyISAM`,
      `INSERT INTO widest (c1, c750, c1500) VALUES (${mails(3)})`,
    ],
    rules: [
      ...numbers(1_000).map((at) => replace("wide", `c${at}`)),
      ...numbers(1_500).map((at) => replace("widest", `c${at}`)),
    ],
  },
  {
    sql: [
      "CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY, email varchar(80), bits bit(9) NOT NULL DEFAULT b'1', some bit(9) DEFAULT b'1')",
      `INSERT INTO counted (email) VALUES (${mails(1)}), (${mails(1)})`,
    ],
    rules: [
      redact("counted", "bits", "261"),
      { ...redact("counted", "some", "6"), where: "email IS NULL" },
      replace("counted", "id", "number", { range: [1, 2_147_483_647] }),
      replace("counted", "email"),
    ],
  },
  {
    sql: [
      "CREATE TABLE bare (email varchar(80))",
      "CREATE TABLE old (email varchar(80)) ENGINE=MyISAM",
      "CREATE TABLE packed (email varchar(80)) ROW_FORMAT=COMPRESSED",
      `INSERT INTO old VALUES (${mails(1)})`,
      `INSERT INTO packed VALUES (${mails(1)})`,
    ],
    rules: ["bare", "old", "packed"].map((table) => replace(table, "email")),
  },
];

export const MYSQL_RULES: OddRule[] = [
  {
    rule: replace("parted_view", "email"),
    says: /parted_view is a view; write the rule for the table that has the rows/,
  },
  {
    rule: replace("parted", "id", "number", { range: [1, 100] }),
    says: /rows are spread over partitions by it/,
  },
  { rule: replace("computed", "low"), says: /computed from other columns; write rules for those/ },
  { rule: redact("typed", "bits", "512"), says: /what "with" says is no value for bit\(9\)/ },
  { rule: redact("typed", "place", "POINT(0 0)"), says: /what "with" says is no value for point; use "nullify"/ },
  { rule: replace("checked", "EMAIL"), says: /has no column "EMAIL".*email/ },
  {
    sql: ["CREATE TABLE foreign_numbers (phone varchar(30), CONSTRAINT german CHECK (phone REGEXP '^[+]49'))"],
    rule: replace("foreign_numbers", "phone", "phone"),
    says: /breaks the constraint german/,
  },
  {
    sql: ["CREATE TABLE first_letters (email varchar(80), UNIQUE (email(10)))"],
    rule: replace("first_letters", "email"),
    says: /compares its first 10 characters only/,
  },
];
