import { formatAge, formatDuration } from "../kit/units.ts";
import { lostBase, lostCopy } from "./lost.ts";
import type { CopyStatus, Status } from "./status.ts";

/** What needs attention, a sentence each with the way out. */
export function warningsOf(status: Omit<Status, "warnings">, staleAfterSeconds: number): string[] {
  const { bases, copies, dump_store, runtime, unreadable } = status;
  const mine = bases.find((base) => base.current && base.project === status.project && base.source === status.source);
  const limit = formatDuration(staleAfterSeconds * 1000);
  return [
    ...(runtime.name === null ? ["Nothing can be made or run: see the runtime above"] : []),
    ...(dump_store.error === null ? [] : [`Nothing is known of the dumps: ${dump_store.error}`]),
    ...(mine?.stale
      ? [
          `The base was made ${formatAge(mine.created_at)}, and dump.stale_after is ${limit}: "bun scripts/reseed.ts" makes a new one`,
        ]
      : []),
    ...bases.filter(({ present }) => present === false).map((base) => `Base ${base.id} is lost: ${lostBase(base)}`),
    ...copies.flatMap(warningOf),
    ...unreadable.map(({ file, state }) =>
      state === "newer"
        ? `"${file}" was written by a newer ditto and is left alone`
        : `"${file}" is damaged and is left alone: move it away, then "bun scripts/copy.ts prune"`,
    ),
  ];
}

/** A copy that somebody stopped, or that ended in order with its machine, needs nothing. */
function warningOf(copy: CopyStatus): string[] {
  const word = copy.name || copy.id;
  if (copy.status === "failed") return [`Copy ${word} is lost: ${lostCopy(copy)}`];
  if (copy.status === "unclean") {
    return [`The machine went down under copy ${word}: "bun scripts/copy.ts reset ${word}" puts it back on its base`];
  }
  if (copy.server !== "killed") return [];
  const ways = `"bun scripts/copy.ts start ${word}" brings it back, "logs ${word} --server" may say why`;
  return [`The server of copy ${word} ended by itself: ${ways}`];
}
