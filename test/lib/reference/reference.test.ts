import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverFor } from "../../../lib/reference/open.ts";
import { labelOf, parseReference } from "../../../lib/reference/reference.ts";

const folder = mkdtempSync(join(tmpdir(), "ditto-reference-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

test("a database is named in every form of the contract", () => {
  expect(parseReference("source")).toEqual({ kind: "source", word: "" });
  expect(parseReference("source:billing")).toEqual({ kind: "source", word: "billing" });
  expect(parseReference("base")).toEqual({ kind: "base", word: "" });
  expect(parseReference("copy:@branch")).toEqual({ kind: "copy", word: "@branch" });
  expect(parseReference("snapshot:work/before")).toEqual({ kind: "snapshot", word: "work/before" });
  expect(parseReference("postgres://u@h/app")).toEqual({ kind: "url", word: "postgres://u@h/app" });
  expect(parseReference("jdbc:mysql://h/app")).toEqual({ kind: "url", word: "jdbc:mysql://h/app" });
  expect(parseReference("sqlite:app.db")).toEqual({ kind: "sqlite", word: "app.db" });
  const sql = file("schema.sql", "CREATE TABLE t (id int);");
  expect(parseReference(sql)).toEqual({ kind: "file", word: sql });
});

test("a database file is known by its first bytes, whatever it is called", () => {
  const path = join(folder, "store.sql");
  const database = new Database(path, { create: true });
  database.exec("CREATE TABLE t (id int)");
  database.close();
  expect(parseReference(path)).toEqual({ kind: "sqlite", word: path });
});

test.skipIf(process.platform !== "linux")("a file that was looked at is closed", () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (const word of [file("looked-at.sql", "SELECT 1;"), folder]) parseReference(word);
  expect(open()).toBe(before);
});

test("what is no database is refused with the forms that there are", () => {
  for (const text of ["nowhere.sql", "", "copy", "copy:", "snapshot:", "oracle://h/db"]) {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ exit: 2 }));
  }
});

test("a label never has the password", () => {
  expect(labelOf(parseReference("postgres://app:s3cr3t@h/app"))).not.toContain("s3cr3t");
  expect(labelOf(parseReference("snapshot:work/before"))).toBe("snapshot:work/before");
  expect(labelOf(parseReference("base"))).toBe("base");
});

describe("a file runs on", () => {
  const nothing = { wish: undefined, beside: undefined, file: undefined, image: "" };
  const beside = { flavour: "mysql", version: "9.7.0" } as const;
  const own = { flavour: "postgres", version: "16.2" } as const;

  test("the engine that was asked for, before all else", () => {
    const found = serverFor("a.sql", { ...nothing, wish: "mariadb:11.8", beside, file: own, image: "postgres:17" });
    expect(found).toEqual({ flavour: "mariadb", version: "11.8" });
  });
  test("the other database's, then its own, then that of copy.image", () => {
    expect(serverFor("a.sql", { ...nothing, beside, file: own, image: "postgres:17" })).toEqual(beside);
    expect(serverFor("a.sql", { ...nothing, file: own, image: "postgres:17" })).toEqual(own);
    const image = "registry.example.com:5000/team/postgres:17-alpine";
    expect(serverFor("a.sql", { ...nothing, image })).toEqual({ flavour: "postgres", version: "17" });
  });
  test("none, where nothing says which", () => {
    expect(() => serverFor("a.sql", nothing)).toThrow(/does not say which server it is for/);
    expect(() => serverFor("a.sql", { ...nothing, wish: "postgres" })).toThrow(/names no engine and version/);
  });
});
