import type { Stored } from "../kit/state.ts";
import { table } from "../kit/table.ts";
import { formatAge, formatDuration } from "../kit/units.ts";
import type { CopyRecord } from "./record.ts";

export { readCopies, viewOf } from "./record.ts";
export { sweepInBackground } from "./sweep.ts";

/** The copies as a table. */
export function renderList(stored: Stored<CopyRecord>[]): string {
  if (stored.length === 0) return 'There are no copies; "bun scripts/copy.ts create" makes one';
  const rows = stored.map((entry) => (entry.kind === "record" ? row(entry.record) : strangeRow(entry)));
  return table(rows, { head: ["ID", "NAME", "PROJECT", "STATUS", "ENGINE", "PORT", "AGE", "EXPIRES"] });
}

function row(copy: CopyRecord): string[] {
  const project = copy.source === "default" ? copy.project : `${copy.project}/${copy.source}`;
  const left = copy.expiresAt === null ? "never" : expiry(Date.parse(copy.expiresAt) - Date.now());
  const engine = `${copy.server.flavour} ${copy.server.version}`;
  return [
    copy.id,
    copy.name || "-",
    project,
    copy.raw ? `${copy.status}, raw` : copy.status,
    engine,
    String(copy.port),
    formatAge(copy.createdAt),
    left,
  ];
}

function expiry(ms: number): string {
  return ms < 0 ? "expired" : `in ${formatDuration(ms)}`;
}

function strangeRow(entry: Exclude<Stored<CopyRecord>, { kind: "record" }>): string[] {
  const state = entry.kind === "newer" ? "of a newer ditto" : "damaged record";
  return [entry.id, "-", "-", state, "-", "-", "-", "-"];
}
