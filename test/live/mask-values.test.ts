import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { kindOf } from "../../lib/mask/kind.ts";
import { misfitOf } from "../../lib/mask/misfit.ts";
import type { Rule } from "../../lib/mask/rule.ts";
import { readProvisioned, type ServerImage } from "../provision/report.ts";
import { type Source, startSource } from "../provision/sources.ts";
import { type ColumnKind, MARIADB_KINDS, MYSQL_KINDS, POSTGRES_KINDS } from "./support/column-kinds.ts";
import { serversToTry, soak } from "./support/ground.ts";
import { makeProject, type Project } from "./support/project.ts";
import { randomFrom } from "./support/random.ts";
import { rowsOf } from "./support/rows.ts";

setDefaultTimeout(300_000);

const SEED = Number(process.env.DITTO_TEST_SEED ?? 20_260_101);
const ROWS = soak ? 3_000 : 300;
/** Odd spellings of one text are told apart by no more than their letters have bits: with more rows two may be alike. */
const KEY_ROWS = 300;
const KEY = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

const TYPES = [
  "email",
  "name",
  "first_name",
  "last_name",
  "phone",
  "ip",
  "url",
  "uuid",
  "address",
  "company",
  "date",
  "number",
  "text",
  "card",
  "iban",
  "username",
] as const;

/** What means one thing in many spellings has one pseudonym, so that a unique text must not hold it twice. */
const WITH_SPELLINGS: Rule["type"][] = ["uuid", "ip", "iban", "card"];

/** Every strategy with the options that make a difference; which of them fit a column, the product itself says. */
const STRATEGIES: Partial<Rule>[] = [
  ...TYPES.map((type) => ({ strategy: "replace" as const, type })),
  ...(["name", "phone", "text", "card"] as const).map((type) => ({
    strategy: "replace" as const,
    type,
    unique: "suffix" as const,
  })),
  { strategy: "hash" },
  { strategy: "nullify" },
  { strategy: "redact" },
  { strategy: "shift", days: 400 },
  { strategy: "mask" },
  { strategy: "mask", keep_first: 1, keep_last: 2 },
  { strategy: "mask", keep_last: 4, keep_format: true },
  { strategy: "mask", mask_char: "•", keep_format: true },
];

interface Masked {
  name: string;
  column: string;
  rule: Partial<Rule>;
}

/** What of a table's columns must stay unique: nothing, each alone, or each together with one that has no rule. */
type Unique = "nothing" | "alone" | "together";

/** One table for a kind of column: as many columns of it as rules fit, each row with the same value in all of them. */
interface Bench {
  kind: ColumnKind;
  unique: Unique;
  table: string;
  columns: Masked[];
  values: (string | null)[];
}

const SERVERS = [
  { engine: "postgres", version: "17", kinds: POSTGRES_KINDS },
  { engine: "mysql", version: "9.7", kinds: MYSQL_KINDS },
  { engine: "mariadb", version: "11.8", kinds: MARIADB_KINDS },
] as const;

function benchesOf(engine: "postgres" | "mysql", kinds: ColumnKind[]): Bench[] {
  return kinds.flatMap((kind, index) => {
    const plain = benchOf(engine, kind, { index, unique: "nothing" });
    const ways = kind.key ? (["alone", "together"] as const) : [];
    return [plain, ...ways.map((unique) => benchOf(engine, kind, { index, unique }))];
  });
}

function benchOf(
  engine: "postgres" | "mysql",
  kind: ColumnKind,
  { index, unique }: { index: number; unique: Unique },
): Bench {
  const random = randomFrom(SEED + index);
  const isKey = unique !== "nothing";
  const wishes = [
    ...STRATEGIES,
    ...(kind.range === undefined ? [] : [{ strategy: "replace" as const, type: "number" as const, range: kind.range }]),
    ...(kind.with === undefined ? [] : [{ strategy: "redact" as const, with: kind.with }]),
    ...(kind.paths ?? []).flatMap((path) => STRATEGIES.map((rule) => ({ ...rule, path }))),
  ];
  const shape = kindOf(engine, { type: kind.type, ...(kind.labels ? { labels: kind.labels } : {}) });
  const isText = isKey && shape.is === "text";
  const fitting = wishes
    .filter((rule) => misfitOf({ engine, kind: shape, rule: rule as Rule, unique: isKey }) === undefined)
    .filter(({ type }) => !isText || type === undefined || !WITH_SPELLINGS.includes(type));
  const table = `${{ nothing: "k", alone: "u", together: "g" }[unique]}${index}`;
  const value = isText ? spelledAnew(kind.value) : kind.value;
  return {
    kind,
    unique,
    table,
    columns: fitting.map((rule, at) => ({ name: `${table}.c${at}`, column: `c${at}`, rule })),
    values: Array.from({ length: isKey ? KEY_ROWS : ROWS }, () => (random.below(12) === 0 ? null : value(random))),
  };
}

