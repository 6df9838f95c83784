import type { BaseRecord } from "../bases/catalogue.ts";
import { finish, interrupted, withCleanup } from "../kit/cleanup.ts";
import { DittoError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { ownerTag } from "../kit/owner.ts";
import { newId } from "../kit/state.ts";
import type { Runtime } from "../runtime/index.ts";
import type { CopyAddress } from "./address.ts";
import { openRoleOf, stopIfInterrupted, waitForLogin } from "./login.ts";
import { unpatch } from "./patch.ts";
import { choosePort, portInUse } from "./ports.ts";
import { COPY_USER, type CopyRecord, forgetCopy, knownCopies, logEvent, writeCopy } from "./record.ts";
import { lostSnapshot } from "./rollback.ts";
import { serveRequestOf } from "./serving.ts";
import { linkTo, readSnapshot, type SnapshotRecord } from "./snapshot-record.ts";

/** What a copy is cloned from: a base, or a snapshot of one of its copies. */
export type CopyOrigin = Pick<
  BaseRecord,
  "id" | "project" | "source" | "engine" | "server" | "database" | "dumpKey" | "raw" | "frozen" | "settings"
> & { snapshot?: SnapshotRecord };

/** What a copy should be like. */
export interface CopyRequest {
  base: CopyOrigin;
  runtime: Runtime;
  name: string;
  ttlSeconds: number | null;
  port: number | undefined;
  ports: "auto" | { from: number; to: number };
  address: CopyAddress;
  labels: Record<string, string>;
  serving: CopyRecord["serving"];
  /** The role that its URL is for; undefined: the copies' own user. */
  role: string | undefined;
  maxCopies: number;
  /** The copy goes with this process. */
  bound: boolean;
}

/** Gives a copy that is ready to whoever asked for it. */
export type Announce = (copy: CopyRecord) => Promise<void> | void;

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
      await openRoleOf(copy);
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
      await logEvent(copy.id, "created", {
        ...{ method: copy.method, ready_ms: done.readyMs, base_id: copy.baseId },
        ...(copy.standsOn ? { snapshot: copy.standsOn.name } : {}),
      });
      return done;
    },
    async () => {
      if (state !== "reserved") return;
      await request.runtime.removeCopy(draft.id, draft.frozen);
      await forgetCopy(draft.id);
      await unpatch(draft.id);
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
    ...request.address,
    port: 0,
    database: base.database,
    user: COPY_USER,
    baseId: base.id,
    dumpKey: base.dumpKey,
    raw: base.raw,
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
    serving: request.serving,
    ...(base.snapshot ? { standsOn: linkTo(base.snapshot), head: linkTo(base.snapshot) } : {}),
    ...(request.role === undefined ? {} : { role: request.role }),
  };
}

/** Writes the record of a copy that is being made, so that its name and port are taken and a kill leaves a trace. */
function reserve(request: CopyRequest, draft: CopyRecord, onWrite: () => void): Promise<CopyRecord> {
  return withLock("copies", async () => {
    const copies = await knownCopies();
    refuse(request, copies);
    const { snapshot } = request.base;
    if (snapshot && (await readSnapshot(snapshot))?.id !== snapshot.id) throw lostSnapshot(snapshot, "make a copy");
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
      const wish = await serveRequestOf(copy);
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

function moveToAnotherPort(request: CopyRequest, copy: CopyRecord, refused: Set<number>): Promise<CopyRecord> {
  return withLock("copies", async () => {
    const moved = { ...copy, port: await choosePort(request, await knownCopies(), refused) };
    await writeCopy(moved);
    return moved;
  });
}
