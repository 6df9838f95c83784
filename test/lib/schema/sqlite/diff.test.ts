import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DESTRUCTIVE, type Destructive, type DiffOptions, type Plan, WHOLE } from "../../../../lib/schema/change.ts";
import type { FullSchema } from "../../../../lib/schema/model-objects.ts";
import { notAllowed, partsOf, renderSql } from "../../../../lib/schema/render-sql.ts";
import { sqliteDialect } from "../../../../lib/schema/sqlite/index.ts";
import { generatePair } from "./generate.ts";

const CASES = join(import.meta.dir, "../../../fixtures/diff/sqlite");

/** Writes what the SQL is now into `expected.sql`, for a person to read. */
const update = process.env.DITTO_TEST_UPDATE === "1";

describe("A becomes B, its rows stay, and sqlite_schema is alike", () => {
  for (const name of readdirSync(CASES).sort()) {
    test(name, async () => {
      const [before, after] = ["before.sql", "after.sql"].map((file) => readFileSync(join(CASES, name, file), "utf8"));
      const renames = [...(before ?? "").matchAll(/^-- rename: (.+)=(.+)$/gm)].map(([, from = "", to = ""]) => ({
        from,
        to,
      }));
      const { complaints, sql } = await tryPair(before ?? "", after ?? "", { renames });
      expect(complaints).toEqual([]);
      const path = join(CASES, name, "expected.sql");
      if (update) writeFileSync(path, sql);
      expect(sql).toBe(existsSync(path) ? readFileSync(path, "utf8") : "there is no expected.sql");
    });
  }
});

describe("in a shell that goes on after errors no row is lost", () => {
  const NULLABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL);";
  const STRICT = "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT NOT NULL);";
  const CASES = [
    { name: "a row doesn't fit", before: NULLABLE, after: STRICT, fails: "" },
    {
      name: "the new table can't be made",
      before: NULLABLE,
      after: "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER);",
      fails: "CREATE TABLE",
    },
    {
      name: "the rows can't be copied",
      before: NULLABLE,
      after: "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER);",
      fails: "INSERT OR ABORT",
    },
    {
      name: "the new table can't get its name",
      before: NULLABLE,
      after: "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER);",
      fails: "RENAME TO",
    },
    { name: "the transaction can't begin", before: NULLABLE, after: STRICT, fails: "BEGIN" },
    {
      name: "an index can't be made",
      before: NULLABLE.replace("NULL)", "'a')"),
      after: `${STRICT} CREATE UNIQUE INDEX i ON t (c);`,
      fails: "",
    },
    {
      name: "a column's own clause would leave rows out",
      before: NULLABLE,
      after: STRICT.replace("NOT NULL", "NOT NULL ON CONFLICT IGNORE"),
      fails: "",
    },
    {
      name: "the module of a virtual table is missing",
      before: "CREATE VIRTUAL TABLE t USING fts5(id, c); INSERT INTO t VALUES (1, 'a'), (2, 'b');",
      after: "CREATE VIRTUAL TABLE t USING fts5(id, c, tokenize = porter);",
      fails: "CREATE VIRTUAL",
    },
  ];
  for (const { name, before, after, fails } of CASES) {
    test(name, async () => {
      const database = loaded(before);
      const rows = database.query("SELECT * FROM t").all();
      const left = loaded(after);
      const [a, b] = await Promise.all([database, left].map((one) => sqliteDialect.read(sessionOf(one))));
      const errors = runOn(database, sqliteDialect.diff(a as FullSchema, b as FullSchema, WHOLE), fails);
      expect(errors.length).toBeGreaterThan(0);
      expect(database.inTransaction).toBe(false);
      expect(database.query("SELECT * FROM t").all()).toEqual(rows);
    });
  }

  test("an error that ends the transaction", async () => {
    const [database, left] = [loaded(NULLABLE), loaded(STRICT.replace("NOT NULL", "COLLATE nocase"))];
    const [a, b] = await Promise.all([database, left].map((one) => sqliteDialect.read(sessionOf(one))));
    runOn(database, sqliteDialect.diff(a as FullSchema, b as FullSchema, WHOLE), "INSERT OR ABORT", "ROLLBACK");
    expect(database.query("SELECT count(*) AS n FROM t").get()).toEqual({ n: 2 });
  });
});

