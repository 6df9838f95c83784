import type { BaseRecord } from "../bases/catalogue.ts";
import { requireSpace } from "../bases/space.ts";
import { type Config, requireSource } from "../kit/config.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { addressOf } from "./address.ts";
import { type BaseWishes, baseFor } from "./base-for.ts";
import { type Announce, type CopyOrigin, type CopyRequest, createCopy } from "./create.ts";
import { requireAllowance } from "./disk-limit.ts";
import { findSnapshot } from "./find-snapshot.ts";
import { loginSettings } from "./logins.ts";
import { onWholeBase } from "./rebuild.ts";
import { type CopyRecord, knownCopies } from "./record.ts";
import { unlessLost } from "./replace.ts";
import { lostSnapshot, rollBack } from "./rollback.ts";
import { servingOf } from "./serving.ts";
import { pathOf, type SnapshotRecord } from "./snapshot-record.ts";
import { checkedTtl } from "./ttl.ts";
import { awake, resetCopy } from "./wake.ts";

/** What a user may say about a copy, over the configuration. */
export interface CopyWishes extends BaseWishes {
  name?: string | undefined;
  ttl?: number | "never" | undefined;
  port?: number | undefined;
  labels?: string[] | undefined;
  /** `COPY/NAME` of the snapshot to make it of, instead of a base. */
  from?: string | undefined;
  /** The base itself, where it was looked for already. */
  base?: BaseRecord;
  /** What becomes of a copy that has the name already; "fail" when left out. */
  ifExists?: "fail" | "reuse" | "reset" | undefined;
  /** How the command at hand is told that a raw copy is meant, when one is to be reused; `copy.ts create`'s when left out. */
  rawHint?: string;
  /** Log in as this role of the copy's. */
  role?: string | undefined;
  /** A network of the container runtime's to be in besides. */
  network?: string | undefined;
  bound?: boolean;
  /** Somebody will ask whether anybody logged in. */
  watched?: boolean;
}

/** A copy of the project's current base, as configured, handed to `announce` when it is ready. */
export async function copyOfBase(
  config: Config,
  wishes: CopyWishes,
  say: (text: string) => void,
  announce: Announce = () => {},
): Promise<CopyRecord> {
  // A base belongs to one source: of several none is meant by itself.
  if (config.source === undefined && config.sources.length > 1) requireSource(config);
  refuseBaseBesides(wishes);
  const { name, ifExists = "fail" } = wishes;
  const existing = name && ifExists !== "fail" ? await namedCopy(config, name) : undefined;
  if (existing && ifExists === "reuse") {
    if (existing.raw && !wishes.raw) throw rawExists(existing, wishes.rawHint);
    return handOver(await awake(existing, say), announce);
  }
  if (wishes.from !== undefined) {
    const snapshot = await findSnapshot(wishes.from, { project: config.project, source: config.sourceName });
    if (snapshot.raw && !wishes.raw) throw rawSnapshot(snapshot);
    if (existing) return handOver(await rollBack(existing, snapshot), announce);
    return copyOfSnapshot(snapshot, { config, wishes, say, announce });
  }
  return onWholeBase(wishes.base ?? (await baseFor(config, wishes, say)), { config, say }, async (base) => {
    if (existing) return handOver(await resetCopy(existing, base, config), announce);
    const request = await requestOf(config, { wishes, base, say });
    sayWhenOld(base, config, say);
    await requireRoom(request, config);
    return createCopy(request, announce);
  });
}

async function requireRoom({ runtime, base }: CopyRequest, config: Config): Promise<void> {
  await requireAllowance(config, "make a copy");
  await requireSpace(runtime, "make a copy", { minFree: config.disk.min_free, from: base.frozen });
}

