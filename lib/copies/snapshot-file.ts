import { openBaseFile, writeBaseFile } from "../bases/base-file.ts";
import { refused } from "../bases/base-manifest.ts";
import type { StepReport } from "../bases/build.ts";
import { readBase } from "../bases/catalogue.ts";
import type { Exported } from "../bases/export.ts";
import { type Import, takeIn, type Unpacked } from "../bases/import.ts";
import { officialImage } from "../bases/recipe.ts";
import type { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { formatBytes } from "../kit/units.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { lostSnapshot } from "./rollback.ts";
import { taken } from "./snapshot.ts";
import { knownSnapshots, pathOf, readSnapshot, type SnapshotRecord, writeSnapshot } from "./snapshot-record.ts";

/** Writes a snapshot into one file that another state folder can import. Throws `SNAPSHOT_LOST`. */
export async function exportSnapshot(
  snapshot: SnapshotRecord,
  file: string,
  step: (title: string, total?: number) => StepReport,
): Promise<Exported> {
  const { default: manifest } = await import("../../package.json");
  const { frozen, server, profile } = snapshot;
  const masked = profile !== "none";
  const image = snapshot.image || (frozen.runtime === "native" ? "" : officialImage(server));
  const base = await baseFactsOf(snapshot);
  const { name, copyId, copyName, notCaptured, createdAt } = snapshot;
  const runtime = await runtimeNamed(frozen.runtime, () => {});
  const written = await runtime
    .packFrozen(frozen, ({ tar, platform, libc }) => {
      const progress = step("Pack", frozen.bytes);
      const facts = {
        ...{ ditto_version: manifest.version, platform, libc, masked, image, base },
        snapshot: { name, copyId, copyName, notCaptured, createdAt },
      };
      return writeBaseFile(file, facts, { tar, tell: (bytes) => progress.update({ bytes }) });
    })
    .catch((error: DittoError) => {
      throw error.code === "BASE_LOST" ? lostSnapshot(snapshot, `export ${pathOf(snapshot)}`) : error;
    });
  return { file, masked, ...written };
}

/** What is known of the base, which may be gone by now. */
async function baseFactsOf(snapshot: SnapshotRecord) {
  const { baseId: id, project, source, profile, raw, engine, server, database, settings, dumpKey } = snapshot;
  const { maskKey } = snapshot;
  const base = await readBase(id);
  return {
    ...{ id, project, source, profile, raw, engine, server, database, settings, dumpKey },
    ...(maskKey === undefined ? {} : { maskKey }),
    ...{ dumpSha256: base?.dumpSha256 ?? "", origin: base?.origin ?? ("source" as const) },
    ...{ tables: base?.tables ?? 0, rows: base?.rows ?? 0, durationMs: 0, warnings: [] },
    createdAt: base?.createdAt ?? snapshot.createdAt,
  };
}

/** What was written, in words. */
export function describeExport(path: string, { file, bytes, masked }: Exported): string {
  const raw = masked ? "" : ". It is not masked: whoever reads it reads the source's rows";
  return `Snapshot ${path} is in ${file} (${formatBytes(bytes)})${raw}`;
}

/** Takes a snapshot in from a file, under the name and the copy's name that it had; copies can be made of it. */
export async function importSnapshot(path: string, request: Import): Promise<SnapshotRecord> {
  const file = await openBaseFile(path);
  const { snapshot } = file.manifest.facts;
  if (!snapshot) {
    const hint = 'Run "bun scripts/base.ts import" instead';
    throw refused(path, { state: "it is a base's file", code: "FILE_FOREIGN", hint });
  }
  const before = await readSnapshot(snapshot);
  if (before) throw taken(before, before.name);
  return takeIn(file, request, {
    kind: "snapshot",
    async announce(unpacked) {
      const made = recordOf(unpacked, request, snapshot);
      await withLock("copies", async () => {
        if (await readSnapshot(made)) throw taken(made, made.name);
        await writeSnapshot(made);
      });
      return made;
    },
    isKept: async (id) => (await knownSnapshots()).some((one) => one.id === id),
  });
}

function recordOf(
  { id, facts, frozen, server, image }: Unpacked,
  { config }: Import,
  { name, copyId, copyName, notCaptured, createdAt }: NonNullable<Unpacked["facts"]["snapshot"]>,
): SnapshotRecord {
  const { base, platform, libc } = facts;
  return {
    ...{ id, name, copyId, copyName, project: config.project, source: config.sourceName },
    ...{ engine: base.engine, server, platform: { platform, libc }, database: base.database },
    ...{ settings: base.settings ?? {}, credentials: "hmac-sha256", baseId: base.id, dumpKey: base.dumpKey },
    ...{ profile: base.profile, ...(base.maskKey === undefined ? {} : { maskKey: base.maskKey }) },
    raw: base.raw ?? false,
    // It was packed as it lay under its server.
    ...{ frozen: { ...frozen, live: true }, image, pausedMs: 0, notCaptured, createdAt },
  };
}