/** Now and then a text that was there before, as some collations compare it. */
function spelledAnew(value: ColumnKind["value"]): ColumnKind["value"] {
  const earlier: string[] = [];
  return (random) => {
    if (earlier.length > 0 && random.below(4) === 0) {
      const whole = random.pick(earlier);
      const spelled = random.pick([
        (text: string) => text.toUpperCase(),
        (text: string) => text.toLowerCase(),
        (text: string) => text.replace(/e/, "é"),
        (text: string) => text.replace(/ *$/, " "),
        (text: string) => text,
      ])(whole);
      // Some letters are two in the other case.
      return [...spelled].slice(0, [...whole].length).join("");
    }
    earlier.push(value(random));
    return earlier.at(-1) as string;
  };
}

function literal(engine: "postgres" | "mysql", { type }: ColumnKind, value: string | null): string {
  if (value === null) return "NULL";
  if (engine === "postgres") return `'${value.replaceAll("'", "''")}'`;
  if (value.startsWith("\\x") && /blob|binary|bit/.test(type)) return `x'${value.slice(2)}'`;
  return `'${value.replace(/['\\]/g, "\\$&").replaceAll("\0", "\\0").replaceAll("\r", "\\r")}'`;
}

async function load(source: Source, benches: Bench[]): Promise<void> {
  const engine = source.engine === "postgres" ? "postgres" : "mysql";
  const insert = engine === "postgres" ? "INSERT INTO" : "INSERT IGNORE INTO";
  const unless = engine === "postgres" ? " ON CONFLICT DO NOTHING" : "";
  const script = benches.flatMap(({ kind, unique, table, columns, values }) => {
    const keys = columns.map(({ column }) => `UNIQUE (${unique === "together" ? `${column}, kept` : column})`);
    const all = columns.map(({ column }) => `${column} ${kind.type}`);
    const rows = values.map((value, id) => `(${id}, ${id % 3}, ${literal(engine, kind, value)})`);
    const others = columns.slice(1).map(({ column }) => `${column} = c0`);
    return [
      ...(kind.before === undefined || unique !== "nothing" ? [] : [kind.before]),
      `CREATE TABLE ${table} (id int PRIMARY KEY, kept int, ${[...all, ...(unique === "nothing" ? [] : keys)].join(", ")})`,
      // What the index takes for the same is left out.
      `${insert} ${table} (id, kept, c0) VALUES ${rows.join(", ")}${unless}`,
      ...(others.length > 0 ? [`UPDATE ${table} SET ${others.join(", ")}`] : []),
    ];
  });
  const lax = engine === "mysql" ? "SET sql_mode = '';\n" : "";
  await source.load({ text: `${lax}${script.join(";\n")};\n` });
}

for (const { engine, version, kinds } of serversToTry(SERVERS, "mysql")) {
  const { docker, images } = readProvisioned();
  const image = images[`${engine}:${version}` as ServerImage];
  const missing = !docker.available ? docker.reason : image === undefined ? "no image" : "";
  describe.skipIf(missing !== "")(`Any value, ${engine} ${version}${missing ? ` (${missing})` : ""}`, () => {
    const benches = benchesOf(engine === "postgres" ? "postgres" : "mysql", [...kinds]);
    let source: Source;
    let project: Project;
    const copies: string[] = [];

    beforeAll(async () => {
      source = await startSource({ engine, version, name: "values" });
      await load(source, benches);
      const rules = benches.flatMap(({ table, columns }) =>
        columns.map(({ column, rule }) => ({ table, column, ...rule })),
      );
      project = await makeProject({
        source: { url: source.url },
        copy: { image },
        obfuscation: { key_secret: "env:MASK_KEY", rules, unreviewed: "allow" },
      });
      for (let round = 0; round < 2; round++) {
        await project.must("reseed", [], { env: { MASK_KEY: KEY } });
        copies.push((await project.json<{ connection_string: string }>("copy", ["create"])).connection_string);
      }
    });
    afterAll(async () => {
      await project?.remove();
      await source?.stop();
    });

    test("passes every strategy that fits its column, is the same in two reseeds, and NULL stays NULL", async () => {
      const wrong: string[] = [];
      for (const { kind, table, columns } of benches) {
        const [raw, first, second] = await Promise.all(
          [source.url, ...copies].map((url) => rowsOf(url, `SELECT * FROM ${table} ORDER BY id`)),
        );
        if (JSON.stringify(first) !== JSON.stringify(second)) wrong.push(`${kind.type}: two reseeds differ`);
        for (const [at, { column, rule }] of columns.entries()) {
          const nulls = (rows: (string | null)[][] = []) => rows.filter((row) => row[at + 2] === null).length;
          const expected = rule.strategy === "nullify" && rule.path === undefined ? raw?.length : nulls(raw);
          if (first?.length !== raw?.length || nulls(first) !== expected)
            wrong.push(`${kind.type} ${column} ${JSON.stringify(rule)}: ${nulls(first)} of ${expected} NULLs`);
        }
      }
      expect(wrong).toEqual([]);
    });
  });
}
