import { formatAge, formatDuration } from "../kit/units.ts";
import type { Status } from "./status.ts";

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
    ...bases
      .filter(({ present }) => present === false)
      .map(({ id }) => `Base ${id} is lost: its data is gone; "bun scripts/reseed.ts" makes a new one`),
    ...copies
      .filter(({ server }) => server === "missing" || server === "exited")
      .map(
        (copy) =>
          `Copy ${copy.name || copy.id} has no running server: "bun scripts/copy.ts logs ${copy.name || copy.id} --server" may say why`,
      ),
    ...unreadable.map(({ file, state }) =>
      state === "newer"
        ? `"${file}" was written by a newer ditto and is left alone`
        : `"${file}" is damaged and is left alone: move it away, then "bun scripts/copy.ts prune"`,
    ),
  ];
}
