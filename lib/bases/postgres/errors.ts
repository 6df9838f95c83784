import { DittoError } from "../../kit/errors.ts";

const STATES: Record<string, string> = {
  "23503": "rows refer to rows that are not there",
  "23505": "two rows have the same key",
  "23514": "a row breaks a CHECK constraint",
  "23502": "a row has no value where one is needed",
  "42704": "something it needs is not there",
  "42883": "a function it needs is not there",
  "42P01": "a table it needs is not there",
  "53100": "the disk is full",
  "53200": "the server ran out of memory",
  "0A000": "the server has no such feature or extension",
  "58P01": "a file of the server's is missing, such as an extension's",
};

/**
 * An error of a Postgres tool in words that quote no row: SQLSTATEs from the build server's own log (`%e` first on each
 * line), the object's name from the tool. What else the tool said may hold values and is dropped.
 */
export function restoreFailure(action: string, stderr: string, serverLog: string): DittoError {
  const state = [...serverLog.matchAll(/^([0-9A-Z]{5}) (?:ERROR|FATAL|PANIC):/gm)].at(-1)?.[1];
  if (state === "53100" || /No space left on device/i.test(stderr + serverLog)) {
    return new DittoError(`Cannot ${action}: the disk is full`, {
      code: "DISK_FULL",
      hint: "Free space, leave big tables out (dump.exclude_table_data), or make the pool larger; the previous base is untouched",
    });
  }
  const what = placeOf(stderr);
  const why = state ? `SQLSTATE ${state}${STATES[state] ? `, ${STATES[state]}` : ""}` : toolState(stderr);
  return new DittoError(`Cannot ${action}: it failed${what} (${why})`, {
    code: "RESTORE_FAILED",
    hint: "The previous base is untouched. Values are left out of this message; the source's own log or a manual pg_restore shows them",
  });
}

/** Where a tool was, in names only: of a statement what stands before its first literal, bracket or body, of COPY the table. */
function placeOf(stderr: string): string {
  const table = /COPY failed for table "(.+?)": /.exec(stderr)?.[1];
  if (table !== undefined) return ` at the rows of ${table}`;
  const statement = /^Command was: ([^('$;]+)/m.exec(stderr)?.[1]?.replace(/\s+/g, " ");
  const head = statement?.split(/ (?:AS|IS|USING|WITH|DEFAULT|OPTIONS)(?: |$)/)[0]?.trim();
  return head ? ` at "${head.slice(0, 160)}"` : "";
}

const OF_TOOL = /^(pg_restore|pg_dump|psql|initdb)(:<stdin>:\d+)?: error: /;

/** Messages of the tool itself, before any server was asked, hold no rows. */
function toolState(stderr: string): string {
  const line = stderr.split("\n").find((text) => OF_TOOL.test(text) && !/ERROR:|DETAIL:/.test(text));
  return line?.replace(OF_TOOL, "") ?? "no reason was given";
}

/**
 * The error for a dump that its source, a standby, has ended for the sake of what its primary sent; undefined for any other.
 * SQLSTATE 40001 has no other meaning in a transaction that only reads.
 */
export function recoveryConflict(said: string): DittoError | undefined {
  if (!/conflict with recovery|\b(ERROR|FATAL): +40001\b/.test(said)) return undefined;
  return new DittoError(
    "Cannot go on with the dump: the source is a standby, and it ended the dump to apply what its primary has changed",
    {
      code: "RECOVERY_CONFLICT",
      hint: "On the standby set hot_standby_feedback = on, or raise max_standby_streaming_delay (for a standby that reads archives, max_standby_archive_delay) beyond the dump's duration; or name the primary in source.url",
    },
  );
}

/** An error of pg_dump against the source: the relation's name and the privilege, never more. */
export function dumpFailure(stderr: string): DittoError {
  const conflict = recoveryConflict(stderr);
  if (conflict) return conflict;
  const denied = /permission denied for (\w+) ("?[^\s"]+"?)/.exec(stderr);
  if (denied) {
    return new DittoError(`Cannot dump the source: the user may not read ${denied[1]} ${denied[2]}`, {
      code: "NO_PRIVILEGE",
      hint: `GRANT SELECT ON ${denied[2]} TO the dump user, or leave it out (dump.exclude_tables)`,
    });
  }
  if (/lock timeout|canceling statement due to lock timeout|could not obtain lock/i.test(stderr)) {
    return new DittoError("Cannot dump the source: a table stayed locked for longer than lock_wait", {
      code: "LOCK_WAIT",
      hint: "Try again when the migration or maintenance on the source is over, or raise lock_wait",
    });
  }
  if (/server version mismatch/.test(stderr)) {
    return new DittoError("Cannot dump the source: pg_dump is older than the server", {
      code: "CLIENT_TOO_OLD",
      hint: "Name an image with the server's major version in dump.client_image",
    });
  }
  return new DittoError(`Cannot dump the source: ${toolState(stderr)}`, {
    code: "DUMP_FAILED",
    hint: "The previous dump and base are untouched; run the command again with --verbose for each step",
  });
}
