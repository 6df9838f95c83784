/** `mysql://user:password@host/…`: nothing behind the last `@` is a password's. */
export const IN_URL = /(:\/\/[^:@/]*):.*@/s;

/** `password "…"` of Spider, `Password=…` of CONNECT and libpq, `PWD=…` of ODBC, with what may stand for the value. */
export function namedPassword(...values: string[]): RegExp {
  return new RegExp(String.raw`(?<![a-z])(pass(?:word|wd)?|pwd)(\s*=\s*|\s+(?=["'\\]))(${values.join("|")})`, "gi");
}

const NAMED = namedPassword(
  String.raw`"[^"]*"`,
  String.raw`'(?:[^'\\]|\\.)*'`,
  String.raw`\{[^}]*\}`,
  String.raw`[^\s,;&]*`,
);

/** A connection's text without its passwords; itself where it has none. */
export function withoutPasswordsIn(value: string): string {
  return value.replace(IN_URL, "$1@").replace(NAMED, "");
}
