import type { Source } from "../../provision/sources.ts";

/** One person of the fixture, in the order of its columns. */
export type Person = (string | number | null)[];

const COLUMNS =
  "id, email, first_name, last_name, phone, notes, api_key, card, born_on, seen_at, ssn, handle, country, prefs, balance, device, born_at";

/** Invented people whose values try what masks get wrong: case, accents, blanks, quotes, 4-byte letters, NULL, the column's full length. */
export const PEOPLE: Person[] = [
  [
    1,
    "Ann.Lee@Example.com",
    "Ann",
    "Lee",
    "+1 212 867 5309",
    'Called twice.\nSaid: "no" \\ it\'s fine',
    "sk_live_9f8a7b6c5d4e3f2a",
    "4012 8888 8888 1881",
    "1980-02-03",
    "2024-03-10 02:30:00.123456",
    "078-05-1120",
    "ann_l",
    "DE",
    '{"contact": {"email": "ann.lee@example.com", "tags": ["vip", 7]}, "n": 12345678901234567890}',
    "10.50",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "1980-02-03",
  ],
  [
    2,
    "bob@x.org",
    "José",
    "O'Brien",
    "030 / 123 45 67",
    "",
    "K2",
    "5105105105105100",
    "1999-12-31",
    "1970-01-02 00:00:00.000000",
    null,
    "bob",
    "FR",
    '{"contact": {"email": null}, "n": 1}',
    "-3.20",
    null,
    "1999-12-31",
  ],
  [
    3,
    "BOB@y.org",
    "Jose",
    "Müller",
    null,
    "tab\tand \\ back 😀 combining e\u0301",
    "K3",
    null,
    null,
    null,
    "219-09-9999",
    "çelik 😀",
    null,
    "[]",
    "0.00",
    "00000000-0000-0000-0000-000000000001",
    null,
  ],
  [
    4,
    "x".repeat(48) + "@example.org",
    "Ann",
    "lee",
    "+4915112345678",
    "n".repeat(300),
    "K".repeat(64),
    "378282246310005",
    "2000-02-29",
    "2023-12-31 23:59:59.999999",
    "457-55-5462",
    "h".repeat(30),
    "DE",
    '{"contact": {"email": "bob@x.org"}}',
    "99999999.99",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "2000-02-29",
  ],
];

const ORDERS = [
  [1, "Ann.Lee@Example.com", 19],
  [2, "bob@x.org", 5],
  [3, "BOB@y.org", 7],
  [4, "Ann.Lee@Example.com", 1],
  [5, null, 2],
];

/** The same tables and rows in any engine. */
export async function loadPeople(source: Source): Promise<void> {
  const postgres = source.engine === "postgres";
  const literal = (value: string | number | null) => {
    if (value === null) return "NULL";
    if (typeof value === "number") return String(value);
    return `'${(postgres ? value : value.replaceAll("\\", "\\\\")).replaceAll("'", "''")}'`;
  };
  const rows = (all: (string | number | null)[][]) => all.map((row) => `(${row.map(literal).join(", ")})`).join(", ");
  const collation = postgres ? "" : " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
  await source.sql(`CREATE TABLE people (
    id int PRIMARY KEY, email varchar(60)${collation} NOT NULL UNIQUE, first_name varchar(40)${collation}, last_name varchar(40)${collation},
    phone varchar(30), notes text, api_key varchar(64), card varchar(19), born_on date, seen_at ${postgres ? "timestamp(6)" : "datetime(6)"},
    ssn varchar(11), handle varchar(30)${collation}, country varchar(2), prefs ${postgres ? "json" : "longtext"}, balance decimal(10,2),
    device ${postgres ? "uuid" : "varchar(36)"}, born_at date)`);
  await source.sql(`CREATE TABLE orders (id int PRIMARY KEY, customer_email varchar(60)${collation}, amount int,
    CONSTRAINT of_customer FOREIGN KEY (customer_email) REFERENCES people (email))`);
  await source.sql(`INSERT INTO people (${COLUMNS}) VALUES ${rows(PEOPLE)}`);
  await source.sql(`INSERT INTO orders VALUES ${rows(ORDERS)}`);
}

/** One rule for each column that is personal. */
export const RULES = [
  { table: "people", column: "email", strategy: "replace", type: "email" },
  { table: "people", column: "first_name", strategy: "replace", type: "first_name" },
  { table: "people", column: "last_name", strategy: "replace", type: "last_name" },
  { table: "people", column: "phone", strategy: "replace", type: "phone" },
  { table: "people", column: "notes", strategy: "redact" },
  { table: "people", column: "api_key", strategy: "hash" },
  { table: "people", column: "card", strategy: "mask", keep_last: 4, keep_format: true },
  { table: "people", column: "born_on", strategy: "shift", days: 30, by: "id" },
  { table: "people", column: "seen_at", strategy: "shift", days: 30, by: "id" },
  { table: "people", column: "ssn", strategy: "nullify" },
  { table: "people", column: "handle", strategy: "replace", type: "username", where: "country <> 'DE'" },
  { table: "people", column: "prefs", path: "contact.email", strategy: "replace", type: "email" },
  { table: "people", column: "prefs", strategy: "keep" },
  { table: "people", column: "balance", strategy: "replace", type: "number" },
  { table: "people", column: "device", strategy: "replace", type: "uuid" },
  { table: "people", column: "born_at", strategy: "replace", type: "date" },
];
