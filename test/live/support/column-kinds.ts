import type { Random } from "./random.ts";

/** A column's type and the values that it may be given, in the engine's literals' own text. */
export interface ColumnKind {
  type: string;
  value(random: Random): string;
  /** What an enum's labels are, or what has to be there first. */
  labels?: string[];
  before?: string;
  /** What `redact` may say. */
  with?: string;
  /** JSON paths. */
  paths?: string[];
  /** All its values lie within, for numbers that change places. */
  range?: [number, number];
  /** May be tried in unique indexes, too. */
  key?: true;
}

const day = (random: Random, from = 1000, to = 9000) =>
  `${String(from + random.below(to - from)).padStart(4, "0")}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
const time = (random: Random) => `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}`;
const fraction = (random: Random, places = 6) =>
  places === 0 || random.below(3) === 0 ? "" : `.${random.digits(places)}`;
const two = (number: number) => String(number).padStart(2, "0");
const sign = (random: Random) => random.pick(["", "-"]);
const decimal = (random: Random, whole: number, places: number) =>
  random.pick([
    "0",
    `${sign(random)}${random.digits(1 + random.below(whole))}.${random.digits(1 + random.below(places))}`,
    random.digits(whole),
  ]);
const exponent = (random: Random, most: number) =>
  `${sign(random)}${1 + random.below(9)}.${random.digits(1 + random.below(16))}e${sign(random)}${random.below(most)}`;
const uuid = (random: Random) => random.hex(16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
const four = (random: Random) => Array.from({ length: 4 }, () => random.below(256)).join(".");
const six = (random: Random) => Array.from({ length: 8 }, () => random.pick(["0", random.hex(2)])).join(":");
const bytes = (random: Random, max: number) =>
  random.hex(random.pick([0, 1, 4, 16, max, random.below(max + 1)].filter((length) => length <= max)));
const json = (random: Random, nul = false) =>
  random.pick([
    () => "{}",
    () => JSON.stringify(random.text(10).replaceAll("\0", "")),
    () => String(random.below(1e6) / 100),
    () =>
      `{"mail": ${JSON.stringify(random.text(12, { nul }).replaceAll("\0", ""))}, "n": ${decimal(random, 6, 3).replace(/^(-?)0+(?=\d)/, "$1")}, "list": [1, "x", null, true, {"mail": "${uuid(random)}"}]}`,
  ])();

const LABELS = ["one", "it's", "with space", "ünï", "%", '"quoted"', "😀"];
const quoted = (labels: string[]) => labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(",");

/** Postgres prints arrays from any literal; quoting is the literal's own. */
const array = (element: (random: Random) => string) => (random: Random) => {
  const item = () => (random.below(5) === 0 ? "NULL" : `"${element(random).replace(/["\\]/g, "\\$&")}"`);
  return random.pick(["{}", `{${item()}}`, `{${item()},${item()},${item()}}`, `[0:1][2:2]={{${item()}},{${item()}}}`]);
};

const pgInteger = (bits: number) => (random: Random) => {
  const half = 2n ** BigInt(bits - 1);
  return String(
    random.pick([
      0n,
      1n,
      -1n,
      -half,
      half - 1n,
      BigInt(random.below(100_000)) % half,
      -(BigInt(random.below(100_000)) % half),
    ]),
  );
};

