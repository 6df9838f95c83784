import { DittoError } from "../kit/errors.ts";
import { qualifiedName, type Table } from "../schema/model.ts";

/** The error for rows of a table that could not be read, without the server's words: they may quote a value. */
export function unreadable(table: Pick<Table, "schema" | "name">, error: unknown): DittoError {
  if (error instanceof DittoError) return error;
  const { code = "" } = error as { code?: string };
  return new DittoError(`Cannot look at the rows of "${qualifiedName(table)}"${code === "" ? "" : ` (${code})`}`, {
    code: code || "SOURCE_READ",
    hint: "Leave the table's rows out (dump.exclude_table_data), or see the server's log for what it refuses",
  });
}
