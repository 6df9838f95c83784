import { servers } from "../engine/engines.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import type { DatabaseUrl } from "../kit/url.ts";
import type { Runtime, StorageWish } from "../runtime/index.ts";
import type { Selection, StepReport } from "./build.ts";
import type { BaseRecord } from "./catalogue.ts";
import { type DetectedDump, isMaskedFile } from "./files.ts";
import type { DumpToLoad } from "./from.ts";
import type { GuestManners } from "./guest.ts";
import { makeBase, type Plan } from "./make-base.ts";
import type { MaskingWish } from "./masking.ts";
import { builtBefore } from "./recipe.ts";
import type { Review } from "./review.ts";
import { choose } from "./selection.ts";
import { serverOfFile } from "./server-of-file.ts";
import { withStaging } from "./staging.ts";
import type { DumpStore } from "./store.ts";
import { transfers } from "./transfers.ts";
import { type Visit, visitSource } from "./visit.ts";

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
  /** What becomes of a file that ditto has not masked; `mask`: it is loaded into a staging server and read from there. */
  rawFile: "load" | "mask" | "label";
  /** The staging server's files may lie on disk. */
  rawOnDisk: boolean;
  /** Counts the source's rows once more, beside what is compared in any case. */
  recount: boolean;
  /** Builds a base also where there is one of this very dump. */
  rebuild: boolean;
  /** Bytes that must stay free where the runtime keeps its data. */
  minFree: number;
  jobs: number;
  lockWaitMs: number;
  /** Command that opens a tunnel to the source; "" for none. */
  tunnel: string;
  sideEffects: "disarm" | "keep";
  masking: MaskingWish;
  manners: Pick<GuestManners, "onBlock" | "maxDuration">;
  store: DumpStore;
  keep: number;
  keepBases: number;
  /** Files to write as well; "" means none. */
  schemaPath: string;
  dumpPath: string;
  reportPath: string;
  dittoVersion: string;
  say(text: string): void;
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

async function reseedSource(
  request: ReseedRequest,
  url: DatabaseUrl,
  staged: Pick<Plan, "stagedFile" | "warnings"> = {},
): Promise<BaseRecord> {
  // Before hours of dumping, not after them.
  await request.store.prove();
  return visitSource(request, url, async (visit) => {
    // What the dump's own transaction would refuse in the end is refused before anything is made.
    await reviewVisited(request)(visit);
    const { server, database } = visit.session;
    return makeBase(request, { ...staged, ...visit, server, database });
  });
}

/** Applies the rules to the source's schema and looks for personal columns that they leave out, without dumping. */
export async function checkRules(request: ReseedRequest): Promise<Review> {
  if ("url" in request.from) return visitSource(request, request.from.url, reviewVisited(request));
  throw usageError(
    "Cannot check rules against a dump: they are checked against the source",
    "Leave --from or --check out; a reseed from a dump checks them before it masks",
  );
}

function reviewVisited(request: ReseedRequest): (visit: Visit) => Promise<Review> {
  return async ({ transfer, session, masking }) => {
    const schema = await transfer.readSchema(session);
    return masking.review({ schema, chosen: choose(schema, request.selection) });
  };
}

async function reseedDump(request: ReseedRequest, dump: DumpToLoad): Promise<BaseRecord> {
  // Definitions alone are another dump than the one they come from.
  const storedKey = request.selection.schemaOnly ? undefined : dump.key;
  if (storedKey === undefined) await request.store.prove();
  return dump.open(request.step, async (file) => {
    const before = request.rebuild ? undefined : await builtBefore(request, file);
    if (before) return before;
    const raw = !isMaskedFile(file);
    if (raw && request.rawFile === "mask") return reseedRaw(request, file);
    const server = serverOfFile(file, request.image);
    const engine = servers[server.flavour === "postgres" ? "postgres" : "mysql"];
    const database = file.database || "app";
    const kept = raw && request.rawFile === "label" ? { raw } : { storedKey };
    return makeBase(request, { engine, transfer: transfers[engine.name], server, database, file, ...kept });
  });
}

/** The base's own server never sees the raw rows: another one, which goes with this run, is read like any source. */
function reseedRaw(request: ReseedRequest, file: DetectedDump): Promise<BaseRecord> {
  const alone = { ...request, tunnel: "", manners: { onBlock: "warn", maxDuration: 0 } } as const;
  return withStaging(request, file, ({ url, warnings }) => reseedSource(alone, url, { stagedFile: file, warnings }));
}