/** A copy of a snapshot, with a password of its own. */
export async function copyOfSnapshot(
  snapshot: SnapshotRecord,
  context: { config: Config; wishes: CopyWishes; say(text: string): void; announce: Announce },
): Promise<CopyRecord> {
  const { config, wishes, say, announce } = context;
  const { baseId: id, project, source, engine, server, database, dumpKey, raw, frozen, settings } = snapshot;
  const base: CopyOrigin = { id, project, source, engine, server, database, dumpKey, raw, frozen, settings, snapshot };
  const request = await requestOf(config, { wishes, base, say });
  await requireRoom(request, config);
  const lost = () => lostSnapshot(snapshot, "make a copy");
  return unlessLost(frozen, { runtime: request.runtime, lost }, () => createCopy(request, announce));
}

function rawSnapshot(snapshot: SnapshotRecord): DittoError {
  return new DittoError(`Cannot make a copy: snapshot ${pathOf(snapshot)} is raw, which means not masked`, {
    code: "BASE_RAW",
    hint: "Say --raw if that is wanted; else name a snapshot of a masked copy",
  });
}

/** A snapshot is what it is: neither another dump nor masks can be had with it. */
function refuseBaseBesides({ from, dump, obfuscate }: CopyWishes): void {
  if (from === undefined || (dump === undefined && !obfuscate)) return;
  const flag = dump === undefined ? "--obfuscate" : "--dump";
  throw usageError(`Cannot use ${flag}: --from names a snapshot, which is taken as it is`, "Say one of them");
}

const RAW_HINT = "Say --raw if that is meant, or --if-exists reset for one of the masked base";

function rawExists(copy: CopyRecord, hint = RAW_HINT): DittoError {
  return new DittoError(`Cannot reuse "${copy.name}": it holds raw rows, which no rule has masked`, {
    code: "COPY_RAW",
    exit: 2,
    hint,
  });
}

async function requestOf(
  config: Config,
  { wishes, base, say }: { wishes: CopyWishes; base: CopyOrigin; say: (text: string) => void },
): Promise<CopyRequest> {
  const { copy } = config;
  const runtime = await runtimeNamed(base.frozen.runtime, say);
  return {
    base,
    runtime,
    name: wishes.name ?? "",
    ttlSeconds: lifetime(config, wishes),
    port: wishes.port,
    ports: copy.ports,
    address: await addressOf(config, runtime),
    labels: parseLabels(wishes.labels ?? []),
    serving: {
      ...withLoginLog(servingOf(config, base), wishes, base),
      ...(wishes.network === undefined ? {} : { joins: [wishes.network] }),
    },
    role: wishes.role,
    maxCopies: copy.max_copies,
    bound: wishes.bound ?? false,
  };
}

function sayWhenOld(base: BaseRecord, { dump }: Config, say: (text: string) => void): void {
  const age = (Date.now() - Date.parse(base.createdAt)) / 1000;
  if (dump.stale_after === 0 || age <= dump.stale_after) return;
  const days = Math.floor(age / 86_400);
  say(`The base is ${days} days old, more than dump.stale_after: "bun scripts/reseed.ts" makes a new one`);
}

function withLoginLog(serving: CopyRecord["serving"], wishes: CopyWishes, base: CopyOrigin): CopyRecord["serving"] {
  return wishes.watched ? { ...serving, settings: { ...loginSettings(base), ...serving.settings } } : serving;
}

async function namedCopy(config: Config, name: string): Promise<CopyRecord | undefined> {
  const { project, sourceName } = config;
  const copies = await knownCopies();
  return copies.find((copy) => copy.name === name && copy.project === project && copy.source === sourceName);
}

async function handOver(copy: CopyRecord, announce: Announce): Promise<CopyRecord> {
  await announce(copy);
  return copy;
}

/** A named copy is a workspace and stays unless asked otherwise; an unnamed one expires. */
function lifetime(config: Config, wishes: CopyWishes): number | null {
  return checkedTtl(wishes.ttl ?? (wishes.name ? "never" : config.copy.ttl), "make a copy");
}

function parseLabels(labels: string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map((label) => {
      const at = label.indexOf("=");
      if (at > 0) return [label.slice(0, at), label.slice(at + 1)];
      throw new DittoError(`Cannot read the label "${label}": it is not KEY=VALUE`, {
        code: "USAGE",
        exit: 2,
        hint: "Write --label team=shop",
      });
    }),
  );
}
