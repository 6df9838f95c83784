import type { Seen, SeenLock, SeenStatement } from "../watch.ts";

const LIMITS =
  "The server keeps no record of its metadata locks: those below are what the manual gives for the kind of statement, for as long as it ran";

/** Reads the log of slow statements, of MySQL and of MariaDB. */
export function readSeen(log: string): Seen {
  const statements: Shaped[] = [];
  for (const entry of log.split(/^(?=# User@Host: )/m)) {
    const one = statementIn(entry);
    if (!one) continue;
    const last = statements.at(-1);
    if (last && one.changesRows && last.shape === one.shape) {
      last.times++;
      last.ms += one.ms;
    } else statements.push(one);
  }
  const shown = statements.filter(({ changesRows, ms }) => !changesRows || ms >= WORTH_SHOWING_MS);
  return { statements: shown.map(({ shape: _, changesRows: __, ...seen }) => seen), limits: LIMITS };
}

interface Shaped extends SeenStatement {
  shape: string;
  changesRows: boolean;
}

/** Below this a change of rows is not shown. */
const WORTH_SHOWING_MS = 100;

function statementIn(entry: string): Shaped | undefined {
  const seconds = /^# Query_time: ([\d.]+)/m.exec(entry)?.[1];
  // The next entry's time stands before the line by which entries are told apart.
  const sql = /^SET timestamp=([\d.]+);\n([\s\S]*)/m.exec(entry.replace(/\n# Time: [^\n]*\s*$/, ""));
  if (seconds === undefined || !sql) return undefined;
  const [, stamp = "", text = ""] = sql;
  // MySQL says when it began and whether it failed; MariaDB gives the second.
  const began = /\bStart: (\S+)/.exec(entry)?.[1];
  const startedAt = began === undefined ? Number(stamp) * 1000 : Date.parse(began);
  const failed = !/\bErrno: 0\b/.test(entry) && /\bErrno: \d/.test(entry);
  const plain = withoutComments(text.trim().replace(/;$/, ""));
  const kind = kindOf(plain);
  if (!kind) return undefined;
  const { changesRows, lock } = kind;
  const shape = changesRows ? shapeOf(plain) : plain;
  const ms = Number(seconds) * 1000;
  const seen = { sql: shape, startedAt, ms, heldMs: ms, rewrites: [], failed, times: 1 };
  return { ...seen, ...(failed || !lock ? {} : { lock }), shape, changesRows };
}

function withoutComments(sql: string): string {
  return sql.replace(/^(\s*(--[^\n]*(\n|$)|#[^\n]*(\n|$)|\/\*(?![!+])[\s\S]*?\*\/))+/, "").trim();
}

const NAME = "((?:`(?:[^`]|``)*`|[^\\s,;(`]+)(?:\\s*\\.\\s*(?:`(?:[^`]|``)*`|[^\\s,;(`]+))?)";
const OPTIONS = "(?:if\\s+(?:not\\s+)?exists\\s+)?";

/** "Metadata Locking" and "Internal Locking Methods" in the manual. */
const KINDS: { pattern: RegExp; mode: string; changesRows?: true }[] = [
  {
    pattern: new RegExp(`^(?:alter|truncate)\\s+(?:online\\s+|ignore\\s+)*table\\s+${OPTIONS}${NAME}`, "i"),
    mode: "EXCLUSIVE",
  },
  { pattern: new RegExp(`^truncate\\s+${NAME}`, "i"), mode: "EXCLUSIVE" },
  { pattern: new RegExp(`^(?:drop|rename)\\s+(?:table|view)\\s+${OPTIONS}${NAME}`, "i"), mode: "EXCLUSIVE" },
  {
    pattern: new RegExp(
      `^(?:create|drop)\\s+(?:or\\s+replace\\s+)?(?:unique\\s+|fulltext\\s+|spatial\\s+)?index\\s[\\s\\S]*?\\son\\s+${NAME}`,
      "i",
    ),
    mode: "EXCLUSIVE",
  },
  {
    pattern: new RegExp(`^(?:create|drop)\\s+[\\s\\S]*?\\btrigger\\b[\\s\\S]*?\\son\\s+${NAME}`, "i"),
    mode: "EXCLUSIVE",
  },
  {
    pattern: new RegExp(`^(?:optimize|repair)\\s+(?:local\\s+|no_write_to_binlog\\s+)?tables?\\s+${NAME}`, "i"),
    mode: "EXCLUSIVE",
  },
  { pattern: new RegExp(`^lock\\s+tables?\\s+${NAME}[\\s\\S]*\\bwrite\\b`, "i"), mode: "SHARED NO READ WRITE" },
  { pattern: new RegExp(`^lock\\s+tables?\\s+${NAME}`, "i"), mode: "SHARED READ ONLY" },
  {
    pattern: new RegExp(
      `^(?:update|delete\\s+from|insert\\s+(?:ignore\\s+)?into|replace\\s+into|load\\s+data\\b[\\s\\S]*?\\binto\\s+table)\\s+${NAME}`,
      "i",
    ),
    mode: "SHARED WRITE",
    changesRows: true,
  },
];

/** What is created stands in nobody's way. */
const CREATES =
  /^call\b|^create\b(?![\s\S]*\b(?:index|trigger)\b[\s\S]*\bon\b)|^(?:drop|alter)\s+(?:procedure|function|event|database|schema|view)\b/i;

function kindOf(sql: string): { lock?: SeenLock; changesRows: boolean } | undefined {
  for (const { pattern, mode, changesRows = false } of KINDS) {
    const name = pattern.exec(sql)?.[1];
    if (name !== undefined) return { lock: { mode, relations: [name], known: "kind" }, changesRows };
  }
  return CREATES.test(sql) ? { changesRows: false } : undefined;
}

/** A statement without its values, which may be rows. */
function shapeOf(sql: string): string {
  return sql
    .replace(/'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"/g, "?")
    .replace(/\b\d+(\.\d+)?\b/g, "?")
    .replace(/\?(\s*,\s*\?)+/g, "?, …")
    .replace(/(\(\?(, …)?\))(\s*,\s*\(\?(, …)?\))+/g, "$1, …");
}
