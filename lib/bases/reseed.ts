import { rm } from "node:fs/promises";
import { servers } from "../engine/engines.ts";
import type { ServerEngine, ServerVersion, Session } from "../engine/index.ts";
import { finish, withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { newId, withLock } from "../kit/state.ts";
import { formatBytes } from "../kit/units.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Frozen, Runtime, StorageWish, Toolbox, Workshop } from "../runtime/index.ts";
import { qualifiedName } from "../schema/model.ts";
import { announce, pruneOld, type WrittenDump } from "./announce.ts";
import type {
  Build,
  Disarmed,
  Selection,
  SourceBuild,
  SourceLook,
  StepReport,
  TableRows,
  Transfer,
  Transferred,
} from "./build.ts";
import { type BaseRecord, readBase } from "./catalogue.ts";
import { workFile } from "./download.ts";
import { enter } from "./enter.ts";
import type { DetectedDump } from "./files.ts";
import type { DumpToLoad } from "./from.ts";
import { type GuestManners, watchOver } from "./guest.ts";
import { privilegeError } from "./privileges.ts";
import { reachOf, withReach } from "./reach.ts";
import { builtBefore } from "./recipe.ts";
import { choose } from "./selection.ts";
import { serverOfFile } from "./server-of-file.ts";
import { requireSpace } from "./space.ts";
import { type Staged, stageCopy, stageText } from "./staged.ts";
import { type DumpStore, dumpKey } from "./store.ts";
import { transfers } from "./transfers.ts";
import { compareRows, compareSchemas } from "./verify.ts";
import { serverInside, startWorkshopServer } from "./workshop.ts";

/** Everything that a reseed needs to know, from flags and configuration. */
export interface ReseedRequest {
  project: string;
  source: string;
  from: { url: DatabaseUrl } | { dump: DumpToLoad };
  runtime: Runtime;
  storage: StorageWish;
  selection: Selection;
  /** Image of the copies' server; "" means the official one. */
  image: string;
  /** Settings of the copies' server without which the base can't be built. */
  settings: Record<string, string>;
  /** Image with the dump tools; "" means the copies' image. */
  clientImage: string;
  /** Builds a base also where there is one of this very dump. */
  rebuild: boolean;
  /** Bytes that must stay free where the runtime keeps its data. */
  minFree: number;
  jobs: number;
  lockWaitMs: number;
  /** Command that opens a tunnel to the source; "" for none. */
  tunnel: string;
  sideEffects: "disarm" | "keep";
  manners: Pick<GuestManners, "onBlock" | "maxDuration">;
  store: DumpStore;
  keep: number;
  keepBases: number;
  /** Files to write as well; "" means none. */
  schemaPath: string;
  dumpPath: string;
  dittoVersion: string;
  step(title: string, total?: number): StepReport;
  /** Ends the last step. */
  endSteps(): void;
  warn(message: string): void;
  /** True when a base is in use by a copy and must stay. */
  inUse(base: BaseRecord): Promise<boolean>;
}

/** Builds a base and announces it last. Whatever fails before leaves the previous dump and base as they were. */
export async function reseed(request: ReseedRequest): Promise<BaseRecord> {
  const { project, source, from } = request;
  try {
    return await withLock(
      `reseed-${project}-${source}`,
      () => ("url" in from ? reseedSource(request, from.url) : reseedDump(request, from.dump)),
      1_000,
    );
  } catch (error) {
    if ((error as DittoError).code !== "LOCKED") throw error;
    throw new DittoError(`Cannot reseed "${project}" (source "${source}"): another reseed of it is running`, {
      code: "RESEED_RUNNING",
      hint: "Wait for it to end; its base serves this one too",
    });
  }
}

async function reseedSource(request: ReseedRequest, url: DatabaseUrl): Promise<BaseRecord> {
  // Before hours of dumping, not after them.
  await request.store.prove();
  const step = request.step("Look at the source");
  return withReach(url, request, async (source) => {
    const entered = await enter(source, request);
    if (!("session" in entered)) throw privilegeError(entered.missing);
    const { engine, transfer, session } = entered;
    return withCleanup(
      async () => {
        const look = await transfer.look(session, request.selection, request.lockWaitMs);
        const { server, database } = session;
        step.update({ note: `${server.flavour} ${server.version}, ${look.role}, ${formatBytes(look.bytes)} of rows` });
        return build(request, { engine, transfer, server, database, look, source, session });
      },
      () => session.close().catch(() => {}),
    );
  });
}

async function reseedDump(request: ReseedRequest, dump: DumpToLoad): Promise<BaseRecord> {
  // Definitions alone are another dump than the one they come from.
  const storedKey = request.selection.schemaOnly ? undefined : dump.key;
  if (storedKey === undefined) await request.store.prove();
  return dump.open(request.step, async (file) => {
    const before = request.rebuild ? undefined : await builtBefore(request, file);
    if (before) return before;
    const server = serverOfFile(file, request.image);
    const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
    const database = file.database || "app";
    return build(request, { engine, transfer: transfers[engine.name], server, database, file, storedKey });
  });
}

/** What is built, from which of the two. */
export interface Plan {
  engine: ServerEngine;
  transfer: Transfer;
  server: ServerVersion;
  database: string;
  look?: SourceLook;
  source?: DatabaseUrl;
  session?: Session;
  file?: DetectedDump;
  /** The dump of the store that the base comes from, and that is therefore its own. */
  storedKey?: string | undefined;
}

async function build(request: ReseedRequest, plan: Plan): Promise<BaseRecord> {
  const started = performance.now();
  const id = newId();
  const image = request.image || plan.engine.image(plan.server);
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
      await pruneOld(request, plan, made);
      return made;
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

async function fillAndFreeze(request: ReseedRequest, plan: Plan, site: Site): Promise<BaseRecord> {
  const made: HalfMade = { staged: [] };
  return withCleanup(
    () => fillFreezeAnnounce(request, plan, { ...site, made }),
    async () => {
      // The record is the announcement: with it nothing is half made any more.
      if (await readBase(site.id)) return;
      for (const { discard } of made.staged) await discard();
      if (made.partial) await rm(made.partial, { force: true });
      if (made.frozen) await request.runtime.removeFrozen(made.frozen);
    },
  );
}

async function fillFreezeAnnounce(
  request: ReseedRequest,
  plan: Plan,
  site: Site & { made: HalfMade },
): Promise<BaseRecord> {
  const { workshop, made } = site;
  const warnings: string[] = [];
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
    step: request.step,
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
    await plan.transfer.inspect(job);
    return rows;
  }
  const { look, source, session } = plan;
  if (!look || !source || !session) throw new Error("a build is from a file or from a source");
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
      const transferred = await dumpWatched(plan, { ...job, source, session, look, toolbox, lockWaitMs, guest });
      compareSchemas(
        transferred.schema,
        await plan.transfer.inspect(job),
        choose(transferred.schema, request.selection),
      );
      return transferred.rows;
    },
    () => (toolbox as Toolbox).close(),
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
  const key = storedKey ?? dumpKey({ ...request, database: plan.database, profile: "none" });
  const uncounted = await plan.transfer.rowsWithoutDump?.(job);
  if (uncounted) {
    if (storedKey !== undefined) return { key, partial: "", rows: uncounted };
    job.warn("No portable dump was made: this server came without its tools (the base itself is complete)");
    return { key: "", partial: "", rows: uncounted };
  }
  // Made in any case: its bytes tell what the base holds.
  const partial = storedKey === undefined ? request.store.partialFile(key) : workFile(key);
  made.partial = partial;
  const rows = await plan.transfer.portableDump(job, partial);
  // Without rows, sequences stand at their beginning.
  if (request.selection.schemaOnly)
    compareRows(
      [],
      rows.filter(({ schema }) => schema !== "pg_catalog"),
    );
  else if (read) compareRows(read, rows);
  return { key, partial, rows };
}
