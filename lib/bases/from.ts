import { basename } from "node:path";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { parseDatabaseUrl } from "../kit/url.ts";
import { profileOf } from "../mask/profile.ts";
import type { Rule } from "../mask/rule.ts";
import { withDownload } from "./download.ts";
import { type DetectedDump, detectDump, isMaskedFile } from "./files.ts";
import { readManifest } from "./folder-store.ts";
import { findS3Object } from "./s3-store.ts";
import { refuseOtherEngine } from "./same-engine.ts";
import { checksum } from "./save.ts";
import { checkBytes, type DumpManifest, type FoundDump, instanceOf, keyTime, type ShowStep } from "./store.ts";
import { openStore } from "./stores.ts";
import { findUrl } from "./url-dump.ts";

/** A dump to build a base from. */
export interface DumpToLoad {
  /** The key of the store that has it already; undefined: it comes from elsewhere. */
  key: string | undefined;
  /** Hands it to `action` as a file of this disk, fetched first where it lies elsewhere and then removed again. */
  open<T>(step: ShowStep, action: (file: DetectedDump) => Promise<T>): Promise<T>;
}

/** How a dump is looked for. */
interface Finding {
  say(text: string): void;
  /** Raw files go through a staging server, which is read like a source. */
  staged: boolean;
  /** They may lie on disk. */
  onDisk: boolean;
}

/** The dump that `--from` means: a path, an address, a dump key, or the newest of this source. Local files are checked at once. */
export async function findDump(config: Config, from: string, finding: Finding): Promise<DumpToLoad> {
  const { key, found } = await locate(config, from);
  const { manifest } = found;
  const inspect = async (file: DetectedDump, sha256?: string) =>
    accept(config, { ...described(file, manifest), ...(sha256 === undefined ? {} : { sha256 }) }, finding);
  if (!("path" in found)) {
    const name = basename(found.address);
    const inMemory = finding.staged && !finding.onDisk && !isMaskedFile(manifest ?? {});
    return {
      key,
      open: (step, action) =>
        withDownload(found, { step, inMemory }, async (path, sha256) =>
          action(await inspect(await detectDump(path, name), sha256)),
        ),
    };
  }
  const detected = await detectDump(found.path);
  const sum = detected.form === "postgres directory" ? undefined : await checksum(found.path);
  if (manifest && sum) checkBytes(sum, manifest, found.path);
  const file = await inspect(detected, sum?.sha256);
  return { key, open: (_step, action) => action(file) };
}

async function locate(config: Config, from: string): Promise<{ key: string | undefined; found: FoundDump }> {
  const key = undefined;
  if (/^s3:\/\//i.test(from)) return { key, found: await findS3Object(from) };
  if (/^https?:\/\//i.test(from)) return { key, found: await findUrl(from) };
  if (keyTime(from) !== undefined) return { key: from, found: await openStore(config.dump.store).find(from) };
  if (from !== "store") return { key, found: { path: from, manifest: await readManifest(from) } };
  const store = openStore(config.dump.store);
  const instance = instanceOf({ project: config.project, source: config.sourceName });
  const [newest] = await store.list(instance);
  if (newest) return { key: newest.key, found: await store.find(newest.key) };
  throw new DittoError(`Cannot load from the store: "${store.address}" holds no dump of "${instance}"`, {
    code: "NO_DUMP",
    hint: 'Run "bun scripts/reseed.ts" where the source can be reached',
  });
}

/** What the manifest says goes over what the file says of itself. */
function described(file: DetectedDump, manifest: DumpManifest | undefined): DetectedDump {
  if (!manifest) return file;
  return {
    ...file,
    database: manifest.database,
    version: manifest.server_version,
    flavour: manifest.flavour as "postgres",
    profile: manifest.profile,
    ...(manifest.masking?.key_fingerprint ? { maskKey: manifest.masking.key_fingerprint } : {}),
    tables: manifest.tables,
  };
}

function accept(config: Config, file: DetectedDump, { say, staged }: Finding): DetectedDump {
  refuseOtherEngine(config, file);
  if (!staged || isMaskedFile(file)) sayWhatIsIgnored(file, config.dump, say);
  sayOtherRules(file, config.obfuscation.rules, say);
  return { ...file, database: file.database ?? databaseOfSource(config) };
}

/** A selection is made while a source is read: a file that was not made that way is loaded whole. */
function sayWhatIsIgnored(file: DetectedDump, dump: Config["dump"], say: (text: string) => void): void {
  const keys = ["tables", "exclude_tables", "exclude_table_data", "rows", "exclude_extensions"] as const;
  const set = keys.filter((key) => dump[key] !== "auto" && Object.keys(dump[key]).length > 0);
  if (set.length === 0 || file.tables) return;
  say(`Note: ${file.name} is loaded whole: ${set.map((key) => `dump.${key}`).join(", ")} count only for a source`);
}

/** What was masked can't be masked again: its base is then none that `create` takes by itself. */
function sayOtherRules(file: DetectedDump, rules: Rule[], say: (text: string) => void): void {
  if (!isMaskedFile(file) || rules.length === 0 || file.profile === profileOf(rules)) return;
  say(
    `Note: ${file.name} was masked by other rules than those of obfuscation.rules, and is loaded as it is; "copy.ts create" takes its base with --dump only`,
  );
}

/** Plain SQL names no database: its base then has the name of the source's. */
function databaseOfSource({ source }: Config): string | undefined {
  if (source?.database) return source.database;
  return /^[a-z+]+:\/\//.test(source?.url ?? "")
    ? parseDatabaseUrl(source?.url ?? "").database || undefined
    : undefined;
}
