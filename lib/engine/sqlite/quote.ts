/** An identifier, always quoted, so that keywords, blanks and quotes are no special cases. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal. SQLite knows no escapes in it. */
export function quoteLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
