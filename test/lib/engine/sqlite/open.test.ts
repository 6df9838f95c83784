import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../../../lib/engine/sqlite/open.ts";
import { sqliteDialect } from "../../../../lib/schema/sqlite/index.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a database that does not exist is not made by looking at it", async () => {
  const path = join(folder, "absent.db");
  expect(openSqlite(path)).rejects.toThrow("there is no such file");
  expect(await Bun.file(path).exists()).toBe(false);
});

test("a file that is no database is said to be none", async () => {
  const path = join(folder, "letter.db");
  writeFileSync(path, "Dear reader, this is a letter and by no means a database.".repeat(100));
  expect(openSqlite(path)).rejects.toThrow("not a database");
});

test("a database is read without being written to", async () => {
  const path = join(folder, "app.db");
  const writer = await openSqlite(path, { create: true });
  await writer.query("CREATE TABLE t (id INTEGER PRIMARY KEY)");
  await writer.close();
  const reader = await openSqlite(path);
  expect((await sqliteDialect.read(reader)).tables.map(({ name }) => name)).toEqual(["t"]);
  expect(reader.query("INSERT INTO t VALUES (1)")).rejects.toThrow("readonly");
  await reader.close();
});
