import { IN_URL, namedPassword } from "../password-values.ts";

/** Engines whose tables have their rows on another server, and say in an option how to log in there. */
const ELSEWHERE = /\bENGINE\s*=\s*(?:FEDERATED|CONNECT|SPIDER)\b/i;
const VALUE = String.raw`\s*=\s*')((?:[^'\\]|''|\\[\s\S])*)'`;
/** Tables whose engine was not there and became another keep this one. */
const CONNECTION = new RegExp(`(\\bCONNECTION${VALUE}`, "gi");
const OPTIONS = new RegExp(`(\\b(?:CONNECTION|COMMENT|OPTION_LIST)\`?${VALUE}`, "gi");
const NAMED = namedPassword(String.raw`"[^"]*"`, String.raw`''[^']*''`, String.raw`\\'[^']*\\'`, String.raw`[^\s,;]+`);

/** The statement without the passwords with which its table would reach another server; itself where it has none. */
export function withoutPasswords(statement: string): string {
  return statement.replace(ELSEWHERE.test(statement) ? OPTIONS : CONNECTION, (_, option: string, value: string) => {
    const bare = value.replace(IN_URL, "$1@").replace(NAMED, (_, name: string, between: string, given: string) => {
      return name + between + (given.startsWith('"') ? '""' : "");
    });
    return `${option}${bare}'`;
  });
}

/** Says which tables lost one. */
export function passwordWarning(tables: string[]): string {
  return `Without the passwords that the source has in them: the connections of ${tables.join(", ")} (copy.side_effects: disarm)`;
}

/** The name behind CREATE TABLE. */
export function tableOf(statement: string): string {
  const name = /\bTABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:`((?:[^`]|``)+)`|([\w$]+))/i.exec(statement);
  return (name?.[1] ?? name?.[2] ?? "").replaceAll("``", "`");
}
