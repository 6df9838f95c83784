import type { Stored } from "../kit/state.ts";
import { table } from "../kit/table.ts";
import { formatAge, formatBytes, formatDuration } from "../kit/units.ts";
import { diskMeter } from "./disk.ts";
import { findCopy, type Scope } from "./find.ts";
import { knownCopies } from "./record.ts";
import { pathOf, readSnapshots, type SnapshotRecord, snapshotView } from "./snapshot-record.ts";

/** Every snapshot of this state folder, oldest first, or those of one copy; with what each alone occupies. */
export async function listSnapshots(word: string | undefined, scope: Scope): Promise<{ json: object[]; text: string }> {
  const copy = word === undefined ? undefined : await findCopy(word, scope);
  const [all, copies] = await Promise.all([readSnapshots(), knownCopies()]);
  const stored = all.filter((one) => copy === undefined || one.file.includes(`/${copy.id}/`));
  const meter = diskMeter();
  const rows = await Promise.all(
    stored.map(async (one) => {
      if (one.kind !== "record")
        return { json: { name: one.id, status: one.kind, file: one.file }, cells: strange(one) };
      const here = copies.filter(({ standsOn }) => standsOn?.id === one.record.id).map(({ name, id }) => name || id);
      const disk = await meter.ofFrozen(one.record.frozen);
      const json = { ...snapshotView(one.record), disk_bytes: disk ?? null, copies: here };
      return { json, cells: cellsOf(one.record, here, disk) };
    }),
  );
  const head = ["SNAPSHOT", "AFTER", "ENGINE", "DISK", "PAUSED", "AGE", "COPIES"];
  const cells = rows.map((row) => row.cells);
  const none = 'There is no snapshot; "bun scripts/snapshot.ts create COPY" takes one';
  return {
    json: rows.map(({ json }) => json),
    text: rows.length === 0 ? none : table(cells, { head, right: [3, 4] }),
  };
}

function cellsOf(snapshot: SnapshotRecord, copies: string[], disk: number | undefined): string[] {
  return [
    pathOf(snapshot),
    snapshot.parent?.name ?? "the base",
    `${snapshot.server.flavour} ${snapshot.server.version}`,
    disk === undefined ? "-" : formatBytes(disk),
    formatDuration(snapshot.pausedMs),
    formatAge(snapshot.createdAt),
    copies.join(", ") || "-",
  ];
}

function strange({ id, kind }: Stored<SnapshotRecord>): string[] {
  return [id, "-", kind === "newer" ? "of a newer ditto" : "damaged record", "-", "-", "-", "-"];
}