describe("what stands on a table that is made anew", () => {
  const BEFORE = `CREATE TABLE log (x); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, d TEXT, e TEXT);
    CREATE INDEX own ON t (c); CREATE INDEX own_e ON t (e);
    CREATE TRIGGER own_tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.c); END;`;
  const standing = (database: Database) =>
    database
      .query("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'own%' ORDER BY name")
      .all()
      .map((row) => (row as { sql: string }).sql.replaceAll('"', ""));
  const apply = async (after: string, options: Partial<DiffOptions>, allowed: Iterable<Destructive>) => {
    const [database, left] = [loaded(BEFORE), loaded(after)];
    const [a, b] = await Promise.all([database, left].map((one) => sqliteDialect.read(sessionOf(one))));
    const plan = sqliteDialect.diff(a as FullSchema, b as FullSchema, { ...WHOLE, ...options });
    database.exec(renderSql(plan, sqliteDialect.script, new Set(allowed)));
    return { database, plan };
  };
  const before = standing(loaded(BEFORE));

  test.each<[string, Partial<DiffOptions>]>([
    ["--ignore", { ignore: ["own*"] }],
    ["--kinds", { kinds: ["table", "column"] }],
  ])("stays as it is where %s leaves it out", async (_, options) => {
    const { database, plan } = await apply(
      "CREATE TABLE log (x); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT DEFAULT 'x', d TEXT, e TEXT);",
      options,
      DESTRUCTIVE,
    );
    expect(standing(database)).toEqual(before);
    expect(notAllowed(plan, new Set())).toEqual([]);
    expect(plan.changes.map(({ name }) => name)).toEqual(["t.c"]);
  });

  test("follows renames where it is left out, and an index goes with its column", async () => {
    const { database } = await apply(
      "CREATE TABLE log (x); CREATE TABLE u (id INTEGER PRIMARY KEY, f INTEGER, d TEXT);",
      {
        ignore: ["own*"],
        renames: [
          { from: "t", to: "u" },
          { from: "u.c", to: "f" },
        ],
      },
      DESTRUCTIVE,
    );
    expect(standing(database)).toEqual([
      "CREATE INDEX own ON u (f)",
      "CREATE TRIGGER own_tr AFTER INSERT ON u BEGIN INSERT INTO log VALUES (new.f); END",
    ]);
  });

  test("waits for the consent that the table waits for", async () => {
    const after = `CREATE TABLE log (x); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT DEFAULT 'x', e TEXT);
      ${before.join(";")}; CREATE INDEX other ON t (e, c);`;
    const { database, plan } = await apply(after, {}, []);
    expect(standing(database)).toEqual(before);
    expect(notAllowed(plan, new Set())).toEqual(["drop-column"]);
    expect(standing((await apply(after, {}, ["drop-column"])).database)).toEqual(before);
  });

  test("is not dropped along with the old table unless that is allowed", async () => {
    const after = `CREATE TABLE log (x); CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT DEFAULT 'x', d TEXT, e TEXT);
      ${before.slice(1).join(";")};`;
    const { database, plan } = await apply(after, {}, []);
    expect(standing(database)).toEqual(before);
    expect(notAllowed(plan, new Set())).toEqual(["drop-index"]);
    expect(standing((await apply(after, {}, ["drop-index"])).database)).toEqual(before.slice(1));
  });
});

