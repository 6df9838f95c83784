import { randomBytes, randomInt } from "node:crypto";

export type MarkerEngine = "postgres" | "mysql" | "mariadb";

/** A value, or some side by side, planted in columns of one type, with every form of bytes in which a store may hold them. */
export interface Marker {
  type: string;
  /** Its columns are `<name>_1`, `<name>_2` …, one for each value. */
  name: string;
  values: string[];
  /** All but table and column of the rule that masks each of the columns. */
  rule: object;
  forms: Uint8Array[];
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const letters = (count: number) => Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join("");
const digits = (count: number) =>
  String(randomInt(1, 10)) + Array.from({ length: count - 1 }, () => randomInt(10)).join("");
const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make);
const text = (written: string) => Buffer.from(written);
const little = (number: bigint, bytes: number) => big(number, bytes).reverse();

function big(number: bigint, bytes: number): Buffer {
  const unsigned = BigInt.asUintN(bytes * 8, number);
  return Buffer.from(unsigned.toString(16).padStart(bytes * 2, "0"), "hex");
}

/** Columns side by side, in an SQL text or in the lines of COPY. */
function listed(values: string[]): Buffer[] {
  return values.length > 1
    ? [text(values.join("\t")), text(values.join("','")), text(values.join(","))]
    : values.map(text);
}

/** One marker for each type that the engine has; new ones with every call. */
export function makeMarkers(engine: MarkerEngine): Marker[] {
  return [...inText(engine), ...(engine === "postgres" ? ofPostgres() : ofMysql(engine))];
}

function inText(engine: MarkerEngine): Marker[] {
  const make = (name: string, type: string, rule: object, wrap = (value: string) => value): Marker => {
    const value = letters(24);
    return { name, type, values: [wrap(value)], rule, forms: [text(value)] };
  };
  const long = letters(6_000);
  const marker = letters(24);
  const blanks = "many blanks ".repeat(400);
  const json = engine === "mariadb" ? "longtext" : "json";
  return [
    make("replaced", "text", { strategy: "replace", type: "text" }),
    make("redacted", "text", { strategy: "redact" }),
    make("masked", "text", { strategy: "mask", keep_last: 4 }),
    make("nullified", "text", { strategy: "nullify" }),
    make("varchars", "varchar(80)", { strategy: "hash" }),
    make("chars", "char(40)", { strategy: "replace", type: "username" }),
    make(
      "jsons",
      json,
      { strategy: "replace", type: "email", path: "contact.mail" },
      (value) => `{"contact": {"mail": "${value}"}}`,
    ),
    make("documents", json, { strategy: "nullify" }, (value) => `{"a": "${value}"}`),
    {
      name: "longs",
      type: "text",
      values: [long],
      rule: { strategy: "replace", type: "text" },
      forms: [text(long.slice(100, 140))],
    },
    // Postgres compresses it: eight literal bytes at a time between two control bytes (pg_lzcompress.c).
    {
      ...{ name: "packed", type: "text", values: [blanks + marker + blanks], rule: { strategy: "redact" } },
      forms: [text(marker), ...times(8, () => "").map((_, at) => text(marker.slice(at, at + 8)))],
    },
  ];
}

