import type { Stored } from "../kit/state.ts";
import { table } from "../kit/table.ts";
import { formatAge, formatDuration } from "../kit/units.ts";
import { observe } from "./observe.ts";
import { type CopyRecord, readCopies } from "./record.ts";

export { viewOf } from "./record.ts";
export { sweepInBackground } from "./sweep.ts";

/** Every copy of this state folder, oldest first, as it is now. */
export async function observeCopies(): Promise<Stored<CopyRecord>[]> {
  const stored = await readCopies();
  return Promise.all(
    stored.map(async (entry) =>
      entry.kind === "record" ? { ...entry, record: (await observe(entry.record)).copy } : entry,
    ),
  );
}

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
  const state = copy.status === "failed" ? "lost" : copy.status;
  const status = copy.raw ? `${state}, raw` : state;
  return [copy.id, copy.name || "-", project, status, engine, String(copy.port), formatAge(copy.createdAt), left];
}

function expiry(ms: number): string {
  return ms < 0 ? "expired" : `in ${formatDuration(ms)}`;
}

function strangeRow(entry: Exclude<Stored<CopyRecord>, { kind: "record" }>): string[] {
  const state = entry.kind === "newer" ? "of a newer ditto" : "damaged record";
  return [entry.id, "-", "-", state, "-", "-", "-", "-"];
}
