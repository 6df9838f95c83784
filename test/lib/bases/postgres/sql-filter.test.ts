import { expect, test } from "bun:test";
import { SqlFilter } from "../../../../lib/bases/postgres/sql-filter.ts";

/** What passes, when the text comes in pieces of `size` bytes. */
function filtered(text: string, size = 1 << 20): { text: string; filter: SqlFilter } {
  const filter = new SqlFilter();
  const bytes = new TextEncoder().encode(text);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...filter.push(bytes.slice(at, at + size)));
  out.push(...filter.end());
  return { text: Buffer.concat(out).toString(), filter };
}

const DUMP = `--
-- PostgreSQL database dump
--

\\restrict abc
CREATE DATABASE app WITH TEMPLATE = template0;
ALTER DATABASE app OWNER TO "Some Body";
\\unrestrict abc
\\encoding SQL_ASCII
\\connect app
\\restrict abc
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$
SELECT 'x;
\\connect nowhere
GRANT a TO b;' || $1 || $$;
COPY t (a) FROM stdin;
$$
$_$;
COPY public.t (a) FROM stdin;
\\\\connect
\\.
INSERT INTO t VALUES (E'it\\'s;
\\connect literal
;');
/* a comment;
\\connect comment
*/
COMMENT ON TABLE "a""
\\connect name" IS 'GRANT x TO y;';
--
-- PostgreSQL database dump complete
--
\\unrestrict abc
`;

const kept = DUMP.split("\n").map((line) =>
  /^\\(restrict|unrestrict|encoding|connect app)|^CREATE DATABASE/.test(line) ? "" : line,
);

for (const size of [1 << 20, 7, 1]) {
  test(`psql's own commands go and literals, bodies, names and rows stay, in pieces of ${size} bytes`, () => {
    const { text, filter } = filtered(DUMP, size);
    expect(text).toBe(`${kept.join("\n")}`);
    expect([...filter.roles.keys()]).toEqual(["Some Body"]);
    expect(filter.copies).toBe(1);
    expect(filter.truncated()).toBeUndefined();
  });
}

test("a dump that stops half way is noticed", () => {
  expect(filtered(DUMP.slice(0, -60)).filter.truncated()).toContain("dump complete");
  expect(filtered(DUMP.slice(0, DUMP.indexOf("\\\\connect"))).filter.truncated()).toContain("table's rows");
});

test("roles are found in every statement of pg_dump's that names some", () => {
  const text = `CREATE ROLE own;
ALTER TABLE public.t OWNER TO own;
ALTER TABLE public.t OWNER TO "Owner";
GRANT SELECT ON TABLE public.t TO reader WITH GRANT OPTION;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;
CREATE POLICY p ON public.t AS RESTRICTIVE FOR SELECT TO c, "d e", PUBLIC USING ((x = ' TO nobody;'::text));
CREATE USER MAPPING FOR f SERVER s OPTIONS (
);
ALTER EVENT TRIGGER e OWNER TO root;
ALTER TABLE public.u OWNER TO root;
`;
  const { filter } = filtered(text);
  expect([...filter.roles]).toEqual(
    ["Owner", "reader", "a", "b", "c", "d e", "f", "root"].map((role): [string, boolean] => [role, role === "root"]),
  );
});

test("a line of any length passes in pieces", () => {
  const text = `INSERT INTO t VALUES ('${"x;\\connect ".repeat(100_000)}');\n\\connect app\nSELECT 1;\n`;
  expect(filtered(text, 65_536).text).toBe(text.replace("\\connect app", ""));
});

test.each([
  ["SELECT 1;\n\\! id\n", 2],
  ["SELECT 1 \\g |sh\n", 1],
  ["SELECT 1\n\\g |sh\n", 2],
  ["COPY t FROM stdin;\n\\N\n\\.\n\\i /etc/passwd\n", 4],
  ["COPY t TO '/tmp/t' -- FROM stdin;\n\\! id\n", 2],
])("a command of psql's is told by its line: %j", (text, line) => {
  for (const size of [1, 7, 1 << 20]) expect(filtered(text, size).filter.commandAt).toBe(line);
});

test("what pg_dump writes holds none", () => {
  expect(filtered(DUMP).filter.commandAt).toBe(0);
});