/** Since 2000-01-01, in milliseconds of 1970. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
const dayText = (time: number) => new Date(time).toISOString().slice(0, 10);
const DAY = 86_400_000;
const someDay = () => Date.UTC(3000 + randomInt(3_000), randomInt(12), 1 + randomInt(28));

function ofPostgres(): Marker[] {
  const [quick, word, both] = times(3, () => letters(24)) as [string, string, string];
  const bytes = randomBytes(24);
  const uuid = randomBytes(16);
  const six = randomBytes(16);
  const days = times(4, someDay);
  const micros = times(
    2,
    () =>
      BigInt(someDay() - POSTGRES_EPOCH) * 1000n + BigInt(randomInt(86_400_000)) * 1000n + BigInt(randomInt(1, 1000)),
  );
  const numbers = times(4, () => randomInt(1_000_000_000, 2_000_000_000));
  const huge = BigInt(digits(18));
  const numeric = digits(32);
  const float = Buffer.alloc(8);
  const value = Number(`0.${digits(16)}`);
  float.writeDoubleLE(value);
  const instants = micros.map((micro) => instantText(micro));
  return [
    {
      name: "citexts",
      type: "citext",
      values: [quick],
      rule: { strategy: "replace", type: "email" },
      forms: [text(quick)],
    },
    {
      name: "binary_jsons",
      type: "jsonb",
      values: [`{"list": ["${word}"]}`],
      rule: { strategy: "replace", type: "text", path: "list[*]" },
      forms: [text(word)],
    },
    {
      name: "arrays",
      type: "text[]",
      values: [`{x,${both}}`],
      rule: { strategy: "replace", type: "text" },
      forms: [text(both)],
    },
    {
      name: "byteas",
      type: "bytea",
      values: [`\\x${bytes.toString("hex")}`],
      rule: { strategy: "hash" },
      forms: [bytes, text(bytes.toString("hex"))],
    },
    {
      name: "uuids",
      type: "uuid",
      values: [dashed(uuid)],
      rule: { strategy: "replace", type: "uuid" },
      forms: [uuid, text(dashed(uuid))],
    },
    {
      name: "inets",
      type: "inet",
      values: [colons(six)],
      rule: { strategy: "replace", type: "ip" },
      forms: [six, text(colons(six))],
    },
    {
      ...{ name: "dates", type: "date", values: days.map(dayText), rule: { strategy: "shift", days: 300 } },
      forms: [
        Buffer.concat(days.map((day) => little(BigInt((day - POSTGRES_EPOCH) / DAY), 4))),
        ...listed(days.map(dayText)),
      ],
    },
    {
      ...{ name: "instants", type: "timestamp", values: instants, rule: { strategy: "replace", type: "date" } },
      forms: [Buffer.concat(micros.map((micro) => little(micro, 8))), ...listed(instants)],
    },
    {
      ...{ name: "integers", type: "int", values: numbers.map(String), rule: { strategy: "replace", type: "number" } },
      forms: [Buffer.concat(numbers.map((number) => little(BigInt(number), 4))), ...listed(numbers.map(String))],
    },
    {
      name: "bigints",
      type: "bigint",
      values: [String(huge)],
      rule: { strategy: "replace", type: "number" },
      forms: [little(huge, 8), text(String(huge))],
    },
    {
      ...{ name: "numerics", type: "numeric", values: [numeric], rule: { strategy: "replace", type: "number" } },
      forms: [Buffer.concat((numeric.match(/.{4}/g) ?? []).map((four) => little(BigInt(four), 2))), text(numeric)],
    },
    {
      name: "doubles",
      type: "float8",
      values: [String(value)],
      rule: { strategy: "replace", type: "number" },
      forms: [float, text(String(value))],
    },
  ];
}

const ENUM_SIZE = 200;
const ENUM_COLUMNS = 16;

function ofMysql(engine: "mysql" | "mariadb"): Marker[] {
  const [bytes, sixteen, uuid, six] = [randomBytes(24), randomBytes(16), randomBytes(16), randomBytes(16)] as const;
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  const days = times(4, someDay);
  const moment = someDay() + randomInt(DAY);
  const micro = randomInt(1_000_000);
  const numbers = times(4, () => randomInt(1_000_000_000, 2_000_000_000));
  const huge = BigInt(digits(18));
  const decimal = digits(32);
  const float = Buffer.alloc(8);
  const value = Number(`0.${digits(16)}`);
  float.writeDoubleLE(value);
  const labels = times(ENUM_COLUMNS, () => randomInt(ENUM_SIZE));
  const members = BigInt(`0x${randomBytes(8).toString("hex")}`);
  const chosen = times(64, () => 0).flatMap((_, at) => ((members >> BigInt(at)) & 1n ? [`m${at}`] : []));
  const when = `${new Date(moment).toISOString().slice(0, 19).replace("T", " ")}.${String(micro).padStart(6, "0")}`;
  const flipped = (number: bigint, width: number) => big(number ^ (1n << BigInt(width * 8 - 1)), width);
  return [
    {
      name: "blobs",
      type: "blob",
      values: [`\\x${bytes.toString("hex")}`],
      rule: { strategy: "hash" },
      forms: [bytes, text(bytes.toString("hex").toUpperCase())],
    },
    {
      name: "binaries",
      type: "binary(16)",
      values: [`\\x${sixteen.toString("hex")}`],
      rule: { strategy: "replace", type: "uuid" },
      forms: [sixteen, text(sixteen.toString("hex").toUpperCase())],
    },
    {
      ...{ name: "dates", type: "date", values: days.map(dayText), rule: { strategy: "shift", days: 300 } },
      forms: [Buffer.concat(days.map((day) => flipped(mysqlDay(day), 3))), ...listed(days.map(dayText))],
    },
    {
      ...{ name: "instants", type: "datetime(6)", values: [when], rule: { strategy: "replace", type: "date" } },
      forms: [Buffer.concat([big(mysqlInstant(moment), 5), big(BigInt(micro), 3)]), text(when)],
    },
    {
      ...{ name: "integers", type: "int", values: numbers.map(String), rule: { strategy: "replace", type: "number" } },
      forms: [Buffer.concat(numbers.map((number) => flipped(BigInt(number), 4))), ...listed(numbers.map(String))],
    },
    {
      name: "bigints",
      type: "bigint",
      values: [String(huge)],
      rule: { strategy: "replace", type: "number" },
      forms: [flipped(huge, 8), text(String(huge))],
    },
    {
      name: "decimals",
      type: "decimal(32,0)",
      values: [decimal],
      rule: { strategy: "replace", type: "number" },
      forms: [mysqlDecimal(decimal), text(decimal)],
    },
    {
      name: "doubles",
      type: "double",
      values: [String(value)],
      rule: { strategy: "replace", type: "number" },
      forms: [float, text(String(value))],
    },
    {
      ...{
        name: "enums",
        type: `enum(${times(ENUM_SIZE, () => 0)
          .map((_, at) => `'e${at}'`)
          .join(",")})`,
      },
      ...{ values: labels.map((label) => `e${label}`), rule: { strategy: "replace", type: "text" } },
      forms: [Buffer.from(labels.map((label) => label + 1)), ...listed(labels.map((label) => `e${label}`))],
    },
    {
      ...{
        name: "sets",
        type: `set(${times(64, () => 0)
          .map((_, at) => `'m${at}'`)
          .join(",")})`,
      },
      ...{ values: [chosen.join(",")], rule: { strategy: "replace", type: "text" } },
      forms: [big(members, 8), little(members, 8), text(chosen.join(","))],
    },
    ...(engine === "mysql"
      ? []
      : [
          {
            name: "uuids",
            type: "uuid",
            values: [dashed(uuid)],
            rule: { strategy: "replace", type: "uuid" },
            forms: [uuid, swapped(uuid), text(dashed(uuid))],
          },
          {
            name: "inets",
            type: "inet6",
            values: [colons(six)],
            rule: { strategy: "replace", type: "ip" },
            forms: [six, text(colons(six))],
          },
        ]),
  ];
}

function dashed(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** MariaDB puts the parts of a UUID of the older versions into the order in which they sort by time. */
function swapped(uuid: Buffer): Buffer {
  return Buffer.concat([
    uuid.subarray(10),
    uuid.subarray(8, 10),
    uuid.subarray(6, 8),
    uuid.subarray(4, 6),
    uuid.subarray(0, 4),
  ]);
}

