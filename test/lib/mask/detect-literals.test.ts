import { expect, test } from "bun:test";
import { findLiterals } from "../../../lib/mask/detect-literals.ts";

function reasons(text: string, masked: string[] = []): string[] {
  return findLiterals([{ object: "thing", text }], new Set(masked)).map(({ why }) => why);
}

test.each([
  ["'maria.lopez@lopez-hnos.es'::text", "an e-mail address"],
  ["CREATE VIEW v AS SELECT 1 WHERE email <> 'boss@acme.io'", "an e-mail address"],
  ["BEGIN\n  -- ask maria@acme.io before you change this\n  RETURN NEW;\nEND", "an e-mail address"],
  ["Ask maria@acme.io", "an e-mail address"],
  ["BEGIN EXECUTE 'SELECT ''maria@acme.io'''; END", "an e-mail address"],
  ["AS $f$ SELECT $$+49 30 9018 2275$$ $f$", "a phone number"],
  ["CHECK (iban <> 'DE89370400440532013000')", "an IBAN with valid check digits"],
  ["Refunds go to DE89 3704 0044 0532 0130 00.", "an IBAN with valid check digits"],
  ["ssn = '536-90-4399'", "an identity number"],
  ["ip = '81.2.69.142'", "an IP address"],
  ["FOR VALUES IN ('5425233430109903')", "a card number with a valid check digit"],
  ["enum('a','14 Rowan Street')", "a street address"],
  ["key text DEFAULT 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'", "a password hash, a key or a token"],
])("%j holds a literal that looks personal", (text, what) => {
  expect(reasons(text)).toContain(`a literal has the form of ${what}`);
});

test.each(["dblink('host=db user=app password=hunter2')", "SELECT http_get('https://app:hunter2@intra.acme.io/')"])(
  "%j holds credentials",
  (text) => {
    expect(reasons(text)).toContain("a literal holds credentials");
  },
);

test.each([
  "nextval('public.customer_customer_id_seq'::regclass)",
  "CHECK (email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$')",
  "to_char(now(), 'YYYY-MM-DD HH24:MI:SS')",
  "'2022-01-01 00:00:00+00'::timestamp with time zone",
  "FOR VALUES FROM ('2022-01-01') TO ('2022-02-01')",
  "enum('active','pending','PG-13','NC-17','Behind the Scenes')",
  "DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW v AS SELECT 1",
  "format('%s@%s', a, b)",
  "'user@example.com'",
  "host inet DEFAULT '127.0.0.1'",
  "net = '10.0.0.0/8' OR net = '0.0.0.0'",
  "id uuid DEFAULT '00000000-0000-0000-0000-000000000000'",
  "'6f1c2a34-9d1e-4a77-8d3f-2b1f8a6f0c11'",
  "phone LIKE '+99 999 999 999'",
  "'4111 1111 1111 1111'",
  "VERSION 1.2.3.4",
  "current_setting('application.currentUserIdentifier2Name')",
  "regexp_replace(x, '(\\d{3})-(\\d{2})-(\\d{4})', '\\1')",
  "RAISE EXCEPTION 'Cannot delete the row %: it is used', OLD.id",
])("%j holds none", (text) => {
  expect(reasons(text)).toEqual([]);
});

test("a literal that is a sampled value of a masked column is found, quoted or in prose", () => {
  const equal = ["a literal equals a sampled value of a masked column"];
  expect(reasons("WHERE owner = 'Ana Prieto'", ["Ana Prieto"])).toEqual(equal);
  expect(reasons("owner text DEFAULT 'O''Neill'", ["O'Neill"])).toEqual(equal);
  expect(reasons("-- made for Ana Prieto.", ["Ana Prieto"])).toEqual(equal);
  expect(reasons("The contract C-48813 is special", ["C-48813"])).toEqual(equal);
});

test("plain words, dates and short numbers prove nothing even when a masked column has them", () => {
  expect(reasons("status = 'active' AND n = '12' AND d > '2022-01-01'", ["active", "12", "2022-01-01"])).toEqual([]);
  expect(reasons("The customer is shown", ["customer", "shown"])).toEqual([]);
});

test("objects are named once for each reason, and values never", () => {
  const found = findLiterals(
    [
      { object: "view staff_list", text: "SELECT 'maria@acme.io', 'anna@acme.io'" },
      { object: "function f()", text: "SELECT 1" },
    ],
    new Set(),
  );
  expect(found).toEqual([{ object: "view staff_list", why: "a literal has the form of an e-mail address" }]);
  expect(JSON.stringify(found)).not.toContain("acme");
});
