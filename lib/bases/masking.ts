import type { EngineName, Session } from "../engine/index.ts";
import type { Config } from "../kit/config.ts";
import { DittoError } from "../kit/errors.ts";
import { detectColumn, type Finding } from "../mask/detect.ts";
import { findLiterals, type LiteralFinding } from "../mask/detect-literals.ts";
import type { MaskKey } from "../mask/key.ts";
import { columnName, isUnique, type MaskPlan, planMasks } from "../mask/plan.ts";
import { profileOf } from "../mask/profile.ts";
import { suggestionYaml } from "../mask/suggestion-yaml.ts";
import { type Column, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import type { Transfer } from "./build.ts";
import { basesOf } from "./catalogue.ts";
import { loadMaskKey } from "./mask-key.ts";
import { isDrawnRule, maskRows } from "./mask-rows.ts";
import type { RowMasks, RuleCount } from "./row-masks.ts";
import type { Chosen } from "./selection.ts";

/** What configuration and flags say about masking. */
export interface MaskingWish extends Pick<Config["obfuscation"], "rules" | "unreviewed"> {
  /** obfuscation.key_secret. */
  keySecret: string;
  /** Takes another key than the last base's. */
  newKey: boolean;
}

/** What rules mean for a schema, and the columns that look personal although no rule mentions them. */
export interface Review {
  plan: MaskPlan;
  unreviewed: Finding[];
}

interface Site {
  engine: EngineName;
  transfer: Transfer;
  session: Session;
}

/** What was masked, for the manifest. */
export interface Masked {
  /** Of the key that drew pseudonyms; "" where nothing was drawn. */
  keyFingerprint: string;
  rules: RuleCount[];
  /** Columns that look personal and that no rule mentions, as `schema.table.column`. */
  unreviewed: string[];
}

/** The rules' work on one source. */
export interface Masking {
  /** The set of rules by a name of 8 hex digits; `none` without any. */
  profile: string;
  /** Applies the rules to a schema; see {@link reviewRules}. */
  review(seen: { schema: Schema; chosen: Chosen }): Promise<Review>;
  /** How rows are to be read and changed, after a review. */
  rows(review: Review): RowMasks;
  masked(): Masked;
}

/** Readies key and rules. A key that can't be used is a problem of the first review, so that everything is said at once. */
export async function openMasking(
  request: {
    project: string;
    source: string;
    masking: MaskingWish;
    warn(message: string): void;
    say(text: string): void;
  },
  site: Site,
): Promise<Masking> {
  const { masking: wish } = request;
  const loaded = wish.rules.some(isDrawnRule) ? await loadKey(request) : undefined;
  let masks: RowMasks = new Map();
  let found: Finding[] = [];
  return {
    profile: profileOf(wish.rules),
    async review(seen) {
      const problems = loaded && "problem" in loaded ? [loaded.problem] : [];
      const review = await reviewRules({ ...site, warn: request.warn }, { ...wish, problems }, seen);
      found = review.unreviewed;
      return review;
    },
    rows({ plan }) {
      masks = maskRows(plan, { ...site, key: loaded && "key" in loaded ? loaded.key : undefined });
      return masks;
    },
    masked: () => ({
      keyFingerprint: loaded && "key" in loaded ? loaded.key.fingerprint : "",
      rules: [...masks.values()].flatMap(({ changes }) => changes.map(({ count }) => count)),
      unreviewed: found.map(nameOf),
    }),
  };
}

async function loadKey(request: Parameters<typeof openMasking>[0]): Promise<{ key: MaskKey } | { problem: string }> {
  const [last] = (await basesOf(request)).flatMap(({ maskKey }) => (maskKey ? [maskKey] : []));
  const { keySecret: secret, newKey } = request.masking;
  try {
    return { key: await loadMaskKey({ secret, last, newKey, say: request.say }) };
  } catch (error) {
    if (!(error instanceof DittoError)) throw error;
    return { problem: `${error.message}. ${error.hint ?? ""}` };
  }
}

/**
 * Resolves the rules against a schema and looks at names, types and a sample of values for what they leave out. Throws
 * `MASK_RULES` (exit 2) or `UNREVIEWED`, everything in one message.
 */
async function reviewRules(
  site: Site & { warn(message: string): void },
  wish: MaskingWish & { problems: string[] },
  seen: { schema: Schema; chosen: Chosen },
): Promise<Review> {
  const plan = planMasks(site.engine, seen.schema, wish.rules);
  plan.problems.unshift(...wish.problems);
  if (plan.problems.length === 0) plan.problems.push(...(await site.transfer.misfitsOfMasks(site.session, plan)));
  const looked =
    wish.unreviewed === "allow" ? { unreviewed: [], literals: [] } : await lookForPersonal(site, plan, seen.chosen);
  const { unreviewed } = looked;
  const fails = wish.unreviewed === "fail" && unreviewed.length > 0;
  if (plan.problems.length > 0 || fails)
    throw refusal(plan.problems, fails ? unreviewed : [], site.engine === "mysql" ? site.session.database : "public");
  for (const note of plan.notes) site.warn(note);
  for (const { object, why } of looked.literals) site.warn(`Look at ${object}: ${why}. Definitions are not masked`);
  if (unreviewed.length > 0)
    site.warn(
      `No rule mentions columns that look personal: ${unreviewed.map(nameOf).join(", ")} (obfuscation.unreviewed: warn)`,
    );
  return { plan, unreviewed };
}

interface Looked {
  unreviewed: Finding[];
  literals: LiteralFinding[];
}

/** Judges columns that no rule mentions by a sample of their values, and definitions by what stands in them. */
async function lookForPersonal({ session, transfer }: Site, plan: MaskPlan, chosen: Chosen): Promise<Looked> {
  const unreviewed: Finding[] = [];
  const masked = new Set<string>();
  for (const table of [...chosen.whole, ...chosen.filtered.map((filtered) => filtered.table)]) {
    const own = plan.tables.get(qualifiedName(table))?.columns ?? [];
    const isMasked = ({ name }: Column) =>
      own.some(({ column, rules }) => column.name === name && rules.some(({ path }) => path === undefined));
    const columns = table.columns.filter(
      (column) => column.generated === "no" && (isMasked(column) || !plan.reviewed.has(columnName({ table, column }))),
    );
    if (columns.length === 0) continue;
    const samples = await transfer.sampleRows(session, table, columns);
    const names = table.columns.map(({ name }) => name);
    for (const column of columns) {
      const values = samples.get(column.name) ?? [];
      if (isMasked(column)) for (const value of values) masked.add(value ?? "");
      else {
        const finding = detectColumn(factsOf(table, column, names), values);
        const rest = finding && withoutReviewed(finding, plan, columnName({ table, column }));
        if (rest) unreviewed.push(rest);
      }
    }
  }
  return { unreviewed, literals: findLiterals(await transfer.readDefinitions(session), masked) };
}

function factsOf(table: Table, column: Column, columns: string[]) {
  const { name, type, baseType, labels, comment, nullable } = column;
  return {
    ...{ schema: table.schema, table: table.name, column: name, type, comment, nullable, columns },
    baseType: baseType || undefined,
    labels: labels.length > 0 ? labels : undefined,
    unique: isUnique(table, column),
  };
}

/** Paths inside JSON that a rule names are settled; the column is when nothing else was found in it. */
function withoutReviewed(finding: Finding, plan: MaskPlan, name: string): Finding | undefined {
  const suggest = finding.suggest.filter(({ path }) => path === undefined || !plan.reviewed.has(`${name}/${path}`));
  if (suggest.length > 0) return { ...finding, suggest };
  return undefined;
}

function nameOf({ schema, table, column }: Finding): string {
  return `${schema}.${table}.${column}`;
}

function refusal(problems: string[], unreviewed: Finding[], schema: string): DittoError {
  const lines: string[] = [];
  if (problems.length > 0) lines.push("rules can't be applied:", ...problems.map((problem) => `  ${problem}`));
  if (unreviewed.length > 0) {
    const what = unreviewed.length === 1 ? "a column looks" : `${unreviewed.length} columns look`;
    lines.push(`${what} personal and no rule mentions ${unreviewed.length === 1 ? "it" : "them"}:`);
    lines.push(...unreviewed.map((finding) => `  ${nameOf(finding)}: ${finding.what}, because of ${finding.why}`));
  }
  return new DittoError(`Cannot mask: ${lines.join("\n")}`, {
    code: problems.length > 0 ? "MASK_RULES" : "UNREVIEWED",
    exit: problems.length > 0 ? 2 : 1,
    hint:
      unreviewed.length > 0
        ? `Add what fits to obfuscation.rules:\n${suggestionYaml(unreviewed, { schema })}`
        : 'Mend them under obfuscation.rules; "bun scripts/reseed.ts --check" looks again without dumping',
  });
}
