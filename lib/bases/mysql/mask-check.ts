import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/mysql/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { type ColumnMask, columnName, type MaskPlan } from "../../mask/plan.ts";
import type { Rule } from "../../mask/rule.ts";
import { trialValues } from "../../mask/trial.ts";
import type { Table } from "../../schema/model.ts";
import { keepsRow } from "./mask-sql.ts";

/** What of the rules the source itself does not understand, in words: conditions are planned, of no row. */
export async function misfitsOfMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  const problems: string[] = [];
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

/** Asks the constraints that read the column alone what they think of what the rule makes of invented values. */
async function brokenConstraints(
  session: Session,
  table: Table,
  { mask, rule }: { mask: ColumnMask; rule: Rule },
): Promise<string[]> {
  const { column } = mask;
  const checks = table.checks.filter(({ columns }) => columns.length === 1 && columns[0] === column.name);
  const values = checks.length === 0 ? [] : trialValues("mysql", mask, rule);
  if (values.length === 0) return [];
  const own = values
    .map((value) => `SELECT ${quoteLiteral(value)} AS ${quoteIdentifier(column.name)}`)
    .join(" UNION ALL ");
  const broken: string[] = [];
  for (const { name, expression } of checks) {
    // One that can't be asked outside its table is the base's to judge.
    const [found] = await session
      .query<{ broken: number }>(`SELECT COUNT(*) AS broken FROM (${own}) tried WHERE (${expression}) IS FALSE`)
      .catch(() => []);
    if (Number(found?.broken) > 0)
      broken.push(
        `${columnName({ table, column })}: what the rule makes breaks the constraint ${name}; take another rule, or a type that it allows`,
      );
  }
  return broken;
}
