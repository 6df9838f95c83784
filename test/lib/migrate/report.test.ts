import { expect, test } from "bun:test";
import type { SeenStatement } from "../../../lib/engine/watch.ts";
import { withoutPasswords, worstLock } from "../../../lib/migrate/lock-words.ts";
import type { Outcome } from "../../../lib/migrate/outcome.ts";
import { outcomeMarkdown } from "../../../lib/migrate/report-markdown.ts";

const seen = (sql: string, more: Partial<SeenStatement> = {}): SeenStatement => ({
  ...{ sql, startedAt: 0, ms: 1, rewrites: [], failed: false, times: 1 },
  ...more,
});

const outcome = (more: Partial<Outcome>): Outcome => ({
  copy: {
    id: "01k",
    name: "shop",
    source: "default",
    server: { flavour: "postgres", version: "17.6" },
  } as Outcome["copy"],
  ...{
    tool: "sql",
    shown: "1.sql",
    state: "migrated",
    status: 0,
    ms: 12,
    snapshot: "before",
    statements: [],
    output: "",
  },
  ...more,
});

test("the longest of the locks that keep others from reading comes before longer weaker ones", () => {
  const lock = (mode: string, heldMs: number) =>
    seen(mode, { heldMs, lock: { mode, relations: ["public.t"], known: "seen" } });
  const all = [
    lock("SHARE", 900),
    lock("ACCESS EXCLUSIVE", 4),
    lock("ACCESS EXCLUSIVE", 7),
    lock("ROW EXCLUSIVE", 5000),
  ];
  expect(worstLock(all, "postgres")?.heldMs).toBe(7);
  expect(worstLock([all[0] as SeenStatement], "postgres")?.heldMs).toBe(900);
  expect(worstLock([], "postgres")).toBeUndefined();
});

test("statements can't break out of a table or a fence", () => {
  const text = outcomeMarkdown(
    outcome({
      statements: [seen("ALTER TABLE \"a|b`c\"\n  ADD x text DEFAULT '<b>'")],
      schema: { changes: ["+ table ````x"], diff: "+```\n+</details>", added: 2, removed: 0 },
    }),
  );
  expect(text).toContain("| 1 | ``ALTER TABLE \"a\\|b`c\" ADD x text DEFAULT '<b>'`` |");
  expect(text).toContain("````diff\n+```\n+</details>\n````");
  expect(text).toContain("`````diff\n+ table ````x\n`````");
});

test("a failure shows what the tool said, and that the copy is as before", () => {
  const text = outcomeMarkdown(outcome({ state: "rolled_back", status: 3, output: "boom" }));
  expect(text).toStartWith("## Migration of a copy: ❌ failed\n");
  expect(text).toContain("was rolled back by itself: the copy is as before (`status 3`)");
  expect(text).toContain("```\nboom\n```");
});

test("a report stays within a comment's size", () => {
  const statements = Array.from({ length: 5_000 }, (_, at) => seen(`ALTER TABLE t${at} ADD ${"x".repeat(500)} int`));
  const changes = Array.from({ length: 5_000 }, (_, at) => `+ column t${at}.x`);
  const schema = { changes, diff: "+line of a schema\n".repeat(20_000).trimEnd(), added: 20_000, removed: 0 };
  expect(outcomeMarkdown(outcome({ statements, schema, output: "x".repeat(8_000) })).length).toBeLessThan(65_536);
});

test.each([
  ["CREATE ROLE x PASSWORD 'se''cret'", "CREATE ROLE x PASSWORD '***'"],
  ["ALTER USER x WITH ENCRYPTED PASSWORD E'a\\'b' LOGIN", "ALTER USER x WITH ENCRYPTED PASSWORD '***' LOGIN"],
  ["CREATE USER u IDENTIFIED BY 'secret'", "CREATE USER u IDENTIFIED BY '***'"],
  [
    'CREATE USER u IDENTIFIED WITH caching_sha2_password BY "secret"',
    "CREATE USER u IDENTIFIED WITH caching_sha2_password BY '***'",
  ],
  [
    "CREATE USER MAPPING FOR x SERVER s OPTIONS (user 'a', password 'b')",
    "CREATE USER MAPPING FOR x SERVER s OPTIONS (user 'a', password '***')",
  ],
  ["ALTER TABLE t ADD password text DEFAULT 'x'", "ALTER TABLE t ADD password text DEFAULT 'x'"],
])("passwords are taken out of %j", (sql, clean) => {
  expect(withoutPasswords(sql)).toBe(clean);
});