/** Runs a plan's script as `sqlite3` reads it from a pipe. What has `fails` in it is not run, or `instead` is. */
function runOn(database: Database, plan: Plan, fails: string, instead = "Stopped by this test"): string[] {
  const { before, begin, commit, after } = sqliteDialect.script;
  const parts = partsOf(plan.statements).flatMap(({ transaction, statements }) => {
    const texts = statements.map(({ sql }) => sql);
    return transaction ? [begin, ...texts, commit] : texts;
  });
  return [...before, ...parts, ...after].flatMap((sql) => {
    try {
      database.exec(fails !== "" && sql.includes(fails) && !sql.includes("TEMP") ? instead : sql);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

test("a type that reads values as others waits for consent, with the indexes and triggers of its table", async () => {
  const [before, after] = ["before", "after"].map((file) =>
    loaded(readFileSync(join(CASES, "column-type-narrows", `${file}.sql`), "utf8")),
  ) as [Database, Database];
  const [a, b] = [await sqliteDialect.read(sessionOf(before)), await sqliteDialect.read(sessionOf(after))];
  const plan = sqliteDialect.diff(a, b, WHOLE);
  const zips = () => before.query("SELECT zip FROM t").values().flat();
  expect(notAllowed(plan, new Set())).toEqual(["narrow-type"]);
  before.exec(renderSql(plan, sqliteDialect.script, new Set()));
  expect(zips()).toEqual(["00123"]);
  expect(before.query("SELECT name FROM sqlite_schema ORDER BY name").values().flat()).toEqual([
    "by_zip",
    "p",
    "t",
    "tidy",
  ]);
  const rest = sqliteDialect.diff(await sqliteDialect.read(sessionOf(before)), b, WHOLE);
  before.exec(renderSql(rest, sqliteDialect.script, new Set(["narrow-type"] as const)));
  expect(zips()).toEqual([123]);
});

const seeds = Array.from({ length: process.env.DITTO_TEST_SOAK === "1" ? 500 : 60 }, (_, seed) => seed);

test(`${seeds.length} random schemas and random changes of them`, async () => {
  let refused = 0;
  for (const seed of seeds) {
    const { before, after } = generatePair(seed);
    const { complaints, sql, plan } = await tryPair(before, after, {});
    const fails = plan.statements.some(({ hazards }) => hazards.some(({ name }) => name === "may-fail"));
    // Rows that don't fit stop a script that was said to stop for them.
    if (fails && /constraint failed|mismatch/.test(complaints[0] ?? "")) refused++;
    else expect({ seed, complaints, sql: complaints.length > 0 ? sql : "" }).toEqual({ seed, complaints: [], sql: "" });
  }
  expect(refused).toBeLessThan(seeds.length / 3);
});

/** Loads both, applies the difference to the first as its script says, and looks at what came of it. */
export async function tryPair(
  before: string,
  after: string,
  some: Partial<DiffOptions>,
): Promise<{ complaints: string[]; sql: string; plan: Plan }> {
  const [a, b] = [loaded(before), loaded(after)];
  const options = { ...WHOLE, ...some };
  const right = await sqliteDialect.read(sessionOf(b));
  const plan = sqliteDialect.diff(await sqliteDialect.read(sessionOf(a)), right, options);
  const sql = renderSql(plan, sqliteDialect.script, new Set(DESTRUCTIVE));
  const rows = rowsOf(a);
  const complaints: string[] = [];
  try {
    if (sql !== "") a.exec(sql);
  } catch (error) {
    complaints.push(`${(error as Error).message} in\n${sql}`);
  }
  const again = sqliteDialect.diff(await sqliteDialect.read(sessionOf(a)), right, { ...options, renames: [] });
  for (const { kind, name, words } of again.changes)
    complaints.push(`still differs: ${kind} ${name}: ${words.join("; ")}`);
  complaints.push(...differing(linesOf(a), linesOf(b)), ...lost(rows, rowsOf(a), plan));
  for (const row of a.query("PRAGMA integrity_check").all())
    if (!/ok/.test(JSON.stringify(row))) complaints.push(JSON.stringify(row));
  a.close();
  b.close();
  return { complaints, sql, plan };
}

function loaded(sql: string): Database {
  const database = new Database(":memory:");
  if (sql.trim() !== "") database.exec(sql);
  return database;
}

function sessionOf(database: Database) {
  return {
    server: { flavour: "sqlite" as const, version: "3" },
    database: "",
    query: async <Row>(sql: string, parameters: unknown[] = []) =>
      database.prepare(sql).all(...(parameters as string[])) as Row[],
    close: async () => {},
  };
}

/** What sqlite_schema holds, an item a line: blanks, case and needless quotes aside, columns in any order. */
function linesOf(database: Database): string[] {
  const rows = database
    .query("SELECT type, name, tbl_name AS t, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence' ORDER BY name")
    .all() as { type: string; name: string; t: string; sql: string | null }[];
  return rows.flatMap(({ type, name, t, sql }) => {
    const bare = (sql ?? "")
      .replace(/--[^\n]*\n|\/\*.*?\*\//g, " ")
      .replace(/["`[\]]/g, "")
      .replace(/\s+/g, " ")
      .replace(/ ?([(),=]) ?/g, "$1");
    const head = `${type} ${name} on ${t}`.toLowerCase();
    if (type !== "table" || sql === null) return [`${head}: ${sql === null ? "" : unquotedCase(bare)}`];
    const open = bare.indexOf("(");
    const items = pieces(bare.slice(open + 1, bare.lastIndexOf(")")));
    return [
      `${head}: ${unquotedCase(bare.slice(0, open))} ${unquotedCase(bare.slice(bare.lastIndexOf(")")))}`,
      ...items.map((item) => `${head}: ${unquotedCase(words(item))}`),
    ];
  });
}

/** NOT NULL and DEFAULT may stand in any order. */
function words(item: string): string {
  return item
    .split(/ (?=not null|default |check)/i)
    .sort()
    .join(" ");
}

function unquotedCase(text: string): string {
  return text.replace(/'(?:[^']|'')*'|[^']+/g, (part) => (part.startsWith("'") ? part : part.toLowerCase())).trim();
}

function pieces(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim());
}

function differing(a: string[], b: string[]): string[] {
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `migrated: ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `desired : ${line}`),
  ];
}

type Rows = Map<string, Record<string, unknown>[]>;

function rowsOf(database: Database): Rows {
  const names = database
    .query(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'",
    )
    .all() as { name: string }[];
  const rows: Rows = new Map();
  for (const { name } of names) {
    const rowid = database.query("SELECT wr FROM pragma_table_list WHERE name = ?").get(name) as { wr: number };
    const columns = rowid.wr === 1 || name.startsWith("r") ? "*" : "rowid AS rowid, *";
    rows.set(
      name.toLowerCase(),
      database.query(`SELECT ${columns} FROM "${name.replaceAll('"', '""')}"`).all() as Record<string, unknown>[],
    );
  }
  const counters = database.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get();
  if (counters)
    rows.set("sqlite_sequence", database.query("SELECT * FROM sqlite_sequence").all() as Record<string, unknown>[]);
  return rows;
}

/** Rows and values that are gone without a hazard that says so. */
function lost(before: Rows, after: Rows, plan: Plan): string[] {
  const told = plan.statements.some(({ hazards }) => hazards.some(({ name }) => name === "deletes-data"));
  const changed = new Set(plan.changes.map(({ name }) => name.toLowerCase()));
  const renamed = new Map(
    plan.changes
      .filter(({ kind, action }) => kind === "table" && action === "rename")
      .map(({ name, words: [word = ""] }) => [word.slice(6).split(" → ")[0] ?? "", name]),
  );
  return [...before].flatMap(([table, rows]) => {
    if (table === "sqlite_sequence" && (told || !after.has(table))) return [];
    const now = after.get((renamed.get(table) ?? table).toLowerCase());
    if (now?.length !== rows.length)
      return told || table === "sqlite_sequence"
        ? []
        : [`${table} had ${rows.length} rows and has ${now?.length ?? "none"}`];
    const columns = Object.keys(rows[0] ?? {}).filter(
      (column) => column in (now[0] ?? {}) && !changed.has(`${table}.${column}`.toLowerCase()),
    );
    const values = (some: Record<string, unknown>[]) =>
      some
        .map((row) => JSON.stringify(columns.map((column) => row[column])))
        .sort()
        .join("\n");
    return values(rows) === values(now)
      ? []
      : [`values of ${table} have changed: ${values(rows)} is now ${values(now)}`];
  });
}
