import type { EngineName, Session } from "../engine/index.ts";
import { DittoError } from "../kit/errors.ts";
import { detectColumn, type Finding } from "../mask/detect.ts";
import { findLiterals, type LiteralFinding } from "../mask/detect-literals.ts";
import { columnName, isUnique, type MaskPlan, planMasks } from "../mask/plan.ts";
import { suggestionYaml } from "../mask/suggestion-yaml.ts";
import { type Column, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import type { Transfer } from "./build.ts";
import { LeakSearch } from "./leak-search.ts";
import type { MaskingWish } from "./masking.ts";
import { keyOf, PairCheck } from "./pair-check.ts";
import type { Chosen } from "./selection.ts";
import { unreadable } from "./unreadable.ts";

/** What rules mean for a schema, and the columns that look personal although no rule mentions them. */
export interface Review {
  plan: MaskPlan;
  unreviewed: Finding[];
}

/** A session with what is looked at. */
export interface Site {
  engine: EngineName;
  transfer: Transfer;
  session: Session;
}

export interface Watched {
  search: LeakSearch;
  pairs: PairCheck;
  warn(message: string): void;
}

/** Applies rules to a schema as a reseed does, only to say what would come of it. */
export function reviewSchema(
  site: Site,
  { rules, unreviewed }: Pick<MaskingWish, "rules" | "unreviewed">,
  seen: { schema: Schema; chosen: Chosen },
): Promise<Review> {
  return reviewRules(
    { ...site, search: new LeakSearch(), pairs: new PairCheck(), warn: () => {} },
    { rules, unreviewed, problems: [] },
    seen,
  );
}

/**
 * Resolves the rules against a schema and looks at names, types and a sample of values for what they leave out. Throws
 * `MASK_RULES` (exit 2) or `UNREVIEWED`, everything in one message.
 */
export async function reviewRules(
  site: Site & Watched,
  wish: Pick<MaskingWish, "rules" | "unreviewed"> & { problems: string[] },
  seen: { schema: Schema; chosen: Chosen },
): Promise<Review> {
  const plan = planMasks(site.engine, seen.schema, wish.rules);
  plan.problems.unshift(...wish.problems);
  if (plan.problems.length === 0) plan.problems.push(...(await site.transfer.misfitsOfMasks(site.session, plan)));
  const { unreviewed, literals } = await look(site, { plan, chosen: seen.chosen, judges: wish.unreviewed !== "allow" });
  const fails = wish.unreviewed === "fail" && unreviewed.length > 0;
  if (plan.problems.length > 0 || fails)
    throw refusal(plan.problems, fails ? unreviewed : [], site.engine === "mysql" ? site.session.database : "public");
  for (const note of plan.notes) site.warn(note);
  for (const { object, why } of literals) site.warn(`Look at ${object}: ${why}. Definitions are not masked`);
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

interface Sight {
  plan: MaskPlan;
  chosen: Chosen;
  /** Whether columns without a rule and definitions are judged. */
  judges: boolean;
}

/** Takes a sample of values: of masked columns to look for them later, of columns that no rule mentions to judge them. */
async function look(
  { engine, session, transfer, search, pairs }: Site & Watched,
  { plan, chosen, judges }: Sight,
): Promise<Looked> {
  const unreviewed: Finding[] = [];
  const masked = new Set<string>();
  for (const table of [...chosen.whole, ...chosen.filtered.map((filtered) => filtered.table)]) {
    const own = new Set(plan.tables.get(qualifiedName(table))?.columns.map(({ column }) => column));
    const open = (column: Column) => judges && !plan.reviewed.has(columnName({ table, column }));
    const key = own.size > 0 ? keyOf(table, plan) : [];
    const columns = table.columns.filter(
      (column) => key.includes(column) || (column.generated === "no" && (own.has(column) || open(column))),
    );
    if (columns.length === 0) continue;
    const samples = await transfer.sampleRows(session, table, columns).catch((error) => {
      throw unreadable(table, error);
    });
    search.take(plan, table, samples);
    pairs.take(plan, table, samples);
    const names = table.columns.map(({ name }) => name);
    for (const column of columns) {
      const values = samples.get(column.name) ?? [];
      if (own.has(column)) for (const value of values) masked.add(value ?? "");
      if (!open(column)) continue;
      const finding = detectColumn({ engine, ...factsOf(table, column, names) }, values);
      const rest = finding && withoutReviewed(finding, plan, columnName({ table, column }));
      if (rest) unreviewed.push(rest);
    }
  }
  return { unreviewed, literals: judges ? findLiterals(await transfer.readDefinitions(session), masked) : [] };
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

export function nameOf({ schema, table, column }: Finding): string {
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
