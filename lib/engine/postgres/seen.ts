import type { Seen, SeenLock, SeenStatement } from "../watch.ts";
import { kindOf, LOCK_MODES, modeName } from "./locks.ts";
import { splitSql } from "./split.ts";
import { durationOf, type LogEntry, readWatchLog, transactionEnds, type WatchEvent } from "./watch-log.ts";

/** Reads what was logged between begin and end of a watch. */
export function readSeen(log: string, mark: string): Seen {
  const { sessions, lost } = readWatchLog(log, mark);
  const others = sessions.filter((entries) => !entries.some(({ text }) => /application_name=ditto\b/.test(text)));
  const statements = others.flatMap((entries) => {
    const endOf = transactionEnds(entries);
    return [...definitionsIn(entries, endOf), ...othersIn(entries, endOf)];
  });
  const logins = others.flat().filter(({ text }) => text.startsWith("connection authorized: ")).length;
  return {
    statements: statements.sort((a, b) => a.startedAt - b.startedAt),
    logins,
    ...(lost ? { limits: "the server refused to tell of some statements" } : {}),
  };
}

/** When the transaction of the entry at a place ended. */
type EndOf = ReturnType<typeof transactionEnds>;

interface Running {
  begun: WatchEvent;
  place: number;
  dropped: NonNullable<WatchEvent["dropped"]>;
  rewrites: string[];
}

/** What of one transaction the statements after it must know. */
interface Transaction {
  id: string;
  created: Set<number>;
}

/** Every statement that fired the triggers: those that the client sent, and those that functions and blocks ran. */
function definitionsIn(entries: LogEntry[], endOf: EndOf): SeenStatement[] {
  const seen: SeenStatement[] = [];
  const texts = textReader();
  const names = new Map<number, [string, string, string]>();
  let running: Running[] = [];
  let transaction: Transaction = { id: "", created: new Set() };
  const giveUp = () => {
    for (const { begun, rewrites } of running)
      seen.push({ ...outline(begun, texts.of(begun)), ms: 0, rewrites, failed: true });
    running = [];
  };
  for (const [place, { event, ...entry }] of entries.entries()) {
    if (entry.severity === "ERROR") giveUp();
    if (!event) continue;
    for (const [oid, schema, name, kind] of event.locks ?? [])
      if (schema && name && kind) names.set(oid, [schema, name, kind]);
    if (entry.transaction !== transaction.id) transaction = { id: entry.transaction, created: new Set() };
    const current = running.at(-1);
    if (event.event === "ddl_command_start") {
      // A block that caught its error never came to an end.
      if (current && current.begun.sent !== event.sent) giveUp();
      texts.take(event);
      running.push({ begun: event, place, dropped: [], rewrites: [] });
    } else if (event.event === "sql_drop") current?.dropped.push(...(event.dropped ?? []));
    else if (event.event === "table_rewrite" && event.rewrites) current?.rewrites.push(event.rewrites);
    else if (current) {
      running = running.slice(0, -1);
      const text = texts.of(current.begun, event);
      seen.push({
        ...complete(current, event, { names, transaction, text }),
        sql: text,
        ...held(endOf(place), current, event),
      });
    }
  }
  giveUp();
  return seen;
}

function outline({ at }: WatchEvent, sql: string): Omit<SeenStatement, "ms" | "rewrites" | "failed"> {
  return { sql, startedAt: Number(at), times: 1 };
}

function held(end: number | undefined, { begun }: Running, event: WatchEvent): { heldMs?: number } {
  const least = Number(event.at) - Number(begun.at);
  return end === undefined ? {} : { heldMs: Math.max(end - Number(begun.at), least) };
}

function complete(
  { begun, dropped, rewrites }: Running,
  event: WatchEvent,
  {
    names,
    transaction,
    text,
  }: { names: Map<number, [string, string, string]>; transaction: Transaction; text: string },
): SeenStatement {
  const known = new Map(names);
  for (const [oid, type, schema, name] of dropped) known.set(oid, [schema, name, type === "index" ? "i" : "r"]);
  for (const [oid, tag] of event.objects ?? []) if (/^(CREATE|SELECT INTO)/.test(tag)) transaction.created.add(oid);
  const before = new Set((begun.locks ?? []).map(([oid, , , , mode]) => `${oid} ${mode}`));
  const all = (event.locks ?? []).flatMap(([oid, , , , mode]) => {
    const name = known.get(oid);
    if (!name || transaction.created.has(oid) || (/^i$/i.test(name[2]) && mode === "AccessShareLock")) return [];
    return [
      {
        name: `${name[0]}.${name[1]}`,
        index: /^i$/i.test(name[2]),
        mode: modeName(mode),
        old: before.has(`${oid} ${mode}`),
      },
    ];
  });
  const taken = all.filter(({ old }) => !old);
  const own = new Set((event.objects ?? []).map(([oid]) => oid));
  const again = all.filter(({ name }) => [...own].some((oid) => known.get(oid)?.slice(0, 2).join(".") === name));
  const strongest = taken.length > 0 ? taken : again;
  const lock = strongestOf(strongest) ?? kindOf(text);
  return {
    ...outline(begun, ""),
    ms: Number(event.at) - Number(begun.at),
    rewrites,
    failed: false,
    ...(lock ? { lock } : {}),
    ...(taken.length === 0 && again.length > 0 ? { heldBefore: true } : {}),
  };
}

