/** An identifier, always quoted, so that keywords, upper case and blanks are no special cases. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function quoteQualified(thing: { schema: string; name: string }): string {
  return `${quoteIdentifier(thing.schema)}.${quoteIdentifier(thing.name)}`;
}

/** A string literal that reads the same whatever `standard_conforming_strings` says. */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/**
 * A name as a pattern of pg_dump and pg_restore that matches this one relation only: quoted parts are taken literally,
 * an unquoted capital would be folded and `*`, `?`, `$` and `[` are wild.
 */
export function quotePattern(thing: { schema: string; name: string }): string {
  return quoteQualified(thing);
}
