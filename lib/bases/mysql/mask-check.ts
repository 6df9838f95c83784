import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/mysql/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { LEAST_HASH } from "../../mask/hash.ts";
import { misfitOf } from "../../mask/misfit.ts";
import { type ColumnMask, columnName, type MaskPlan, requestOf, type TableMask } from "../../mask/plan.ts";
import type { Rule } from "../../mask/rule.ts";
import { breaks, trialsOf } from "../../mask/trial.ts";
import type { Table } from "../../schema/model.ts";
import { keepsRow } from "./mask-sql.ts";

/** What of the rules the source itself does not understand, in words: conditions are planned, of no row. */
export async function misfitsOfMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  const problems = [...plan.tables.values()].flatMap(sharedPrefixes);
  for (const { table, columns } of plan.tables.values()) {
    for (const mask of columns) {
      const { column, rules } = mask;
      for (const rule of rules) {
        const { where } = rule;
        problems.push(...(await brokenConstraints(session, table, { mask, rule })));
        if (where === undefined) continue;
        try {
          // With LIMIT 0 nothing is read; EXPLAIN would read what it takes for a constant.
          await session.query(`SELECT ${keepsRow(where)} AS kept FROM ${quoteQualified(table)} LIMIT 0`);
        } catch (error) {
          problems.push(
            `${columnName({ table, column })}: the source does not understand "where" (${messageOf(error)})`,
          );
        }
      }
    }
  }
  return problems;
}

/** Unique indexes that look at the beginning of a masked text alone, which what the rule makes may share with others. */
function sharedPrefixes({ table, columns }: TableMask): string[] {
  const parts = table.indexes.flatMap(({ name, unique, parts = [] }) =>
    unique ? parts.map(({ column, prefix }) => ({ name, column, prefix })) : [],
  );
  return parts.flatMap(({ name, column, prefix }) => {
    const mask = columns.find((one) => one.column.name === column);
    if (mask === undefined || prefix === undefined) return [];
    return mask.rules
      .filter((rule) => !isUniqueWithin(mask, rule, prefix))
      .map(
        () =>
          `${columnName({ table, column: mask.column })}: the unique index ${name} compares its first ${prefix} characters only, in which masked values may be the same; use "nullify" or "keep"${prefix < LEAST_HASH ? "" : ', or "hash"'}`,
      );
  });
}

/** Tells of what comes first in a value that enough of it is drawn. */
function isUniqueWithin(mask: ColumnMask, rule: Rule, length: number): boolean {
  if (rule.strategy === "nullify") return true;
  // A user's name and a suffix may begin with a word of a list.
  if (mask.kind.is !== "text" || rule.unique === "suffix" || rule.type === "username") return false;
  const request = requestOf("mysql", mask, rule);
  return misfitOf({ ...request, unique: true, kind: { is: "text", max: Math.min(length, mask.max) } }) === undefined;
}

/** Asks the constraints that read the column alone what they think of what the rule makes of invented values. */
async function brokenConstraints(
  session: Session,
  table: Table,
  { mask, rule }: { mask: ColumnMask; rule: Rule },
): Promise<string[]> {
  const { column } = mask;
  const checks = table.checks.filter(({ columns }) => columns.length === 1 && columns[0] === column.name);
  const trials = checks.length === 0 ? [] : trialsOf("mysql", mask, rule);
  if (trials.length === 0) return [];
  const own = trials.flatMap(({ given, made }, at) =>
    [given, made].map((value, which) => {
      return `SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(column.name)}, ${2 * at + which} AS ditto_at`;
    }),
  );
  const broken: string[] = [];
  for (const { name, expression } of checks) {
    // One that can't be asked outside its table is the base's to judge.
    const found = await session
      .query<{ place: number }>(
        `SELECT ditto_at AS place FROM (${own.join(" UNION ALL ")}) tried WHERE (${expression}) IS FALSE`,
      )
      .catch(() => []);
    const refused = new Set(found.map(({ place }) => Number(place)));
    if (breaks(trials.map((_, at) => ({ given: refused.has(2 * at), made: refused.has(2 * at + 1) }))))
      broken.push(
        `${columnName({ table, column })}: what the rule makes breaks the constraint ${name}; take another rule, or a type that it allows`,
      );
  }
  return broken;
}