export const POSTGRES_KINDS: ColumnKind[] = [
  { type: "text", value: (random) => random.text(40), key: true },
  { type: "character varying(7)", value: (random) => random.text(7) },
  { type: "character varying(60)", value: (random) => random.text(60), key: true },
  { type: "character(5)", value: (random) => random.text(5) },
  { type: "character(70)", value: (random) => random.text(70), key: true },
  { type: "citext", value: (random) => random.text(30), before: "CREATE EXTENSION citext", key: true },
  { type: "smallint", value: pgInteger(16), range: [-32768, 32767], key: true },
  { type: "integer", value: pgInteger(32), range: [-2147483648, 2147483647], key: true },
  { type: "bigint", value: pgInteger(64) },
  {
    type: "numeric",
    value: (random) => random.pick([decimal(random, 30, 20), exponent(random, 60), "NaN", "Infinity", "-0.000"]),
  },
  {
    type: "numeric(10,2)",
    value: (random) => decimal(random, 8, 2),
    range: [-99999999.99, 99999999.99],
    key: true,
  },
  { type: "numeric(30,25)", value: (random) => decimal(random, 5, 25) },
  {
    type: "real",
    value: (random) =>
      random.pick([decimal(random, 9, 6), exponent(random, 37), "NaN", "-Infinity", "-0", "3.4028235e38", "1e-44"]),
  },
  {
    type: "double precision",
    value: (random) =>
      random.pick([
        decimal(random, 17, 9),
        exponent(random, 300),
        "NaN",
        "Infinity",
        "-0",
        "1.7976931348623157e308",
        "5e-324",
      ]),
  },
  { type: "boolean", value: (random) => random.pick(["t", "f"]) },
  {
    type: "date",
    value: (random) =>
      random.pick([day(random), "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31", "4713-01-01 BC"]),
  },
  {
    type: "timestamp without time zone",
    value: (random) =>
      random.pick([`${day(random)} ${time(random)}${fraction(random)}`, "infinity", "0044-03-15 01:02:03 BC"]),
  },
  { type: "timestamp(0) with time zone", value: (random) => `${day(random)} ${time(random)}+05:30` },
  {
    type: "timestamp with time zone",
    value: (random) => random.pick([`${day(random)} ${time(random)}${fraction(random)}-03`, "infinity"]),
  },
  { type: "time without time zone", value: (random) => `${time(random)}${fraction(random)}` },
  { type: "uuid", value: uuid, key: true },
  {
    type: "inet",
    value: (random) => random.pick([four(random), six(random), "10.0.0.0/8", "::1", "::ffff:1.2.3.4"]),
    key: true,
  },
  {
    type: "cidr",
    value: (random) => random.pick([`${four(random)}/32`, "10.0.0.0/8", `${six(random)}/128`, "2001:db8::/32"]),
  },
  { type: "json", value: (random) => json(random), paths: ["mail", "list[*]", "n", "*"] },
  { type: "jsonb", value: (random) => json(random), paths: ["mail", "list[*]", "n", "*"] },
  { type: "bytea", value: (random) => `\\x${bytes(random, 50)}`, key: true },
  { type: "text[]", value: array((random) => random.text(12)) },
  { type: "character varying(9)[]", value: array((random) => random.text(9)) },
  { type: "character(9)[]", value: array((random) => random.text(9)) },
  { type: "integer[]", value: array(pgInteger(32)) },
  { type: "double precision[]", value: array((random) => exponent(random, 300)) },
  {
    type: "timestamp without time zone[]",
    value: array((random) => `${day(random)} ${time(random)}${fraction(random)}`),
  },
  {
    type: "mood",
    value: (random) => random.pick(LABELS),
    labels: LABELS,
    before: `CREATE TYPE mood AS ENUM (${quoted(LABELS)})`,
    with: "one",
  },
  { type: "interval", value: (random) => `${random.below(1000)} hours ${random.below(99)} days`, with: "1 day" },
  { type: "point", value: (random) => `(${random.below(90)},${random.below(90)})`, with: "(0,0)" },
  { type: "int4range", value: (random) => `[${random.below(10)},${10 + random.below(90)})`, with: "[1,2]" },
];

const unsigned = (bits: number) => (random: Random) =>
  String(random.pick([0n, 1n, 2n ** BigInt(bits) - 1n, BigInt(random.below(2 ** Math.min(bits, 30)))]));
const latin = [..."'\"\\%\n\téüñß \u00a0"];
const nul = { nul: true };

