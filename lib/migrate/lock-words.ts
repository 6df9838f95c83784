import type { Flavour } from "../engine/index.ts";
import type { SeenStatement } from "../engine/watch.ts";

/** What others can't do meanwhile, by the tables of conflicting locks in the engines' manuals. */
const POSTGRES: Record<string, string> = {
  "ACCESS EXCLUSIVE": "reads and writes",
  EXCLUSIVE: "writes",
  "SHARE ROW EXCLUSIVE": "writes",
  SHARE: "writes",
  "SHARE UPDATE EXCLUSIVE": "schema changes",
  "ROW EXCLUSIVE": "the same rows",
};

/** In its online way MySQL holds the exclusive one at the begin and at the end only. */
const MYSQL: Record<string, string> = {
  EXCLUSIVE: "reads and writes, at least for a moment",
  "SHARED NO READ WRITE": "reads and writes",
  "SHARED READ ONLY": "writes",
  "SHARED WRITE": "the same rows",
};

/** What a statement keeps others from; "" when nothing worth a word. */
export function blockedBy({ lock }: SeenStatement, flavour: Flavour): string {
  return (flavour === "postgres" ? POSTGRES : MYSQL)[lock?.mode ?? ""] ?? "";
}

/** The statement that keeps others from reading, or else writing, for the longest time. */
export function worstLock(statements: SeenStatement[], flavour: Flavour): SeenStatement | undefined {
  for (const what of ["reads and writes", "writes"]) {
    const [worst] = statements
      .filter((statement) => blockedBy(statement, flavour).startsWith(what))
      .sort((a, b) => (b.heldMs ?? 0) - (a.heldMs ?? 0));
    if (worst) return worst;
  }
  return undefined;
}

/** A statement without what must not be read: the passwords in it. */
export function withoutPasswords(sql: string): string {
  return sql.replace(
    /\b((?:encrypted\s+)?password|identified\s+(?:with\s+\S+\s+)?(?:by|as)(?:\s+password)?)(\s*=?\s*)(?:E?'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*")/gi,
    "$1$2'***'",
  );
}
