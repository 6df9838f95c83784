/** A message of the server's log that was written while it was watched. */
export interface LogMessage {
  /** Milliseconds since 1970. */
  at: number;
  session: string;
  /** The transaction, by the server's short-lived number; "" between transactions. */
  transaction: string;
  severity: string;
  text: string;
}

/** What the event triggers wrote. */
export interface WatchEvent {
  event: "ddl_command_start" | "ddl_command_end" | "sql_drop" | "table_rewrite";
  tag: string;
  /** Where it happened: the statements and functions around it, the innermost first. */
  stack: string;
  at: number;
  /** When the client's message came, which tells messages apart. */
  sent: string;
  /** Oid, schema, name, kind and mode. */
  locks: [number, string | null, string | null, string | null, string][] | null;
  objects?: [number, string, string][] | null;
  dropped?: [number, string, string, string][] | null;
  rewrites?: string;
  /** What the client sent, where it differs from what was said before. */
  query?: string;
}

/** A line of a session: something that the server says, or an event. */
export interface LogEntry extends LogMessage {
  event?: WatchEvent;
}

/** The log of each session but the watch's own, in its order. */
export function readWatchLog(log: string, mark: string): { sessions: LogEntry[][]; lost: boolean } {
  const sessions = new Map<string, LogEntry[]>();
  const pieces = new Map<string, string>();
  let lost = false;
  let own = "";
  for (const message of messagesOf(log, mark)) {
    const entries = sessions.get(message.session) ?? [];
    sessions.set(message.session, entries);
    if (!message.text.startsWith(`${mark} `)) {
      entries.push(message);
      continue;
    }
    const [, kind = "", piece = ""] = message.text.split(" ");
    lost ||= kind === "lost";
    if (kind === "end") own = message.session;
    const whole = (pieces.get(message.session) ?? "") + piece.trimEnd();
    if (kind === "more") pieces.set(message.session, whole);
    else pieces.delete(message.session);
    const event = kind === "last" ? parseEvent(whole) : undefined;
    if (event) entries.push({ ...message, text: "", at: Number(event.at), event });
  }
  sessions.delete(own);
  return { sessions: [...sessions.values()], lost };
}

function parseEvent(text: string): WatchEvent | undefined {
  try {
    return JSON.parse(Buffer.from(text, "base64").toString("utf8")) as WatchEvent;
  } catch {
    return undefined;
  }
}

/** A line that doesn't begin with the mark goes on with the message before it. */
function messagesOf(log: string, mark: string): LogMessage[] {
  const head = new RegExp(`^${mark} ([\\d.]+) (\\S+) \\[([^\\]]*)\\] \\S+ +([A-Z]+\\d?): +(.*)$`);
  const messages: LogMessage[] = [];
  for (const line of log.split("\n")) {
    const match = head.exec(line);
    const last = messages.at(-1);
    if (match) {
      const [, at = "", session = "", number = "", severity = "", text = ""] = match;
      const transaction = /\/0$/.test(number) ? "" : number;
      messages.push({ at: Number(at) * 1000, session, transaction, severity, text });
    } else if (last && !last.text.startsWith(`${mark} `)) last.text += `\n${line.replace(/^\t/, "")}`;
  }
  return messages;
}

/** A statement's duration, as the server wrote it at its end. */
export function durationOf(text: string): { ms: number; step: string; sql: string } | undefined {
  const match = /^duration: ([\d.]+) ms {2}(statement|parse|bind|execute|fastpath)[^:]*: ([\s\S]*)$/.exec(text);
  if (!match) return undefined;
  const [, ms = "", step = "", sql = ""] = match;
  return { ms: Number(ms), step, sql };
}

const ENDS = /^\s*(commit|end|rollback(?!\s+(work\s+|transaction\s+)?to\b)|abort|prepare\s+transaction)\b/i;
const BEGINS = /^\s*(begin|start\s+transaction)\b/i;

/** When the transaction ended in which the entry at this place was written. */
export function transactionEnds(entries: LogEntry[]): (place: number) => number | undefined {
  const known = new Map<string, number>();
  const begun = new Set(entries.filter(begins).map(({ transaction }) => transaction));
  return (place) => {
    const own = entries[place];
    if (!own || own.transaction === "") return own?.at;
    const end = known.get(own.transaction) ?? endAfter(entries, place, begun);
    known.set(own.transaction, end);
    return end;
  };
}

function endAfter(entries: LogEntry[], place: number, begun: Set<string>): number {
  const own = entries[place] as LogEntry;
  let last = place;
  while (entries[last + 1]?.transaction === own.transaction) last++;
  const [final, after] = [entries[last] ?? own, entries[last + 1]];
  // What fails gives its locks back at once, whenever the client says ROLLBACK.
  if (final.severity === "ERROR" || !after) return final.at;
  const done = durationOf(after.text);
  if (done && (ENDS.test(done.sql) || after.at - done.ms <= final.at + 1)) return after.at;
  const dropped = /^(disconnection|terminating|unexpected EOF)/.test(after.text);
  return begun.has(own.transaction) && dropped ? after.at : final.at;
}

function begins(entry: LogEntry): boolean {
  return entry.transaction !== "" && BEGINS.test(durationOf(entry.text)?.sql ?? "");
}
