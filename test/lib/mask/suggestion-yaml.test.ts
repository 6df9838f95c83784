import { expect, test } from "bun:test";
import { parse } from "yaml";
import { fileSchema } from "../../../lib/kit/config-schema.ts";
import type { Finding } from "../../../lib/mask/detect.ts";
import type { Suggestion } from "../../../lib/mask/suggest.ts";
import { suggestionYaml } from "../../../lib/mask/suggestion-yaml.ts";

function finding(table: string, column: string, ...suggest: Suggestion[]): Finding {
  return { schema: "public", table, column, what: "opaque", why: "its name", suggest };
}

test("the lines are those to add, and how to keep a column is said once", () => {
  const findings = [
    finding("users", "email", { strategy: "replace", type: "email" }),
    finding("people", "born_on", { strategy: "shift", days: 30 }),
    finding(
      "users",
      "profile",
      { strategy: "replace", type: "email", path: "$.email" },
      { strategy: "nullify", path: "$.tags[*]" },
    ),
  ];
  expect(suggestionYaml(findings)).toBe(`    - { table: users, column: email, strategy: replace, type: email }
    - { table: people, column: born_on, strategy: shift, days: 30 }
    - { table: users, column: profile, strategy: replace, type: email, path: "$.email" }
    - { table: users, column: profile, strategy: nullify, path: "$.tags[*]" }
    # Or, for a column that is not personal: - { table: users, column: email, strategy: keep }
`);
  expect(suggestionYaml([])).toBe("");
});

test("the schema is named where it is not the usual one", () => {
  const crm: Finding = { ...finding("users", "email", { strategy: "replace", type: "email" }), schema: "crm" };
  expect(suggestionYaml([crm])).toContain("- { schema: crm, table: users, column: email,");
  expect(suggestionYaml([crm], { schema: "crm" })).toContain("- { table: users, column: email,");
});

test.each([
  "yes",
  "No",
  "null",
  "1e3",
  "007",
  "12",
  "-a",
  "Größe",
  "a: b",
  "a, b",
  "#x",
  "it's",
  '"',
  "\\",
  "a\nb",
  "$.a",
  ".inf",
  "~",
  "*a",
  " a ",
])("YAML reads %j as the name that it is, in both of its versions", (name) => {
  const yaml = `obfuscation:\n  rules:\n${suggestionYaml([finding(name, name, { strategy: "redact", with: name })])}`;
  for (const version of ["1.1", "1.2"] as const) {
    const { obfuscation } = fileSchema.parse(parse(yaml, { version }));
    expect(obfuscation.rules).toEqual([{ table: name, column: name, strategy: "redact", with: name }]);
  }
});
