import type { BaseRecord } from "../bases/catalogue.ts";
import { servers } from "../engine/engines.ts";
import type { ServerEngine } from "../engine/index.ts";
import { finish, interrupted, withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { newId, ownerTag, withLock } from "../kit/state.ts";
import type { Runtime, ServeRequest } from "../runtime/index.ts";
import { choosePort, portInUse } from "./ports.ts";
import { accessTo, type CopyRecord, forgetCopy, knownCopies, logEvent, passwordOf, writeCopy } from "./record.ts";

/** What a copy should be like. */
export interface CopyRequest {
  base: BaseRecord;
  runtime: Runtime;
  name: string;
  ttlSeconds: number | null;
  port: number | undefined;
  ports: "auto" | { from: number; to: number };
  bind: string;
  host: string;
  labels: Record<string, string>;
  settings: Record<string, string>;
  /** Bytes; 0: no limit. */
  memory: number;
  /** Processors; 0: no limit. */
  cpus: number;
  network: "closed" | "open";
  maxCopies: number;
  /** The copy goes with this process. */
  bound: boolean;
}

/** Gives a copy that is ready to whoever asked for it. */
export type Announce = (copy: CopyRecord) => Promise<void> | void;

const USER = "ditto";

/** A copy's server must answer within this time, or its log is shown. */
const READY_LIMIT_MS = 90_000;

/**
 * Makes a copy, waits until its user can log in, and hands it to `announce`. Whatever fails or interrupts before that is
 * over, nothing of the copy is left.
 */
export async function createCopy(request: CopyRequest, announce: Announce): Promise<CopyRecord> {
  const started = performance.now();
  const draft = draftOf(request, await ownerTag());
  let state: "unknown" | "reserved" | "announced" = "unknown";
  return withCleanup(
    async () => {
      const reserved = await reserve(request, draft, () => {
        state = "reserved";
      });
      const copy = await serveOnFreePort(request, reserved);
      await waitForLogin(request.runtime, copy);
      const done: CopyRecord = {
        ...copy,
        status: "ready",
        readyAt: new Date().toISOString(),
        readyMs: Math.round(performance.now() - started),
      };
      await writeCopy(done);
      stopIfInterrupted();
      await announce(done);
      state = "announced";
      await logEvent(copy.id, "created", { method: copy.method, ready_ms: done.readyMs, base_id: copy.baseId });
      return done;
    },
    async () => {
      if (state !== "reserved") return;
      await request.runtime.removeCopy(draft.id, draft.frozen);
      await forgetCopy(draft.id);
    },
  );
}

function draftOf(request: CopyRequest, owner: string): CopyRecord {
  const { base } = request;
  const now = new Date();
  return {
    id: newId(),
    name: request.name,
    project: base.project,
    source: base.source,
    status: "creating",
    engine: base.engine,
    server: base.server,
    runtime: request.runtime.name,
    host: request.host,
    bind: request.bind,
    port: 0,
    database: base.database,
    user: USER,
    baseId: base.id,
    dumpKey: base.dumpKey,
    frozen: base.frozen,
    method: base.frozen.method,
    readyMs: 0,
    ttlSeconds: request.ttlSeconds,
    labels: request.labels,
    runId: process.env.GITHUB_RUN_ID ?? process.env.CI_PIPELINE_ID ?? "",
    jobName: process.env.GITHUB_JOB ?? process.env.CI_JOB_NAME ?? "",
    createdAt: now.toISOString(),
    readyAt: "",
    expiresAt: request.ttlSeconds === null ? null : new Date(now.getTime() + request.ttlSeconds * 1000).toISOString(),
    errorMessage: "",
    owner,
    bound: request.bound,
  };
}

/** Writes the record of a copy that is being made, so that its name and port are taken and a kill leaves a trace. */
function reserve(request: CopyRequest, draft: CopyRecord, onWrite: () => void): Promise<CopyRecord> {
  return withLock("copies", async () => {
    const copies = await knownCopies();
    refuse(request, copies);
    const reserved = { ...draft, port: await choosePort(request, copies) };
    onWrite();
    await writeCopy(reserved);
    return reserved;
  });
}

function refuse(request: CopyRequest, copies: CopyRecord[]): void {
  const { base, name } = request;
  if (
    name &&
    copies.some((copy) => copy.name === name && copy.project === base.project && copy.source === base.source)
  ) {
    throw new DittoError(`Cannot create "${name}": there is a copy of this name in project "${base.project}"`, {
      code: "NAME_TAKEN",
      hint: `Choose another name, or delete it: "bun scripts/copy.ts delete ${name}"`,
    });
  }
  if (copies.length >= request.maxCopies) {
    throw new DittoError(
      `Cannot make a copy: there are ${copies.length} already, and copy.max_copies is ${request.maxCopies}`,
      {
        code: "TOO_MANY_COPIES",
        hint: 'Delete some ("bun scripts/copy.ts list"), or raise copy.max_copies',
      },
    );
  }
}

async function serveOnFreePort(request: CopyRequest, reserved: CopyRecord): Promise<CopyRecord> {
  const refused = new Set<number>();
  for (let copy = reserved; ; ) {
    stopIfInterrupted();
    try {
      const wish = await serveRequest(request, copy);
      const { method } = await finish(() => request.runtime.serve(wish));
      const served = { ...copy, method };
      await writeCopy(served);
      return served;
    } catch (error) {
      if ((error as DittoError).code !== "PORT_IN_USE" || interrupted()) throw error;
      if (request.port !== undefined) throw portInUse(request.port);
      // Somebody was quicker between the choice and the start, or has it where the daemon is.
      refused.add(copy.port);
      if (refused.size === 20) throw error;
      copy = await moveToAnotherPort(request, copy, refused);
    }
  }
}

async function serveRequest(request: CopyRequest, copy: CopyRecord): Promise<ServeRequest> {
  const engine: ServerEngine = servers[copy.engine];
  const { server, database } = copy;
  const password = await passwordOf(copy.id);
  return {
    id: copy.id,
    from: copy.frozen,
    script: (place, network) =>
      engine.serveScript({
        place,
        port: network.port,
        listen: network.listen,
        purpose: "copy",
        settings: request.settings,
        server,
      }),
    files: { "start.sql": engine.startSql({ user: USER, password, database, server }) },
    serverPort: engine.defaultPort,
    bind: request.bind,
    port: copy.port,
    expiresAt: copy.expiresAt,
    network: request.network,
    ...(request.memory ? { memory: `${request.memory}b` } : {}),
    ...(request.cpus ? { cpus: String(request.cpus) } : {}),
  };
}

function moveToAnotherPort(request: CopyRequest, copy: CopyRecord, refused: Set<number>): Promise<CopyRecord> {
  return withLock("copies", async () => {
    const moved = { ...copy, port: await choosePort(request, await knownCopies(), refused) };
    await writeCopy(moved);
    return moved;
  });
}

/** What was begun before a signal must not be handed out after it. */
function stopIfInterrupted(): void {
  if (interrupted()) throw new DittoError("Cannot make a copy: interrupted", { code: "INTERRUPTED", exit: 130 });
}

/** Until the copy's user can log in over TCP, and a wrong password can't. */
export async function waitForLogin(runtime: Runtime, copy: CopyRecord): Promise<void> {
  const engine: ServerEngine = servers[copy.engine];
  const access = { ...(await accessTo(copy)), host: loginHost(copy) };
  const until = Date.now() + READY_LIMIT_MS;
  let lastLook = Date.now();
  for (;;) {
    stopIfInterrupted();
    try {
      const session = await engine.connect(access, { timeoutMs: 5_000 });
      await session.close();
      break;
    } catch {
      if (Date.now() > until) throw await notReady(runtime, copy, "its server does not answer");
      if (Date.now() - lastLook > 500) {
        lastLook = Date.now();
        if ((await runtime.state(copy.id)) !== "running") throw await notReady(runtime, copy, "its server ended");
      }
      await Bun.sleep(10);
    }
  }
  await refuseWrongPassword(engine, copy, access);
}

async function refuseWrongPassword(
  engine: ServerEngine,
  copy: CopyRecord,
  access: Awaited<ReturnType<typeof accessTo>>,
): Promise<void> {
  const session = await engine
    .connect({ ...access, password: "not-the-password" }, { timeoutMs: 5_000 })
    .catch(() => undefined);
  if (!session) return;
  await session.close();
  throw new DittoError("Cannot hand out the copy: its server takes any password", {
    code: "COPY_OPEN",
    hint: `Check that the image "${copy.frozen.image}" is a plain image of its engine; the copy was removed`,
  });
}

function loginHost(copy: CopyRecord): string {
  return copy.bind === "0.0.0.0" || copy.bind === "::" ? "127.0.0.1" : copy.bind;
}

async function notReady(runtime: Runtime, copy: CopyRecord, state: string): Promise<DittoError> {
  const log = await runtime.logs(copy.id).catch(() => "");
  const last = log.trim().split("\n").slice(-5).join("\n  ");
  return new DittoError(`Cannot make a copy: ${state}${last ? `:\n  ${last}` : ""}`, {
    code: "COPY_NOT_READY",
    hint: "Check copy.settings, copy.memory and the free disk space; nothing was left behind",
  });
}
