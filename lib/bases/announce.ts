import { rm } from "node:fs/promises";
import { interrupted } from "../kit/cleanup.ts";
import { DittoError, messageOf } from "../kit/errors.ts";
import type { Frozen } from "../runtime/index.ts";
import type { Disarmed, TableRows } from "./build.ts";
import { type BaseRecord, writeBase } from "./catalogue.ts";
import { type Plan, profileOf } from "./make-base.ts";
import type { Masked } from "./masking.ts";
import { imageOf, recipeOf } from "./recipe.ts";
import { pruneBases } from "./remove.ts";
import { type Reported, reportHtml } from "./report.ts";
import type { ReseedRequest } from "./reseed.ts";
import { checksum } from "./save.ts";
import { type Staged, stageText } from "./staged.ts";
import type { DumpManifest } from "./store.ts";
import { countRows } from "./verify.ts";

/** A portable dump that is not published yet. */
export interface WrittenDump {
  /** "" when none could be made. */
  key: string;
  partial: string;
  rows: TableRows[];
}

/** Everything that a finished base consists of. */
export interface Finished {
  id: string;
  frozen: Frozen;
  /** Files that were asked for besides. */
  staged: Staged[];
  dump: WrittenDump;
  disarmed: Disarmed;
  warnings: string[];
  durationMs: number;
}

/** What exists now. */
export interface Announced {
  base: BaseRecord;
  /** Why files that were asked for besides could not appear. */
  failed: DittoError[];
}

/** Makes the dump, the base and the files appear; with the base's record it exists. Leaves no dump behind when that fails. */
export async function announce(request: ReseedRequest, plan: Plan, done: Finished): Promise<Announced> {
  const { dump } = done;
  const createdAt = new Date().toISOString();
  const base = await publishAll(request, plan, { ...done, createdAt }).catch(async (error) => {
    // A store that can't be reached any more is why it failed: that is what is said.
    if (isNew(plan, dump.key)) await request.store.withdraw(dump.key).catch(() => {});
    throw error;
  });
  // No reason to call a base failed that others may use already.
  const shown = await Promise.allSettled(done.staged.map(({ publish: show }) => show()));
  return { base, failed: shown.flatMap((end) => (end.status === "rejected" ? [end.reason] : [])) };
}

/** Throws what kept files from appearing: whoever waits for them must hear of it. */
export function refuseMissing({ failed }: Announced): void {
  const [first] = failed;
  if (first === undefined) return;
  const { code, hint = "" } = first;
  throw new DittoError(failed.map(messageOf).join("\n"), { code, hint });
}

function reported(request: ReseedRequest, plan: Plan, base: BaseRecord): Reported {
  const { id: baseId, disarmed = [], ...rest } = base;
  return { ...rest, baseId, disarmed, masked: plan.masking?.masked(), dittoVersion: request.dittoVersion };
}

/** True for a dump that the store hasn't had before. */
function isNew(plan: Plan, key: string): boolean {
  return key !== "" && key !== plan.storedKey;
}

async function publishAll(
  request: ReseedRequest,
  plan: Plan,
  done: Finished & { createdAt: string },
): Promise<BaseRecord> {
  const sha256 = isNew(plan, done.dump.key) ? await publish(request, plan, done) : await keepStored(plan, done.dump);
  const base = recordOf(request, plan, { ...done, sha256 });
  if (request.reportPath)
    done.staged.push(await stageText(reportHtml(reported(request, plan, base)), request.reportPath));
  if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
  await writeBase(base);
  return base;
}

function recordOf(
  request: ReseedRequest,
  plan: Plan,
  done: Finished & { createdAt: string; sha256: string },
): BaseRecord {
  const { dump } = done;
  const file = plan.file ?? plan.stagedFile;
  const maskKey = plan.masking ? plan.masking.masked().keyFingerprint : plan.file?.maskKey;
  return {
    id: done.id,
    project: request.project,
    source: request.source,
    profile: profileOf(plan),
    ...(maskKey ? { maskKey } : {}),
    engine: plan.engine.name,
    server: plan.server,
    database: plan.database,
    settings: { ...plan.engine.settingsFromTraits?.(plan.look?.traits ?? {}), ...done.disarmed.settings },
    disarmed: done.disarmed.things,
    frozen: done.frozen,
    image: imageOf(request, plan),
    recipe: recipeOf(request),
    ...(file?.sha256 === undefined ? {} : { fileSha256: file.sha256 }),
    raw: plan.raw ?? false,
    dumpKey: dump.key,
    dumpSha256: done.sha256,
    origin: file ? "file" : "source",
    tables: dump.rows.filter(({ schema }) => schema !== "pg_catalog").length,
    rows: countRows(dump.rows),
    durationMs: done.durationMs,
    warnings: done.warnings,
    createdAt: done.createdAt,
  };
}

/** The checksum of the dump that the store has already; the one that was made to compare them goes. */
async function keepStored(plan: Plan, { key, partial }: WrittenDump): Promise<string> {
  if (partial !== "") await rm(partial, { force: true });
  return key === "" ? "" : (plan.file?.sha256 ?? "");
}

/** Makes the dump and its manifest appear; resolves to its checksum. */
async function publish(request: ReseedRequest, plan: Plan, done: Finished & { createdAt: string }): Promise<string> {
  const { dump } = done;
  const { bytes, sha256 } = await checksum(dump.partial);
  const manifest: DumpManifest = {
    version: 1,
    key: dump.key,
    project: request.project,
    source: request.source,
    profile: profileOf(plan),
    ...(plan.masking ? { masking: masking(plan.masking.masked()) } : {}),
    engine: plan.engine.name,
    flavour: plan.server.flavour,
    server_version: plan.server.version,
    ditto_version: request.dittoVersion,
    database: plan.database,
    bytes,
    sha256,
    tables: dump.rows,
    duration_ms: done.durationMs,
    created_at: done.createdAt,
    warnings: done.warnings,
    disarmed: done.disarmed.things,
  };
  await request.store.publish(dump.partial, manifest, request.step);
  return sha256;
}

function masking({
  keyFingerprint,
  rules,
  unreviewed,
  judged,
  kept,
  sought,
  unsought,
  leaks,
  pairs,
}: Masked): NonNullable<DumpManifest["masking"]> {
  return {
    key_fingerprint: keyFingerprint,
    rules,
    judged,
    unreviewed,
    kept,
    searched: { values: sought, ...(unsought.length > 0 ? { left: unsought } : {}), leaks },
    compared: pairs,
  };
}

/** Keeps the newest dumps and bases. What can't be removed is said, for the new base is there. */
export async function pruneOld(request: ReseedRequest, plan: Plan, made: BaseRecord): Promise<void> {
  try {
    if (isNew(plan, made.dumpKey)) await request.store.prune(made.dumpKey, request.keep);
    await pruneBases(made, request);
  } catch (error) {
    request.warn(`What is old could not all be removed: ${messageOf(error)}`);
  }
}
