import { quoteIdentifier } from "../../engine/postgres/quote.ts";

/** Words that mean something else unquoted, up to Postgres 18 (`pg_get_keywords()`, all but the unreserved). */
const KEYWORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character
check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema
current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch
float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval
into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table
json_value lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not notnull
null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references returning right
row select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing
treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement
xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** The same few thousand names are written again and again. */
const known = new Map<string, string>();

/** An identifier as a person would write it: quoted only where it has to be. */
export function ident(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const written = /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name) ? name : quoteIdentifier(name);
  known.set(name, written);
  return written;
}

/** `a."B ""c"` → `a.B "c`: a written name for those who know nothing of quotes. */
export function unquoted(written: string): string {
  return written.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));
}

/** `schema.name`. */
export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

/** A name for messages: the schema only where it isn't `public`. */
export function shown(schema: string, ...names: string[]): string {
  return [...(schema === "public" || schema === "" ? [] : [schema]), ...names].map(ident).join(".");
}

/** A role in GRANT, OWNER TO or TO of a policy; "" is PUBLIC. */
export function roleName(role: string): string {
  return role === "" ? "PUBLIC" : ident(role);
}
