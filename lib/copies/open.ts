import { type BaseRecord, basesOf, currentBase } from "../bases/catalogue.ts";
import type { Config } from "../kit/config.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { type Announce, type CopyRequest, createCopy } from "./create.ts";
import type { CopyRecord } from "./record.ts";

/** What a user may say about a copy, over the configuration. */
export interface CopyWishes {
  name?: string | undefined;
  ttl?: number | "never" | undefined;
  port?: number | undefined;
  labels?: string[] | undefined;
  dump?: string | undefined;
  bound?: boolean;
}

/** A copy of the project's current base, as configured, handed to `announce` when it is ready. */
export async function copyOfBase(
  config: Config,
  wishes: CopyWishes,
  say: (text: string) => void,
  announce: Announce = () => {},
): Promise<CopyRecord> {
  const base = await chosenBase(config, wishes.dump);
  const request: CopyRequest = {
    base,
    runtime: await runtimeNamed(base.frozen.runtime, say),
    name: wishes.name ?? "",
    ttlSeconds: lifetime(config, wishes),
    port: wishes.port,
    ports: config.copy.ports,
    bind: config.copy.bind,
    host: config.copy.advertise_host || process.env.DITTO_ADVERTISE_HOST || "127.0.0.1",
    labels: parseLabels(wishes.labels ?? []),
    settings: { ...base.settings, ...config.copy.settings },
    memory: config.copy.memory,
    cpus: config.copy.cpus,
    network: config.copy.network,
    maxCopies: config.copy.max_copies,
    bound: wishes.bound ?? false,
  };
  const age = (Date.now() - Date.parse(base.createdAt)) / 1000;
  if (config.dump.stale_after > 0 && age > config.dump.stale_after) {
    say(
      `The base is ${Math.floor(age / 86_400)} days old, more than dump.stale_after: "bun scripts/reseed.ts" makes a new one`,
    );
  }
  return createCopy(request, announce);
}

async function chosenBase(config: Config, dump: string | undefined): Promise<BaseRecord> {
  const owner = { project: config.project, source: config.sourceName };
  if (dump === undefined) return currentBase(owner);
  const base = (await basesOf(owner)).find((candidate) => candidate.dumpKey === dump);
  if (base) return base;
  throw new DittoError(`Cannot make a copy of dump "${dump}": no base was made from it`, {
    code: "BASE_MISSING",
    hint: `Run "bun scripts/reseed.ts --from ${dump}" first`,
  });
}

const LONGEST_TTL = 100 * 365 * 86_400;

/** A named copy is a workspace and stays unless asked otherwise; an unnamed one expires. */
function lifetime(config: Config, wishes: CopyWishes): number | null {
  const ttl = wishes.ttl ?? (wishes.name ? "never" : config.copy.ttl);
  if (ttl === "never") return null;
  if (ttl <= LONGEST_TTL) return ttl;
  throw usageError("Cannot make a copy: its ttl is longer than a hundred years", 'Say "never": --ttl never');
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
