import { describe, expect, test } from "bun:test";
import { parseWishes } from "../../../lib/reference/wishes.ts";
import { WHOLE } from "../../../lib/schema/change.ts";
import type { FullSchema } from "../../../lib/schema/model-objects.ts";
import { takenRenames as takenMysql } from "../../../lib/schema/mysql/renames.ts";
import { takeRenames as takenPostgres } from "../../../lib/schema/postgres/renames.ts";
import { takenRenames as takenSqlite } from "../../../lib/schema/sqlite/renames.ts";
import { table } from "./table.ts";

function schema(...tables: [name: string, columns: string[]][]): FullSchema {
  const lists = { sequences: [], types: [], routines: [], triggers: [], rules: [], policies: [], dependencies: [] };
  return {
    ...lists,
    tables: tables.map(([name, columns]) =>
      table(
        name,
        columns.map((column) => ({ ...table("x", ["x int"]).columns[0], name: column }) as never),
      ),
    ),
  } as unknown as FullSchema;
}

function wish(...rename: string[]) {
  const flags = { rename, sql: false, html: undefined, allow: [], online: false };
  return { ...WHOLE, ...parseWishes({ ...flags, ignore: [], schemas: [], kinds: [] }).options };
}

const a = schema(["users", ["id", "mail"]], ["orders", ["id"]]);
const b = schema(["accounts", ["id", "email"]], ["orders", ["id"]]);

describe.each([
  ["Postgres", takenPostgres],
  ["MySQL", takenMysql],
  ["SQLite", takenSqlite],
] as const)("on %s", (_, taken) => {
  test.each(["user=accounts", "users=account", "users=orders", "users.mial=email", "orders.id=nr"])(
    "--rename %s, which fits nothing, is refused",
    (rename) => {
      expect(() => taken(a, b, wish(rename))).toThrow(expect.objectContaining({ code: "RENAME_UNFIT", exit: 2 }));
    },
  );

  test("one that fits is taken, a column's by the new name of its table", () => {
    for (const column of ["accounts.mail=email", "accounts.mail=accounts.email"])
      expect(() => taken(a, b, wish(column, "users=accounts"))).not.toThrow();
  });
});

test.each([
  ['"Users"."eMail"="Email"', 'ALTER TABLE shop."Users" RENAME COLUMN "eMail" TO "Email"'],
  ['shop."Users"."eMail"="Email"', 'ALTER TABLE shop."Users" RENAME COLUMN "eMail" TO "Email"'],
  ["Users.eMail=Email", 'ALTER TABLE shop."Users" RENAME COLUMN "eMail" TO "Email"'],
  ['"Users"."a.b=c"="d""e"', 'ALTER TABLE shop."Users" RENAME COLUMN "a.b=c" TO "d""e"'],
  ['shop."My ""Table"""="Other.Table"', 'ALTER TABLE shop."My ""Table""" RENAME TO "Other.Table"'],
])("Postgres' own way to write a name is taken: --rename %s", (rename, sql) => {
  const [old, now] = [
    schema(["Users", ["eMail", "a.b=c"]], ['My "Table"', ["id"]]),
    schema(["Users", ["Email", 'd"e']], ["Other.Table", ["id"]]),
  ];
  expect(takenPostgres(old, now, wish(rename)).statements[0]?.sql).toBe(sql);
});
