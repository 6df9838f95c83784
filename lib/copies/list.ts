import { type BaseRecord, readBases } from "../bases/catalogue.ts";
import { recordsOf, type Stored } from "../kit/state.ts";
import { table } from "../kit/table.ts";
import { formatAge, formatBytes, formatDuration } from "../kit/units.ts";
import { diskMeter } from "./disk.ts";
import { drawn, lineageOf, type Node } from "./lineage.ts";
import { observe } from "./observe.ts";
import { type CopyRecord, type CopyView, projectLabel, readCopies, viewOf, wordFor } from "./record.ts";
import { knownSnapshots, type SnapshotView, snapshotView } from "./snapshot-record.ts";

/** A copy of the list, as JSON; null: that can't be told. */
type ListedCopy = CopyView & { disk_bytes: number | null; snapshots: (SnapshotView & { disk_bytes: number | null })[] };

/** Every copy of this state folder as it is now, with what it came of and what came of it, and the disk that each takes. */
export async function listCopies(): Promise<{ json: object[]; text: string }> {
  const [stored, snapshots, bases] = await Promise.all([observeCopies(), knownSnapshots(), readBases()]);
  const copies = recordsOf(stored);
  const meter = diskMeter();
  const disk = new Map<string, number | undefined>();
  await Promise.all([
    ...copies.map(async (copy) => disk.set(copy.id, await meter.ofCopy(copy))),
    ...snapshots.map(async ({ id, frozen }) => disk.set(id, await meter.ofFrozen(frozen))),
  ]);
  const json = stored.map((entry) => {
    if (entry.kind !== "record") return { id: entry.id, status: entry.kind, file: entry.file };
    const { record } = entry;
    const own = snapshots.filter(({ copyId }) => copyId === record.id);
    const listed: ListedCopy = {
      ...viewOf(record),
      disk_bytes: disk.get(record.id) ?? null,
      snapshots: own.map((snapshot) => ({ ...snapshotView(snapshot), disk_bytes: disk.get(snapshot.id) ?? null })),
    };
    return listed;
  });
  const known = recordsOf(bases);
  const tree = drawn(lineageOf({ bases: known, copies, snapshots }));
  const rows = [...tree.map((line) => rowOf(line, disk)), ...stored.flatMap(strangeRow)];
  const head = ["BASE, COPY, SNAPSHOT", "PROJECT", "STATUS", "ENGINE", "PORT", "DISK", "AGE", "EXPIRES"];
  const none = 'There are no copies; "bun scripts/copy.ts create" makes one';
  return { json, text: rows.length === 0 ? none : table(rows, { head, right: [4, 5] }) };
}

async function observeCopies(): Promise<Stored<CopyRecord>[]> {
  const stored = await readCopies();
  return Promise.all(
    stored.map(async (entry) =>
      entry.kind === "record" ? { ...entry, record: (await observe(entry.record)).copy } : entry,
    ),
  );
}

function rowOf({ node, branch }: { node: Node; branch: string }, disk: Map<string, number | undefined>): string[] {
  if (node.kind === "base") return baseRow(node.id, node.base);
  const size = formatDisk(disk.get(node.id));
  if (node.kind === "snapshot") {
    const { name, createdAt } = node.snapshot;
    return [`${branch}${name}`, "", labelled("snapshot", node.snapshot), "", "", size, formatAge(createdAt), ""];
  }
  const { copy } = node;
  if (!copy) return [`${branch}${node.name || node.id}`, "", "deleted", "", "", "", "", ""];
  const left = copy.expiresAt === null ? "never" : expiry(Date.parse(copy.expiresAt) - Date.now());
  const status = labelled(copy.status === "failed" ? "lost" : copy.status, copy);
  const cells = [projectLabel(copy), status, engineOf(copy), String(copy.port), size, formatAge(copy.createdAt), left];
  return [`${branch}${wordFor(copy)}`, ...cells];
}

function baseRow(id: string, base: BaseRecord | undefined): string[] {
  if (!base) return [id, "", "base, deleted", "", "", "", "", ""];
  return [
    id,
    projectLabel(base),
    labelled("base", base),
    engineOf(base),
    "",
    formatBytes(base.frozen.bytes),
    formatAge(base.createdAt),
    "",
  ];
}

function labelled(status: string, { raw }: { raw?: boolean }): string {
  return raw ? `${status}, raw` : status;
}

function engineOf({ server }: Pick<CopyRecord, "server">): string {
  return `${server.flavour} ${server.version}`;
}

function formatDisk(bytes: number | undefined): string {
  return bytes === undefined ? "-" : formatBytes(bytes);
}

function expiry(ms: number): string {
  return ms < 0 ? "expired" : `in ${formatDuration(ms)}`;
}

function strangeRow(entry: Stored<CopyRecord>): string[][] {
  if (entry.kind === "record") return [];
  return [[entry.id, "-", entry.kind === "newer" ? "of a newer ditto" : "damaged record", "-", "-", "-", "-", "-"]];
}