function strongestOf(locks: { name: string; index: boolean; mode: string }[]): SeenStatement["lock"] {
  const tables = locks.filter(({ index }) => !index);
  const counted = tables.length > 0 ? tables : locks;
  const strength = Math.max(...counted.map(({ mode }) => LOCK_MODES.indexOf(mode)));
  const mode = LOCK_MODES[strength];
  if (mode === undefined) return undefined;
  const relations = [...new Set(counted.filter((one) => one.mode === mode).map(({ name }) => name))];
  return { mode, relations, known: "seen" };
}

/** The text of each statement: a client may send many at once, and functions have some of their own. */
function textReader() {
  const queries = new Map<string, { statements: string[]; next: number }>();
  return {
    take({ sent, query }: WatchEvent) {
      if (query !== undefined && !queries.has(sent)) {
        queries.set(sent, { statements: splitSql(query).statements.map(({ sql }) => sql), next: 0 });
      }
    },
    of({ sent, stack, tag }: WatchEvent, end?: WatchEvent): string {
      const inner = /\nSQL statement "([\s\S]*?)"\n(?:PL\/pgSQL|SQL) function /.exec(
        `${stack}\nPL/pgSQL function `,
      )?.[1];
      if (inner !== undefined) return inner;
      const named = `${tag}${end?.objects?.[0] ? ` ${end.objects[0][2]}` : ""}`;
      const sentAtOnce = queries.get(sent);
      // Of a function in SQL the log has the number of the statement only.
      if (!sentAtOnce || /\nSQL function /.test(stack)) return named;
      const at = sentAtOnce.statements.findIndex((sql, index) => index >= sentAtOnce.next && fits(sql, tag));
      if (at < 0) return sentAtOnce.statements.length === 1 ? (sentAtOnce.statements[0] ?? named) : named;
      sentAtOnce.next = at + 1;
      return sentAtOnce.statements[at] ?? named;
    },
  };
}

function fits(sql: string, tag: string): boolean {
  const words = sql
    .slice(0, 300)
    .toUpperCase()
    .split(/[\s(]+/);
  const [verb, ...object] = tag.split(" ");
  if (tag === "SELECT INTO") return words[0] === "SELECT" || words[0] === "WITH";
  return words[0] === verb && object.slice(0, 1).every((word) => words.slice(1, 9).includes(word) || verb === "ALTER");
}

/** Below this a change of rows is counted with the others and not shown. */
const WORTH_SHOWING_MS = 100;

/** Statements without triggers: changes of rows that took a while, and those that lock without defining anything. */
function othersIn(entries: LogEntry[], endOf: EndOf): SeenStatement[] {
  const seen: (SeenStatement & { shape: string })[] = [];
  let defines = false;
  // The log's own times are cut to milliseconds, those of events are not.
  let latest = 0;
  for (const [place, entry] of entries.entries()) {
    const before = latest;
    latest = Math.max(latest, entry.at);
    const done = durationOf(entry.text);
    const other = done && !defines && /^(statement|execute)$/.test(done.step) ? otherStatement(done.sql) : undefined;
    // What the client sent at once has its events before its duration.
    defines = entry.event !== undefined;
    if (!done || !other) continue;
    const startedAt = Math.max(entry.at - done.ms, before);
    const heldMs = Math.max((endOf(place) ?? entry.at) - startedAt, done.ms);
    const last = seen.at(-1);
    if (last?.shape === other.shape) {
      last.times++;
      last.ms += done.ms;
      last.heldMs = startedAt + heldMs - last.startedAt;
    } else {
      const { shape, lock } = other;
      seen.push({
        sql: shape,
        ...{ shape, startedAt, ms: done.ms, lock, heldMs, rewrites: [], failed: false, times: 1 },
      });
    }
  }
  return seen.flatMap(({ shape: _, ...one }) =>
    one.lock?.mode !== "ROW EXCLUSIVE" || one.ms >= WORTH_SHOWING_MS ? [one] : [],
  );
}

function otherStatement(text: string): { shape: string; lock: SeenLock } | undefined {
  const [only, ...more] = splitSql(text).statements;
  const lock = only && more.length === 0 ? kindOf(only.sql) : undefined;
  return only && lock ? { shape: shapeOf(only.sql), lock } : undefined;
}

/** A statement without its values, which may be rows. */
function shapeOf(sql: string): string {
  return sql
    .replace(/'(?:[^']|'')*'/g, "?")
    .replace(/\b\d+(\.\d+)?\b/g, "?")
    .replace(/\?(\s*,\s*\?)+/g, "?, …")
    .replace(/(\(\?(, …)?\))(\s*,\s*\(\?(, …)?\))+/g, "$1, …");
}
