import type { CopyRecord } from "../copies/record.ts";
import type { SeenStatement } from "../engine/watch.ts";
import type { SchemaChange } from "./schema-change.ts";

/** What a migration that was tried came to. */
export interface Outcome {
  copy: CopyRecord;
  /** `sql` or the tool's name; "command" for one of the user's. */
  tool: string;
  /** As a person would type it. */
  shown: string;
  state: "migrated" | "rolled_back" | "kept";
  /** The tool's own. */
  status: number;
  /** Where and why it failed, when that is known. */
  failure?: string;
  ms: number;
  /** The name of the snapshot that was taken before. */
  snapshot: string;
  /** How long going back took. */
  rollbackMs?: number;
  statements: SeenStatement[];
  /** What is not known of locks. */
  limits?: string;
  /** Undefined where the copy is as it was before. */
  schema?: SchemaChange;
  /** The end of what the tool wrote. */
  output: string;
}

/** The JSON of an outcome; snake_case and stable. */
export function outcomeView(outcome: Outcome) {
  const { copy, schema, statements } = outcome;
  return {
    copy: copy.name || copy.id,
    copy_id: copy.id,
    engine: copy.server.flavour,
    version: copy.server.version,
    tool: outcome.tool,
    command: outcome.shown,
    status: outcome.state,
    exit_status: outcome.status,
    error: outcome.failure ?? "",
    ms: Math.round(outcome.ms),
    snapshot: outcome.snapshot,
    rollback_ms: outcome.rollbackMs === undefined ? null : Math.round(outcome.rollbackMs),
    schema: schema
      ? {
          changed: schema.diff !== "",
          changes: schema.changes,
          added: schema.added,
          removed: schema.removed,
          diff: schema.diff,
          unreadable: schema.unreadable ?? "",
        }
      : null,
    statements: statements.map(statementView),
    limits: outcome.limits ?? "",
  };
}

function statementView({ sql, startedAt, ms, lock, heldMs, heldBefore, rewrites, failed, times }: SeenStatement) {
  return {
    statement: sql,
    started_at: new Date(startedAt).toISOString(),
    ms: round(ms),
    lock: lock?.mode ?? "",
    relations: lock?.relations ?? [],
    lock_known: lock?.known ?? "",
    held_ms: lock && heldMs !== undefined ? round(heldMs) : null,
    held_before: heldBefore ?? false,
    rewrites,
    failed,
    times,
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
