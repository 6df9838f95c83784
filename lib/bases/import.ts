import { servers } from "../engine/engines.ts";
import { finish, interrupted, withCleanup } from "../kit/cleanup.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { newId } from "../kit/state.ts";
import type { Frozen, FrozenKind, Runtime, Workshop } from "../runtime/index.ts";
import { type BaseFile, openBaseFile, readBaseFile } from "./base-file.ts";
import { type BaseFacts, refused } from "./base-manifest.ts";
import type { StepReport } from "./build.ts";
import { type BaseRecord, readBase, writeBase } from "./catalogue.ts";
import { officialImage } from "./recipe.ts";
import { pruneBases } from "./remove.ts";
import { refuseOtherEngine } from "./same-engine.ts";
import { serverInside } from "./workshop.ts";

/** Where and how a file is brought in. */
export interface Import {
  config: Config;
  runtime: Runtime;
  step(title: string, total?: number): StepReport;
  say(text: string): void;
}

/** What was frozen of a file, to be announced. */
export interface Unpacked {
  id: string;
  facts: BaseFacts;
  frozen: Frozen;
  server: BaseRecord["server"];
  image: string;
  durationMs: number;
}

interface Taking<T> {
  kind: FrozenKind;
  announce(unpacked: Unpacked): Promise<T>;
  /** True when it was announced. */
  isKept(id: string): Promise<boolean>;
}

/** Brings a base from a file into the configuration's project and source; nothing is restored. It is announced last. */
export async function importBase(
  path: string,
  request: Import & { inUse(base: BaseRecord): Promise<boolean> },
): Promise<BaseRecord> {
  const { config } = request;
  const file = await openBaseFile(path);
  if (file.manifest.facts.snapshot) {
    const hint = 'Run "bun scripts/snapshot.ts import" instead';
    throw refused(path, { state: "it is a snapshot's file", code: "FILE_FOREIGN", hint });
  }
  const made = await takeIn(file, request, {
    kind: "base",
    async announce({ id, facts, frozen, server, image, durationMs }) {
      const { project, sourceName: source } = config;
      const base: BaseRecord = { raw: false, ...facts.base, id, project, source, server, image, frozen, durationMs };
      await writeBase(base);
      return base;
    },
    isKept: async (id) => (await readBase(id)) !== undefined,
  });
  await pruneBases(made, { keepBases: config.dump.keep_bases, inUse: request.inUse });
  return made;
}

/** Unpacks a file into a workshop, freezes it, and has it announced; whatever fails, nothing is left. */
export async function takeIn<T>(file: BaseFile, request: Import, taking: Taking<T>): Promise<T> {
  const { config, runtime } = request;
  const started = performance.now();
  const { base, image } = file.manifest.facts;
  refuseOtherEngine(config, { name: file.path, engine: base.engine, flavour: base.server.flavour }, "base");
  const engine = servers[base.engine];
  const id = newId();
  const named = config.copy.image || image || officialImage(base.server);
  if (image !== "" && named !== image && runtime.name !== "native") {
    request.say(`Note: the base was made with the image ${image}, and its copies run from ${named}`);
  }
  request.step("Open the workshop");
  const workshop = await runtime.openWorkshop({
    id,
    image: named,
    user: engine.imageUser(base.server),
    server: base.server,
    storage: config.storage,
  });
  const site = { id, workshop, image: runtime.name === "native" ? "" : named, started };
  return withCleanup(
    () => fill(request, file, { site, taking }),
    () => workshop.close(),
  );
}

interface Site {
  id: string;
  workshop: Workshop;
  image: string;
  started: number;
}

async function fill<T>(
  request: Import,
  file: BaseFile,
  { site, taking }: { site: Site; taking: Taking<T> },
): Promise<T> {
  const { id, workshop, image } = site;
  const { facts, bytes } = file.manifest;
  const server = await fittingServer(facts, workshop, image);
  const progress = request.step("Unpack", bytes);
  await workshop.unpack(readBaseFile(file, (read) => progress.update({ bytes: read })));
  request.step("Freeze");
  let frozen: Frozen | undefined;
  return withCleanup(
    async () => {
      // Set before a signal's undoing goes on, or it would not know of what was frozen.
      const made = await finish(async () => {
        frozen = await workshop.freeze(id, taking.kind);
        return frozen;
      });
      if (interrupted()) throw new DittoError("Interrupted", { code: "INTERRUPTED" });
      const durationMs = Math.round(performance.now() - site.started);
      return taking.announce({ id, facts, frozen: made, server, image, durationMs });
    },
    async () => {
      if (frozen && !(await taking.isKept(id))) await request.runtime.removeFrozen(frozen);
    },
  );
}

/** The server that copies of the base run on here. Throws `PLATFORM_MISMATCH`, `VERSION_MISMATCH` where it can't read its files. */
async function fittingServer(facts: BaseFacts, workshop: Workshop, image: string): Promise<BaseRecord["server"]> {
  const { base } = facts;
  const { platform, libc } = await workshop.platform();
  const used = image === "" ? "this host" : `the image "${image}"`;
  if (platform !== facts.platform) {
    throw unfit("PLATFORM_MISMATCH", `its files are those of ${facts.platform}, and ${used} is ${platform}`, facts);
  }
  const server = await serverInside(servers[base.engine], base.server, workshop);
  const other = server.flavour !== base.server.flavour || officialImage(server) !== officialImage(base.server);
  // MySQL and MariaDB refuse files of a newer release, also of the same series.
  const order = Bun.semver.order(server.version, base.server.version);
  // And files that were not left in order by any other than their own.
  const older = base.engine === "mysql" && (order < 0 || (facts.snapshot !== undefined && order !== 0));
  if (other || older) {
    const wanted = `${base.server.flavour} ${base.server.version}`;
    throw unfit("VERSION_MISMATCH", `it is of ${wanted}, and ${used} has ${server.version}`, facts);
  }
  // Postgres sorts its indexes by the C library: another one misses rows in them.
  if (base.engine === "postgres" && libc !== facts.libc) {
    const state = `its indexes were sorted by ${facts.libc || "another C library"}, and ${used} has ${libc || "another"}`;
    throw unfit("PLATFORM_MISMATCH", state, facts);
  }
  return server;
}

function unfit(code: string, state: string, { image, base, snapshot }: BaseFacts): DittoError {
  const from = image === "" ? officialImage(base.server) : image;
  const hint = `Name the image that it was made with in copy.image (${from}), or make a base here: "bun scripts/reseed.ts"`;
  return new DittoError(`Cannot import the ${snapshot ? "snapshot" : "base"}: ${state}`, { code, exit: 2, hint });
}
