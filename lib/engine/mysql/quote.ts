/** An identifier, always quoted, so that keywords, blanks and back-quotes are no special cases. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** `` `schema`.`name` ``. */
export function quoteQualified(thing: { schema: string; name: string }): string {
  return `${quoteIdentifier(thing.schema)}.${quoteIdentifier(thing.name)}`;
}

/** A string literal; every session of ditto's runs without NO_BACKSLASH_ESCAPES, where it would read otherwise. */
export function quoteLiteral(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n").replaceAll("\0", "\\0")}'`;
}

/** An account: `'user'@'host'`. */
export function quoteAccount(user: string, host = "%"): string {
  return `${quoteLiteral(user)}@${quoteLiteral(host)}`;
}
