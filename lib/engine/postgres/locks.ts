import type { SeenLock } from "../watch.ts";

/** From the weakest to the strongest. */
export const LOCK_MODES = [
  "ACCESS SHARE",
  "ROW SHARE",
  "ROW EXCLUSIVE",
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
];

/** `AccessExclusiveLock` of pg_locks as the documentation writes it. */
export function modeName(mode: string): string {
  return mode
    .replace(/Lock$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toUpperCase();
}

const NAME = String.raw`((?:"(?:[^"]|"")*"|[^\s,;("*]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[^\s,;("*]+))?)`;

/** What statements lock that fire no event trigger, or whose locks are gone when it fires ("Explicit Locking" in the manual). */
const KINDS: { pattern: RegExp; mode: string }[] = [
  { pattern: new RegExp(`^truncate\\s+(?:table\\s+)?(?:only\\s+)?${NAME}`, "i"), mode: "ACCESS EXCLUSIVE" },
  {
    pattern: new RegExp(`^vacuum\\s+(?:\\(.*\\bfull\\b.*?\\)|full)\\s*(?:verbose\\s+)?(?:analyze\\s+)?${NAME}?`, "i"),
    mode: "ACCESS EXCLUSIVE",
  },
  {
    pattern: new RegExp(`^vacuum\\s*(?:\\(.*?\\)\\s*)?(?:verbose\\s+)?(?:analyze\\s+)?${NAME}?`, "i"),
    mode: "SHARE UPDATE EXCLUSIVE",
  },
  { pattern: new RegExp(`^cluster\\s+(?:verbose\\s+)?${NAME}?`, "i"), mode: "ACCESS EXCLUSIVE" },
  {
    pattern: new RegExp(
      `^create\\s+(?:unique\\s+)?index\\s+concurrently\\s[\\s\\S]*?\\son\\s+(?:only\\s+)?${NAME}`,
      "i",
    ),
    mode: "SHARE UPDATE EXCLUSIVE",
  },
  {
    pattern: new RegExp(
      `^(?:drop\\s+index|reindex\\s+(?:\\(.*?\\)\\s*)?\\w+)\\s+concurrently\\s+(?:if\\s+exists\\s+)?${NAME}`,
      "i",
    ),
    mode: "SHARE UPDATE EXCLUSIVE",
  },
  { pattern: new RegExp(`^reindex\\s+(?:\\(.*?\\)\\s*)?table\\s+${NAME}`, "i"), mode: "SHARE" },
  { pattern: new RegExp(`^update\\s+(?:only\\s+)?${NAME}`, "i"), mode: "ROW EXCLUSIVE" },
  { pattern: new RegExp(`^delete\\s+from\\s+(?:only\\s+)?${NAME}`, "i"), mode: "ROW EXCLUSIVE" },
  { pattern: new RegExp(`^(?:insert|merge)\\s+into\\s+(?:only\\s+)?${NAME}`, "i"), mode: "ROW EXCLUSIVE" },
  { pattern: new RegExp(`^copy\\s+${NAME}[\\s\\S]*?\\sfrom\\s`, "i"), mode: "ROW EXCLUSIVE" },
];

const LOCK_TABLE = new RegExp(`^lock\\s+(?:table\\s+)?(?:only\\s+)?${NAME}([\\s\\S]*)$`, "i");

/** The lock of a statement by its kind; undefined for those that have none worth a word, or whose lock is seen. */
export function kindOf(sql: string): SeenLock | undefined {
  const explicit = LOCK_TABLE.exec(sql);
  if (explicit) {
    const [, name = "", rest = ""] = explicit;
    const mode = /\bin\s+([a-z\s]+?)\s+mode\b/i.exec(rest)?.[1]?.toUpperCase().replace(/\s+/g, " ");
    return { mode: mode ?? "ACCESS EXCLUSIVE", relations: [name], known: "kind" };
  }
  for (const { pattern, mode } of KINDS) {
    const match = pattern.exec(sql);
    if (match) return { mode, relations: match[1] ? [match[1]] : [], known: "kind" };
  }
  return undefined;
}
