import { expect, test } from "bun:test";
import { type Allowed, type Plan, type ScriptForm, type Statement, WHOLE } from "../../../lib/schema/change.ts";
import type { SchemaDialect } from "../../../lib/schema/dialect.ts";
import { ENGINE_TITLES, type FullSchema } from "../../../lib/schema/model-objects.ts";
import { keyOf } from "../../../lib/schema/postgres/keys.ts";
import { node } from "../../../lib/schema/postgres/node.ts";
import { shown } from "../../../lib/schema/postgres/quote.ts";
import { renderHtml } from "../../../lib/schema/render-html.ts";
import { planJson } from "../../../lib/schema/render-json.ts";
import { renderSql } from "../../../lib/schema/render-sql.ts";
import { renderText } from "../../../lib/schema/render-text.ts";
import { selector } from "../../../lib/schema/select.ts";

const form: ScriptForm = { begin: "BEGIN", commit: "COMMIT", before: ["SET x = 1"], after: [] };
const sides = { a: "old", b: "new" };
const none: Allowed = new Set();

function statement(sql: string, more: Partial<Statement> = {}): Statement {
  return { sql, hazards: [], transactional: true, change: "c", ...more };
}

function plan(...statements: Statement[]): Plan {
  const changes: Plan["changes"] = [
    { id: "c", kind: "column", name: "users.email", action: "alter", words: ["type: text → <b>"] },
  ];
  return { changes, statements, renames: [{ kind: "table", from: "public.a", to: "public.b" }], notCompared: [] };
}

test("a destructive statement is a comment on every one of its lines until its kind is allowed", () => {
  const drop = plan(statement("DROP TABLE\n  users", { destructive: "drop-table" }));
  expect(renderSql(drop, form, none)).toBe(
    "SET x = 1;\n\n-- left out, allow it by --allow drop-table\n-- DROP TABLE\n--   users;\n",
  );
  expect(renderSql(drop, form, new Set(["drop-table"] as const))).toBe(
    "SET x = 1;\n\nBEGIN;\nDROP TABLE\n  users;\nCOMMIT;\n",
  );
});

test("no name ends the comment that it is in, by whatever ends a line for a client", () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    const odd = `"x${end}; DROP TABLE keepme; --"`;
    const drop = statement(`DROP TABLE ${odd}`, {
      destructive: "drop-table",
      hazards: [{ name: "deletes-data", detail: `all rows of ${odd}` }],
    });
    const script = renderSql(plan(drop), { ...form, before: [] }, none);
    const lines = script.trimEnd().split(/[\r\n]/);
    expect(lines.filter((line) => !line.startsWith("-- "))).toEqual([]);
    expect(lines).toHaveLength(4);
  }
});

test("a transaction ends before what cannot run in one, and behind what must be committed first", () => {
  const sql = renderSql(
    plan(
      statement("one", { commitAfter: true }),
      statement("two"),
      statement("three", { transactional: false }),
      statement("four"),
    ),
    { ...form, before: [] },
    none,
  );
  expect(sql.split(/\n+/).join(" ").trim()).toBe("BEGIN; one; COMMIT; BEGIN; two; COMMIT; three; BEGIN; four; COMMIT;");
});

test("text names the changes, hazards, proposed renames and what must be allowed", () => {
  const shown = renderText(
    plan(statement("x", { destructive: "drop-column", hazards: [{ name: "deletes-data", detail: "users.email" }] })),
    sides,
    none,
  );
  for (const part of [
    "1 change turns old into new",
    "users.email",
    "deletes-data: users.email",
    "--allow drop-column",
    "--rename public.a=b",
  ])
    expect(shown).toContain(part);
});

test("the page holds no markup of the schema's own", () => {
  const page = renderHtml(plan(statement("SELECT '<script>'")), sides, {
    allowed: none,
    form,
    script: "</pre><script>",
  });
  expect(page).toContain("type: text → &lt;b&gt;");
  expect(page.match(/<script>/g)).toHaveLength(1);
});

test("json says of each statement whether it is allowed", () => {
  const data = planJson(plan(statement("x", { destructive: "drop-index" })), sides, none);
  expect(data).toMatchObject({ same: false, statements: [{ allowed: false, destructive: "drop-index" }] });
});

test("patterns leave out whole names only", () => {
  const takes = selector({ ...WHOLE, ignore: ["tmp_*", "audit.log"], schemas: ["public", "audit"] });
  const thing = (schema: string, name: string) => ({
    kind: "table" as const,
    schema,
    names: [name, `${schema}.${name}`],
  });
  expect(takes(thing("public", "tmp_1"))).toBe(false);
  expect(takes(thing("audit", "log"))).toBe(false);
  expect(takes(thing("public", "log"))).toBe(true);
  expect(takes(thing("other", "log"))).toBe(false);
});

test("a pattern has no quotes: it finds a name that SQL has to quote, with and without its schema", () => {
  const column = node({
    key: keyOf.column("App", "SequelizeMeta", "oldCol"),
    kind: "column",
    schema: "App",
    title: shown("App", "SequelizeMeta", "oldCol"),
    it: undefined,
    create: "",
    drop: "",
    compare: () => undefined,
  });
  const left = (...ignore: string[]) => !selector({ ...WHOLE, ignore })(column);
  expect(left("SequelizeMeta.oldCol")).toBe(true);
  expect(left("App.SequelizeMeta.oldCol")).toBe(true);
  expect(left('"SequelizeMeta"."oldCol"')).toBe(true);
  expect(left("sequelizemeta.oldcol", "oldCol")).toBe(false);
});

test("patterns that leave something out are noted, also where another one does", () => {
  const met = new Set<string>();
  selector({ ...WHOLE, ignore: ["t*", "tmp", "gone"] }, met)({ kind: "table", schema: "", names: ["tmp"] });
  expect([...met]).toEqual(["t*", "tmp"]);
});

test("a dialect is a closed set of functions over the model", () => {
  const dialect: SchemaDialect = {
    read: async () => ({}) as FullSchema,
    readTables: async () => ({}) as FullSchema,
    diff: () => ({ changes: [], statements: [], renames: [], notCompared: [] }),
    script: form,
  };
  const same = dialect.diff({} as FullSchema, {} as FullSchema, WHOLE);
  expect(renderText(same, sides, none)).toBe("old and new have the same schema");
  expect(Object.keys(ENGINE_TITLES)).toEqual(["postgres", "mysql", "sqlite"]);
});
