import { DittoError } from "../../kit/errors.ts";

/** What an error of the server's means, and which names in its message are objects and not values. */
interface Known {
  state: string;
  names?: RegExp;
  hint?: string;
}

const KNOWN: Record<number, Known> = {
  1005: { state: "a table can't be made", names: /Can't create table (`[^`]*`(?:\.`[^`]*`)?)/ },
  1021: { state: "the disk is full" },
  1044: { state: "the user has no right to the database" },
  1045: { state: "the server refuses the password" },
  1050: { state: "a table is there twice", names: /Table '([^']*)'/ },
  1054: { state: "a column is missing", names: /Unknown column '([^']*)'/ },
  1060: { state: "a column is there twice", names: /column name '([^']*)'/ },
  1062: { state: "two rows have the same key", names: /for key '([^']*)'\s*$/ },
  1064: { state: "a statement is not of this server's SQL" },
  1067: { state: "a column's default is not valid", names: /default value for '([^']*)'/ },
  1114: { state: "the disk or the table is full", names: /table '([^']*)'/i },
  1115: { state: "a character set is unknown to this server", names: /character set: '([^']*)'/ },
  1142: { state: "the user has no right to a table", names: /(\w+(?:, \w+)* command denied to user).*for table (\S+)/ },
  1146: { state: "a table is missing", names: /Table '([^']*)'/ },
  1205: { state: "a lock was not given in time" },
  1213: { state: "a deadlock" },
  1273: {
    state: "a collation is unknown to this server",
    names: /collation: '([^']*)'/,
    hint: "Set copy.image to an image of the server that the source has (or a newer one), e.g. mysql:8.4",
  },
  1286: { state: "a storage engine is unknown to this server", names: /engine '([^']*)'/ },
  1300: { state: "a value is no valid text of its character set" },
  1305: { state: "a routine is missing", names: /(?:PROCEDURE|FUNCTION) (\S+) does not exist/ },
  1356: { state: "a view refers to what is not there", names: /View '([^']*)'/ },
  1364: { state: "a column has no value and no default", names: /Field '([^']*)'/ },
  1366: { state: "a value does not fit its column", names: /for column ('?[^']*'?) at row/ },
  1406: { state: "a value is too long for its column", names: /for column '([^']*)'/ },
  1412: { state: "a table was altered or emptied while it was read" },
  1419: { state: "a function or trigger is refused because of the binary log" },
  1449: { state: "the definer of an object does not exist" },
  1452: { state: "rows refer to rows that are not there", names: /CONSTRAINT (`[^`]*`)/ },
  1615: { state: "a table was altered while it was read" },
  2013: { state: "the connection was lost" },
  2026: { state: "the encrypted connection could not be made" },
  3159: { state: "the server takes encrypted connections only" },
  3819: { state: "a row breaks a CHECK constraint", names: /constraint '([^']*)'/ },
  4025: { state: "a row breaks a CHECK constraint", names: /CONSTRAINT `?([^`\s]*)`? failed/ },
};

/** An error as a client prints it: `ERROR 1062 (23000) at line 7: …`, or a dump tool: `…: Got error: 1045: …`, `… (1356)`. */
const CLIENT = /ERROR (\d+) \((\w{5})\)(?: at line (\d+))?: ([\s\S]*)/;
const DUMP = /(?:[Ee]rror:? (\d+)(?: \((\w{5})\))?:|\((\d{4})\)\s*$)/m;

/** A server's error, reduced to its number, SQLSTATE, meaning and the objects' names: the message itself may quote rows. */
export interface ReducedError {
  code: number | undefined;
  text: string;
  hint: string | undefined;
}

const NO_SPACE = /No space left on device|(OS errno|Errcode:|errno:|error|error number) 28\b/i;

/** Reduces what a client or dump tool said on stderr; the server's own log tells why a connection was lost. */
export function reduceOutput(stderr: string, serverLog = ""): ReducedError {
  const lost = !/ERROR \d+ \(/.test(stderr) || /ERROR (2002|2006|2013) /.test(stderr);
  if (NO_SPACE.test(stderr) || (lost && NO_SPACE.test(serverLog))) return reduced(1021, undefined, "");
  const client = CLIENT.exec(stderr);
  if (client) return reduced(Number(client[1]), client[2], client[4] ?? "");
  const dump = DUMP.exec(stderr);
  if (dump) return reduced(Number(dump[1] ?? dump[3]), dump[2], stderr);
  return { code: undefined, text: "the tool gave no reason that can be shown", hint: undefined };
}

/** Reduces an error of the driver's. */
export function reduceDriverError(error: unknown): ReducedError {
  const { errno, sqlState, sqlMessage, code } = error as {
    errno?: number;
    sqlState?: string;
    sqlMessage?: string;
    code?: string;
  };
  if (sqlMessage !== undefined && errno !== undefined) return reduced(errno, sqlState, sqlMessage);
  if (code === "PROTOCOL_CONNECTION_LOST" || code === "ECONNRESET" || code === "EPIPE")
    return reduced(2013, undefined, "");
  return { code: undefined, text: code ?? "an unknown error", hint: undefined };
}

function reduced(code: number, state: string | undefined, message: string): ReducedError {
  const known = KNOWN[code];
  const number = `error ${code}${state === undefined ? "" : `, SQLSTATE ${state}`}`;
  if (known === undefined) return { code, text: number, hint: undefined };
  const names = known.names?.exec(message)?.slice(1).join(" on ");
  return { code, text: `${known.state}${names ? ` (${names})` : ""}, ${number}`, hint: known.hint };
}

/** The error for a failed step of a build. */
export function buildFailure(action: string, error: ReducedError): DittoError {
  if (error.code === 1021 || error.code === 1114) {
    return new DittoError(`Cannot ${action}: the disk is full`, {
      code: "DISK_FULL",
      hint: "Free space, leave big tables out (dump.exclude_table_data), or make the pool larger; the previous base is untouched",
    });
  }
  return new DittoError(`Cannot ${action}: ${error.text}`, {
    code: "BUILD_FAILED",
    hint:
      error.hint ??
      "The previous base is untouched. Values are left out of this message; the server's own log shows them",
  });
}

/** The error for a failed read of the source. */
export function sourceFailure(action: string, error: ReducedError): DittoError {
  const again = error.code === 1412 || error.code === 1615 || error.code === 1054 || error.code === 1146;
  return new DittoError(`Cannot ${action}: ${error.text}`, {
    code: error.code === 1205 ? "LOCK_WAIT" : "SOURCE_FAILED",
    hint: again
      ? "Run the command again when no migration is running on the source; the previous dump and base are untouched"
      : (error.hint ?? "The previous dump and base are untouched; run the command again"),
  });
}
