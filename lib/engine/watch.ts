import type { Session } from "./index.ts";

/** A lock on a relation, as the server calls its mode: `ACCESS EXCLUSIVE`. */
export interface SeenLock {
  mode: string;
  /** Those of that mode, tables before indexes. */
  relations: string[];
  /** `seen`: read from the server while it was held. `kind`: what statements of this kind take, by the engine's documentation. */
  known: "seen" | "kind";
}

/** A statement that a client sent, or that a function or block of it ran. */
export interface SeenStatement {
  sql: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  ms: number;
  /** The strongest that it took on what others may use; absent: none, or it can't be told. */
  lock?: SeenLock;
  /** From its begin to the end of its transaction, which is when the lock goes. */
  heldMs?: number;
  /** The lock was held already, by a statement before it in its transaction. */
  heldBefore?: boolean;
  /** Tables whose rows were all written anew. */
  rewrites: string[];
  /** It ended with an error. */
  failed: boolean;
  /** How often the same was said in a row, literals aside; the times are then sums. */
  times: number;
}

/** What was seen of others than ditto. */
export interface Seen {
  /** In the order in which they began. */
  statements: SeenStatement[];
  /** Their logins; undefined where the log doesn't tell. */
  logins?: number;
  /** Why locks are not in it, or only by their kind; undefined: they were seen. */
  limits?: string;
}

/** A watch that has begun. */
export interface Watching {
  /** Where what is seen is written: the server's own log, or a file where the server is. */
  readonly log: { in: "server" } | { in: "file"; path: string };
  /** Ends it, in the same session. */
  end(): Promise<WatchEnd>;
}

export interface WatchEnd {
  /** The log is complete when it holds this text; undefined: it is complete. */
  complete?: string;
  /** Logins of others since the begin, where the log doesn't tell. */
  logins?: number;
}

/** Watches what clients do in a copy. What it needs there lives in the server's memory and ends with it. */
export interface StatementWatch {
  /** Begins; the session must stay open until the end. `mark` is unique. Throws where the server can't be watched. */
  begin(session: Session, mark: string): Promise<Watching>;
  /** Removes what a watch left whose ditto or server was killed. */
  clear(session: Session): Promise<void>;
  /** Reads the log. */
  read(log: string, mark: string): Seen;
}