const BOTH: ColumnKind[] = [
  { type: "varchar(7)", value: (random) => random.text(7, nul) },
  { type: "varchar(60)", value: (random) => random.text(60, nul), key: true },
  { type: "char(5)", value: (random) => random.text(5, nul) },
  { type: "char(70)", value: (random) => random.text(70, nul), key: true },
  // No key: its collation tells ß from ss, which have one pseudonym but for its letter case.
  { type: "varchar(60) CHARACTER SET latin1", value: (random) => random.text(60, { alphabet: latin }) },
  { type: "varchar(60) COLLATE utf8mb4_bin", value: (random) => random.text(60, nul), key: true },
  { type: "tinytext", value: (random) => random.text(60, nul) },
  { type: "text", value: (random) => random.text(60, nul) },
  { type: "smallint", value: pgInteger(16), range: [-32768, 32767], key: true },
  { type: "int(5) unsigned zerofill", value: unsigned(32), range: [0, 4294967295], key: true },
  { type: "bigint unsigned", value: unsigned(64) },
  { type: "tinyint(1)", value: (random) => random.pick(["0", "1", "7", "-1"]) },
  {
    type: "decimal(10,2)",
    value: (random) => decimal(random, 8, 2),
    range: [-99999999.99, 99999999.99],
    key: true,
  },
  { type: "decimal(65,30)", value: (random) => decimal(random, 35, 30) },
  { type: "float", value: (random) => random.pick([decimal(random, 9, 6), exponent(random, 37), "3.402823e38"]) },
  {
    type: "double",
    value: (random) => random.pick([decimal(random, 17, 9), exponent(random, 300), "1.7976931348623157e308"]),
  },
  { type: "double(10,3)", value: (random) => decimal(random, 7, 3) },
  { type: "float(7,2)", value: (random) => decimal(random, 5, 2) },
  { type: "year", value: (random) => random.pick(["0000", String(1901 + random.below(254))]) },
  {
    type: "date",
    value: (random) => random.pick([day(random), "0000-00-00", "2020-00-00", "2020-05-00", "9999-12-31"]),
  },
  { type: "datetime", value: (random) => random.pick([`${day(random)} ${time(random)}`, "0000-00-00 00:00:00"]) },
  { type: "datetime(6)", value: (random) => `${day(random)} ${time(random)}${fraction(random)}` },
  {
    type: "timestamp(3) NULL",
    value: (random) =>
      random.pick([`${day(random, 1971, 2037)} ${time(random)}${fraction(random, 3)}`, "0000-00-00 00:00:00"]),
  },
  { type: "time", value: (random) => `${sign(random)}${two(random.below(839))}:10:20` },
  { type: "time(6)", value: (random) => `${time(random)}${fraction(random)}` },
  { type: "binary(16)", value: (random) => `\\x${bytes(random, 16)}` },
  { type: "binary(40)", value: (random) => `\\x${bytes(random, 40)}` },
  { type: "varbinary(20)", value: (random) => `\\x${bytes(random, 20)}`, key: true },
  { type: "blob", value: (random) => `\\x${bytes(random, 90)}` },
  { type: "bit(1)", value: (random) => `\\x0${random.below(2)}` },
  { type: "bit(12)", value: (random) => `\\x0${random.hex(2).slice(1)}` },
  { type: `enum(${quoted(LABELS)})`, value: (random) => random.pick(LABELS), with: "one" },
  {
    type: `set(${quoted(LABELS)})`,
    value: (random) => LABELS.filter(() => random.below(2) === 0).join(","),
    with: "one,%",
  },
];

export const MYSQL_KINDS: ColumnKind[] = [
  ...BOTH,
  {
    type: "json",
    value: (random) => json(random),
    paths: ["mail", "list[*]", "n", "*"],
    with: '{"b":[1,2],  "a":1.50}',
  },
];

export const MARIADB_KINDS: ColumnKind[] = [
  ...BOTH,
  { type: "longtext", value: (random) => json(random), paths: ["mail", "list[*]", "n", "*"] },
  { type: "uuid", value: uuid, key: true },
  { type: "inet4", value: four },
  { type: "inet6", value: (random) => random.pick([six(random), "::1", "::ffff:1.2.3.4", "::"]), key: true },
];
