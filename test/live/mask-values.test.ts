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

/** One table for a kind of column: as many columns of it as rules fit, each row with the same value in all of them. */
interface Bench {
  kind: ColumnKind;
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
  return kinds.map((kind, index) => {
    const random = randomFrom(SEED + index);
    const wishes = [
      ...STRATEGIES,
      ...(kind.with === undefined ? [] : [{ strategy: "redact" as const, with: kind.with }]),
      ...(kind.paths ?? []).flatMap((path) => STRATEGIES.map((rule) => ({ ...rule, path }))),
    ];
    const shape = kindOf(engine, { type: kind.type, ...(kind.labels ? { labels: kind.labels } : {}) });
    const fitting = wishes.filter(
      (rule) => misfitOf({ engine, kind: shape, rule: rule as Rule, unique: false }) === undefined,
    );
    const table = `k${index}`;
    return {
      kind,
      table,
      columns: fitting.map((rule, at) => ({ name: `${table}.c${at}`, column: `c${at}`, rule })),
      values: Array.from({ length: ROWS }, () => (random.below(12) === 0 ? null : kind.value(random))),
    };
  });
}

function literal(engine: "postgres" | "mysql", value: string | null): string {
  if (value === null) return "NULL";
  if (engine === "postgres") return `'${value.replaceAll("'", "''")}'`;
  if (value.startsWith("\\x")) return `x'${value.slice(2)}'`;
  return `'${value.replace(/['\\]/g, "\\$&").replaceAll("\0", "\\0").replaceAll("\r", "\\r")}'`;
}

async function load(source: Source, benches: Bench[]): Promise<void> {
  const engine = source.engine === "postgres" ? "postgres" : "mysql";
  const script = benches.flatMap(({ kind, table, columns, values }) => [
    ...(kind.before === undefined ? [] : [kind.before]),
    `CREATE TABLE ${table} (id int PRIMARY KEY, ${columns.map(({ column }) => `${column} ${kind.type}`).join(", ")})`,
    `INSERT INTO ${table} (id, c0) VALUES ${values.map((value, id) => `(${id}, ${literal(engine, value)})`).join(", ")}`,
    ...(columns.length > 1
      ? [
          `UPDATE ${table} SET ${columns
            .slice(1)
            .map(({ column }) => `${column} = c0`)
            .join(", ")}`,
        ]
      : []),
  ]);
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
          const nulls = (rows: (string | null)[][] = []) => rows.filter((row) => row[at + 1] === null).length;
          const expected = rule.strategy === "nullify" && rule.path === undefined ? ROWS : nulls(raw);
          if (nulls(first) !== expected)
            wrong.push(`${kind.type} ${column} ${JSON.stringify(rule)}: ${nulls(first)} of ${expected} NULLs`);
        }
      }
      expect(wrong).toEqual([]);
    });
  });
}
