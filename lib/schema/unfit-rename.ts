import { type DittoError, usageError } from "../kit/errors.ts";
import type { DiffOptions } from "./change.ts";

/** What is confirmed and fits nothing was meant otherwise: what it was to keep would be dropped. */
export function unfitRename({ from, to }: DiffOptions["renames"][number]): DittoError {
  return usageError(
    `Cannot take --rename ${from}=${to}: A has no such object that B knows by the new name only`,
    "Name it as the proposal does: table=table, table.column=column, type.value=value",
    "RENAME_UNFIT",
  );
}
