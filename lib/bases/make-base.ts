import { rm } from "node:fs/promises";
import type { ServerEngine, ServerVersion, Session } from "../engine/index.ts";
import { finish, withCleanup } from "../kit/cleanup.ts";
import { newId } from "../kit/state.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Frozen, Workshop } from "../runtime/index.ts";
import { holdsRows, isOfUser, qualifiedName, type Schema } from "../schema/model.ts";
import { type Announced, announce, pruneOld, refuseMissing, type WrittenDump } from "./announce.ts";
import type { Build, Disarmed, SourceBuild, SourceLook, TableRows, Transfer, Transferred } from "./build.ts";
import { type BaseRecord, readBase } from "./catalogue.ts";
import { workFile } from "./download.ts";
import { type DetectedDump, isMaskedFile } from "./files.ts";
import { watchOver } from "./guest.ts";
import { requireTools } from "./host-tools.ts";
import { LeakSearch } from "./leak-search.ts";
import type { Masking } from "./masking.ts";
import { PairCheck } from "./pair-check.ts";
import { reachOf } from "./reach.ts";
import { compareCounts } from "./recount.ts";
import type { ReseedRequest } from "./reseed.ts";
import { reviewRules } from "./review.ts";
import { type Chosen, choose } from "./selection.ts";
import { requireSpace } from "./space.ts";
import { type Staged, stageCopy, stageText } from "./staged.ts";
import { dumpKey } from "./store.ts";
import { compareRows, compareSchemas } from "./verify.ts";
import { serverInside, startWorkshopServer } from "./workshop.ts";

/** What is built, from which of the two. */
export interface Plan {
  engine: ServerEngine;
  transfer: Transfer;
  server: ServerVersion;
  database: string;
  look?: SourceLook;
  source?: DatabaseUrl;
  session?: Session;
  /** What rules do to the rows of a source. */
  masking?: Masking;
  file?: DetectedDump;
  /** The dump of the store that the base comes from, and that is therefore its own. */
  storedKey?: string | undefined;
  /** The raw file that a staging server holds, which is then the source. */
  stagedFile?: DetectedDump;
  /** Sentences of the manifest that were said before. */
  warnings?: string[];
  /** It is loaded as it is although rules are configured. */
  raw?: boolean;
}

/** The set of rules that made what is built: those of its masking, or of the dump that it comes from. */
export function profileOf({ masking, file }: Pick<Plan, "masking" | "file">): string {
  return masking?.profile ?? file?.profile ?? "none";
}

/**
 * Builds a base in a workshop of its own; it exists when this resolves, and nothing half-made when it throws. It exists too
 * when `FILE_UNWRITABLE` says so: then a file that was asked for besides could not appear.
 */
export async function makeBase(request: ReseedRequest, plan: Plan): Promise<BaseRecord> {
  const started = performance.now();
  const id = newId();
  const image = request.image || plan.engine.image(plan.server);
  if (plan.session && plan.source && !plan.stagedFile) await requireTools(request.runtime, plan.server);
  await requireSpace(request.runtime, "reseed", { minFree: request.minFree, needed: plan.look?.bytes ?? 0 });
  request.step("Open the workshop");
  const workshop = await request.runtime.openWorkshop({
    id,
    image,
    user: plan.engine.imageUser(plan.server),
    server: plan.server,
    storage: request.storage,
  });
  return withCleanup(
    async () => {
      const server = await serverInside(plan.engine, plan.server, workshop);
      const made = await fillAndFreeze(request, { ...plan, server }, { id, image, workshop, started });
      request.endSteps();
      await pruneOld(request, plan, made.base);
      refuseMissing(made);
      return made.base;
    },
    () => workshop.close(),
  );
}

interface Site {
  id: string;
  image: string;
  workshop: Workshop;
  started: number;
}

/** What is made on the way and must not outlive a failure. */
interface HalfMade {
  partial?: string;
  frozen?: Frozen;
  staged: Staged[];
}

async function fillAndFreeze(request: ReseedRequest, plan: Plan, site: Site): Promise<Announced> {
  const made: HalfMade = { staged: [] };
  return withCleanup(
    () => fillFreezeAnnounce(request, plan, { ...site, made }),
    async () => {
      for (const { discard } of made.staged) await discard();
      // The record is the announcement: with it nothing else is half made any more.
      if (await readBase(site.id)) return;
      if (made.partial) await rm(made.partial, { force: true });
      if (made.frozen) await request.runtime.removeFrozen(made.frozen);
    },
  );
}

async function fillFreezeAnnounce(
  request: ReseedRequest,
  plan: Plan,
  site: Site & { made: HalfMade },
): Promise<Announced> {
  const { workshop, made } = site;
  const warnings = [...(plan.warnings ?? [])];
  const traits = plan.look?.traits ?? {};
  const settings = { ...plan.engine.settingsFromTraits?.(traits), ...request.settings };
  const server = await startWorkshopServer(plan.engine, plan.server, workshop, { settings, traits });
  const job: Build = {
    engine: plan.engine,
    server: plan.server,
    workshop,
    selection: request.selection,
    database: plan.database,
    jobs: request.jobs,
    disarms: request.sideEffects === "disarm",
    step: request.step,
    ...(plan.masking ? { watch: plan.masking.watch } : {}),
    warn(message) {
      warnings.push(message);
      request.warn(message);
    },
    serverErrors: server.errors,
  };
  const read = await fill(request, plan, site, job);
  const disarmed = await disarm(request, plan, job);
  request.step("Analyze");
  await plan.transfer.settle(job);
  const dump = await writeDump(request, plan, { job, read: read && withoutHashes(read, disarmed.changed), made });
  await plan.masking?.prove(job);
  if (request.schemaPath) made.staged.push(await stageText(await plan.transfer.schemaDump(job), request.schemaPath));
  request.step("Freeze");
  await server.stop();
  // Set before a signal's undoing goes on, or it would not know of what was frozen.
  const frozen = await finish(async () => {
    made.frozen = await workshop.freeze(site.id);
    return made.frozen;
  });
  if (request.dumpPath && dump.key) made.staged.push(await stageCopy(dump.partial, request.dumpPath));
  const durationMs = Math.round(performance.now() - site.started);
  return announce(request, plan, { id: site.id, frozen, staged: made.staged, warnings, durationMs, dump, disarmed });
}

