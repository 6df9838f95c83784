import { type BaseRecord, currentBase, currentIds, forgetBase, isMasked, readBases } from "../bases/catalogue.ts";
import { describeBase } from "../bases/describe.ts";
import type { Conversation } from "../kit/cli.ts";
import type { Config } from "../kit/config.ts";
import { DittoError, usageError } from "../kit/errors.ts";
import { withLock } from "../kit/lock.ts";
import { nearest } from "../kit/nearest.ts";
import { confirm } from "../kit/prompt.ts";
import type { Stored } from "../kit/state.ts";
import { table } from "../kit/table.ts";
import { formatAge, formatBytes } from "../kit/units.ts";
import { runtimeNamed } from "../runtime/open.ts";
import { unreadable } from "./find.ts";
import { knownCopies, projectLabel } from "./record.ts";

/** A base in a list: as JSON, with what stands on it. */
export type BaseRow = Record<string, unknown> & { id: string };

/** Every base of this state folder, newest first; one whose record can't be read as such. Asks no runtime. */
export async function listBases(): Promise<{ json: BaseRow[]; text: string }> {
  const [stored, copies] = await Promise.all([readBases(), knownCopies()]);
  const current = await currentIds(stored.flatMap(recordOf));
  const rows = stored.toReversed().map((entry) => {
    if (entry.kind !== "record")
      return { json: { id: entry.id, status: entry.kind, file: entry.file }, cells: strange(entry) };
    const { record: base } = entry;
    const facts = { current: current.has(base.id), copies: copies.filter(({ baseId }) => baseId === base.id).length };
    return { json: { ...describeBase(base).json, id: base.id, ...facts }, cells: cellsOf(base, facts) };
  });
  const head = ["BASE", "PROJECT", "ENGINE", "ROWS", "SIZE", "MASKED", "COPIES", "AGE", ""];
  const text = table(
    rows.map(({ cells }) => cells),
    { head, right: [3, 4, 6] },
  );
  const none = 'There is no base yet; "bun scripts/reseed.ts" makes one';
  return { json: rows.map(({ json }) => json), text: rows.length === 0 ? none : text };
}

function cellsOf(base: BaseRecord, { current, copies }: { current: boolean; copies: number }): string[] {
  return [
    base.id,
    projectLabel(base),
    `${base.server.flavour} ${base.server.version}`,
    base.rows.toLocaleString("en"),
    formatBytes(base.frozen.bytes),
    base.raw ? "raw" : isMasked(base) ? "yes" : "no",
    String(copies),
    formatAge(base.createdAt),
    current ? "current" : "",
  ];
}

function strange({ id, kind }: Stored<BaseRecord>): string[] {
  return [id, "-", kind === "newer" ? "of a newer ditto" : "damaged record", "-", "-", "-", "-", "-", ""];
}

function recordOf(entry: Stored<BaseRecord>): BaseRecord[] {
  return entry.kind === "record" ? [entry.record] : [];
}

/** The base that is meant by its id or a unique beginning of it. Throws `BASE_UNKNOWN`, `BASE_AMBIGUOUS`. */
export async function findBase(word: string): Promise<BaseRecord> {
  const stored = await readBases();
  const special = stored.find(({ id, kind }) => kind !== "record" && id === word);
  if (special) throw unreadable("base", special);
  const bases = stored.flatMap(recordOf);
  const matching = bases.filter(({ id }) => id.startsWith(word));
  const [only] = matching;
  if (only && matching.length === 1) return only;
  const hint = 'Run "bun scripts/base.ts list" to see what there is';
  if (only) {
    throw usageError(
      `Cannot tell which base "${word}" means: ${matching.length} ids begin with it`,
      `Type more of the id. ${hint}`,
      "BASE_AMBIGUOUS",
    );
  }
  const guess = nearest(
    word,
    bases.map(({ id }) => id),
  );
  throw new DittoError(`Cannot find the base "${word}": there is none of this id`, {
    code: "BASE_UNKNOWN",
    hint: guess ? `Did you mean "${guess}"? ${hint}` : hint,
  });
}

/** The base and the file of an export: two words, or the file alone for the current base. */
export async function baseAndFile(words: string[], config: Config): Promise<{ base: BaseRecord; file: string }> {
  const [first = "", second] = words;
  if (second !== undefined) return { base: await findBase(first), file: second };
  return { base: await currentBase({ project: config.project, source: config.sourceName }), file: first };
}

/** A base of the configuration's project and source: another one would never be taken for it. */
export async function findOwnBase(word: string, { project, sourceName }: Config): Promise<BaseRecord> {
  const base = await findBase(word);
  if (base.project === project && base.source === sourceName) return base;
  throw usageError(
    `Cannot use base ${base.id} in "${project}" (source "${sourceName}"): it is of "${base.project}" (source "${base.source}")`,
    "Run this in that project, or name the source with --source; export and import take a base to another project",
    "BASE_FOREIGN",
  );
}

/** Removes bases after a question. Throws `BASE_IN_USE` naming the copies that stand on one, before anything is removed. */
export async function deleteBases(call: Conversation & { positionals: string[] }): Promise<BaseRecord[]> {
  const found = await Promise.all(call.positionals.map(findBase));
  const bases = [...new Map(found.map((base) => [base.id, base])).values()];
  await refuseInUse(bases);
  const names = bases.map(({ id, project, rows }) => `${id} of "${project}" (${rows.toLocaleString("en")} rows)`);
  await confirm(`Delete base ${names.join(", ")}? Dumps stay in the store.`, { call });
  // Nobody reserves a copy while it is looked who stands on what; the record goes first: data without one is swept.
  await withLock("copies", async () => {
    await refuseInUse(bases);
    for (const { id } of bases) await forgetBase(id);
  });
  for (const { frozen } of bases) await (await runtimeNamed(frozen.runtime, call.say)).removeFrozen(frozen);
  return bases;
}

async function refuseInUse(bases: BaseRecord[]): Promise<void> {
  const copies = await knownCopies();
  for (const { id } of bases) {
    const names = copies.filter(({ baseId }) => baseId === id).map((copy) => copy.name || copy.id);
    if (names.length === 0) continue;
    throw new DittoError(`Cannot delete base ${id}: ${names.join(", ")} stand${names.length === 1 ? "s" : ""} on it`, {
      code: "BASE_IN_USE",
      hint: `Delete the copies first: "bun scripts/copy.ts delete ${names.join(" ")}"`,
    });
  }
}