function colons(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(":");
}

function instantText(micro: bigint): string {
  const second = new Date(POSTGRES_EPOCH + Number(micro / 1_000_000n) * 1000)
    .toISOString()
    .slice(0, 19)
    .replace("T", " ");
  return `${second}.${String(micro % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "")}`;
}

function mysqlDay(time: number): bigint {
  const date = new Date(time);
  return BigInt((date.getUTCFullYear() << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate());
}

function mysqlInstant(time: number): bigint {
  const date = new Date(time);
  const day = BigInt((date.getUTCFullYear() * 13 + date.getUTCMonth() + 1) * 32 + date.getUTCDate());
  const second = BigInt((date.getUTCHours() << 12) | (date.getUTCMinutes() << 6) | date.getUTCSeconds());
  return (day << 17n) + second + 0x8000000000n;
}

/** Groups of nine digits in four bytes, the first ones in as few as they need (decimal.c). */
function mysqlDecimal(number: string): Buffer {
  const first = number.length % 9;
  const bytes = [0, 1, 1, 2, 2, 3, 3, 4, 4][first] as number;
  const groups = number.slice(first).match(/.{9}/g) ?? [];
  const packed = Buffer.concat([
    big(BigInt(number.slice(0, first)), bytes),
    ...groups.map((group) => big(BigInt(group), 4)),
  ]);
  packed[0] = (packed[0] as number) ^ 0x80;
  return packed;
}
