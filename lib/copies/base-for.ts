import { type BaseRecord, basesOf, currentBase, isMasked } from "../bases/catalogue.ts";
import { type DumpManifest, keyTime } from "../bases/store.ts";
import { openStore } from "../bases/stores.ts";
import type { RuntimeName } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { profileOf } from "../mask/profile.ts";
import { baseIdsInUse } from "./in-use.ts";
import type { CopyRecord } from "./record.ts";

/** What a user may say about what a copy is made of. */
export interface BaseWishes {
  /** The key of a dump, or a file or address that is loaded. */
  dump?: string | undefined;
  /** The file is masked on its way. */
  obfuscate?: boolean | undefined;
  /** A raw base will do, and a file is loaded as it is. */
  raw?: boolean | undefined;
  /** Where a base is built when one has to be. */
  runtime?: RuntimeName | undefined;
}

/** The base that a copy is made of: the current one, that of a dump, or one that is built now. Throws `BASE_RAW`. */
export async function baseFor(config: Config, wishes: BaseWishes, say: (text: string) => void): Promise<BaseRecord> {
  refuseContradiction(config, wishes);
  const owner = { project: config.project, source: config.sourceName };
  const base =
    wishes.dump === undefined
      ? await current(owner, config, wishes.raw)
      : await ofDump(config, wishes.dump, { wishes, say });
  if (base.raw && !wishes.raw) throw rawBase(base);
  return base;
}

/** The base to which a copy goes back; of a raw copy a raw one. */
export async function baseForReset(copy: CopyRecord, config: Config): Promise<BaseRecord> {
  const base = await current(copy, config, copy.raw);
  if (base.raw && !copy.raw) throw rawBase(base);
  return base;
}

function refuseContradiction({ obfuscation }: Config, { dump, obfuscate, raw }: BaseWishes): void {
  if (!obfuscate) return;
  const refuse = (state: string, hint: string) => usageError(`Cannot use --obfuscate: ${state}`, hint);
  if (raw) throw refuse("--raw says the contrary", "Say one of them");
  if (dump === undefined)
    throw refuse("no file is named", 'Add --dump FILE; bases of "bun scripts/reseed.ts" are masked already');
  if (obfuscation.rules.length === 0)
    throw refuse("there are no rules", "Write them under obfuscation.rules in ditto.yaml");
}

async function current(
  owner: { project: string; source: string },
  { obfuscation }: Config,
  raw = false,
): Promise<BaseRecord> {
  const bases = await basesOf(owner);
  const newestRaw = bases.find((base) => base.raw);
  // Where there is no other, that is the reason why there is none to take.
  if (newestRaw && (raw || bases.every((base) => base.raw))) return newestRaw;
  return currentBase(owner, profileOf(obfuscation.rules));
}

async function ofDump(
  config: Config,
  dump: string,
  { wishes, say }: { wishes: BaseWishes; say(text: string): void },
): Promise<BaseRecord> {
  const { rules } = config.obfuscation;
  const base = await madeFrom(config, dump, wishes);
  const unasked = base !== undefined && rules.length > 0 && !isMasked(base) && !wishes.raw && !base.raw;
  if (base && !unasked) return base;
  if (wishes.raw || wishes.obfuscate) return load(config, dump, { wishes, say });
  if (unasked || (keyTime(dump) === undefined && rules.length > 0)) {
    const state = unasked
      ? "it was made without rules, and now there are some"
      : "it may hold raw rows, and there are rules";
    throw new DittoError(`Cannot make a copy of "${dump}": ${state} to mask them`, {
      code: "RAW_OR_OBFUSCATE",
      exit: 2,
      hint: "Add --obfuscate to mask them on their way, or --raw to load the file as it is",
    });
  }
  throw new DittoError(`Cannot make a copy of dump "${dump}": no base was made from it`, {
    code: "BASE_MISSING",
    hint: `Run "bun scripts/reseed.ts --from ${dump}" first`,
  });
}

/** The base that was made with a dump, or loaded from it: masked by the configured rules, or holding what the dump holds. */
async function madeFrom(config: Config, dump: string, wishes: BaseWishes): Promise<BaseRecord | undefined> {
  const bases = await basesOf({ project: config.project, source: config.sourceName });
  const masked = profileOf(config.obfuscation.rules);
  const best = (all: BaseRecord[], held: string) => {
    const profiles = wishes.obfuscate ? [masked] : wishes.raw ? [held] : [masked, held];
    return profiles.flatMap((profile) => all.filter((base) => base.profile === profile))[0];
  };
  const own = bases.filter(({ dumpKey }) => dumpKey === dump);
  const found = own[0] && best(own, own[0].profile);
  if (found) return found;
  const manifest = keyTime(dump) === undefined ? undefined : await manifestOf(config, dump);
  if (manifest === undefined) return undefined;
  return best(
    bases.filter(({ fileSha256 }) => fileSha256 === manifest.sha256),
    manifest.profile,
  );
}

async function manifestOf({ dump: { store } }: Config, key: string): Promise<DumpManifest | undefined> {
  const found = await openStore(store)
    .find(key)
    .catch(() => undefined);
  return found?.manifest;
}

async function load(
  config: Config,
  from: string,
  { wishes, say }: { wishes: BaseWishes; say(text: string): void },
): Promise<BaseRecord> {
  // Loaded here because most copies are made without.
  const [{ prepareReseed }, { reseed }] = await Promise.all([
    import("../bases/prepare.ts"),
    import("../bases/reseed.ts"),
  ]);
  const flags = { from, "schema-only": false, jobs: undefined };
  const { raw = false, runtime } = wishes;
  const told = { flags, raw, say, verboseSay: () => {}, ...(runtime === undefined ? {} : { runtimeName: runtime }) };
  return reseed(await prepareReseed(config, told, baseIdsInUse));
}

function rawBase({ id, project }: BaseRecord): DittoError {
  return new DittoError(`Cannot make a copy: base ${id} of "${project}" is raw, which means not masked`, {
    code: "BASE_RAW",
    hint: 'Say --raw if that is wanted; else make a masked base ("bun scripts/reseed.ts") or choose one ("bun scripts/base.ts use")',
  });
}