/** Brings the rows in and checks the schema; resolves to the rows that were read, undefined when only the file knows. */
async function fill(request: ReseedRequest, plan: Plan, site: Site, job: Build): Promise<TableRows[] | undefined> {
  if (plan.file) {
    const rows = plan.file.tables ?? (await plan.transfer.rowsOfFile?.(plan.file));
    await plan.transfer.fromFile(job, plan.file);
    const schema = await plan.transfer.inspect(job);
    await reviewFile(request, plan, { job, schema });
    return rows;
  }
  const { look, source, session, masking } = plan;
  if (!look || !source || !session || !masking) throw new Error("a build is from a file or from a source");
  await plan.transfer.fits(job, look);
  const toolbox = await request.runtime.openToolbox({
    id: site.id,
    image: request.clientImage || site.image,
    server: look.server,
    reach: reachOf(source),
    workshop: site.workshop,
  });
  return withCleanup(
    async () => {
      const guest = await watchOver(source, { ...plan, session }, { ...request.manners, warn: job.warn });
      const { lockWaitMs } = request;
      const review: SourceBuild["review"] = async (seen) => masking.rows(await masking.review(seen));
      const transferred = await dumpWatched(plan, {
        ...job,
        source,
        session,
        look,
        toolbox,
        lockWaitMs,
        recount: request.recount,
        guest,
        review,
      });
      compareCounts(transferred.counted, transferred.rows);
      compareSchemas(
        transferred.schema,
        await plan.transfer.inspect(job),
        choose(transferred.schema, request.selection),
      );
      return transferred.rows;
    },
    () => toolbox.close(),
  );
}

/** A file that no rule masks is looked at as a source is, where its rows have come to lie. */
async function reviewFile(
  request: ReseedRequest,
  plan: Plan,
  { job, schema }: { job: Build; schema: Schema },
): Promise<void> {
  const { file, raw, transfer } = plan;
  if (!file || raw || isMaskedFile(file) || request.selection.schemaOnly || request.masking.unreviewed === "allow")
    return;
  job.step("Look for personal columns");
  const chosen: Chosen = {
    left: [],
    dragged: [],
    emptied: [],
    filtered: [],
    whole: schema.tables.filter((table) => holdsRows(table) && isOfUser(table)),
  };
  await transfer.withBase(job, (session) =>
    reviewRules(
      { engine: plan.engine.name, transfer, session, search: new LeakSearch(), pairs: new PairCheck(), warn: job.warn },
      { rules: [], unreviewed: request.masking.unreviewed, problems: [] },
      { schema, chosen },
    ),
  );
}

async function dumpWatched({ transfer }: Plan, build: SourceBuild): Promise<Transferred> {
  try {
    return await transfer.fromSource(build);
  } catch (error) {
    throw build.guest.verdict(error);
  } finally {
    await build.guest.release();
  }
}

async function disarm(request: ReseedRequest, plan: Plan, job: Build): Promise<Disarmed> {
  const { transfer, look } = plan;
  if (request.sideEffects === "keep") return { things: [], changed: [], settings: transfer.armedSettings(look) };
  const disarmed = await transfer.disarm(job, look);
  if (disarmed.things.length > 0) request.warn(`Disarmed: ${disarmed.things.join(", ")}`);
  return disarmed;
}

/** Rows of tables that were changed on purpose match any content. */
function withoutHashes(rows: TableRows[], changed: Disarmed["changed"]): TableRows[] {
  const names = new Set(changed.map(qualifiedName));
  return rows.map((table) => (names.has(qualifiedName(table)) ? { ...table, hash: "" } : table));
}

/** The portable dump under a temporary name, its rows compared with those that were read. */
async function writeDump(
  request: ReseedRequest,
  plan: Plan,
  { job, read, made }: { job: Build; read: TableRows[] | undefined; made: HalfMade },
): Promise<WrittenDump> {
  const { storedKey } = plan;
  const stored = storedKey === undefined && !plan.raw;
  const key = storedKey ?? dumpKey({ ...request, database: plan.database, profile: profileOf(plan) });
  const uncounted = await plan.transfer.rowsWithoutDump?.(job);
  if (uncounted) {
    if (!stored) return { key: storedKey ?? "", partial: "", rows: uncounted };
    job.warn("No portable dump was made: this server came without its tools (the base itself is complete)");
    return { key: "", partial: "", rows: uncounted };
  }
  // Made in any case: its bytes tell what the base holds.
  const partial = stored ? request.store.partialFile(key) : workFile(key);
  made.partial = partial;
  const rows = await plan.transfer.portableDump(job, partial);
  // Without rows, sequences stand at their beginning.
  if (request.selection.schemaOnly)
    compareRows(
      [],
      rows.filter(({ schema }) => schema !== "pg_catalog"),
    );
  else if (read) compareRows(read, rows);
  // Of a raw base none is kept: whoever takes dumps from the store relies on the rules.
  return { key: plan.raw ? "" : key, partial, rows };
}
