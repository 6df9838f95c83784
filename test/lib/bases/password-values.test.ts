import { expect, test } from "bun:test";
import { withoutPasswordsIn } from "../../../lib/bases/password-values.ts";

test.each([
  ["user=x password=hunter2 host=h", "user=x  host=h"],
  ["user=x password = 'a \\' b' host=h", "user=x  host=h"],
  ["Driver=D;UID=ann;PWD={a;b};Server=s", "Driver=D;UID=ann;;Server=s"],
  ["odbc_pwd=hunter2", "odbc_"],
  ["postgres://ann:p@ss@h/db?sslmode=require", "postgres://ann@h/db?sslmode=require"],
  ["https://h/x?password=hunter2&page=1", "https://h/x?&page=1"],
])("%s", (value, bare) => {
  expect(withoutPasswordsIn(value)).toBe(bare);
});

test("what holds none stays", () => {
  for (const value of ["passwords", "SELECT passport = 1", "host=h", "https://h:5432/db", "bypass"])
    expect(withoutPasswordsIn(value)).toBe(value);
});
