import type { Session } from "../../engine/index.ts";
import { quoteQualified } from "../../engine/mysql/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { columnName, type MaskPlan } from "../../mask/plan.ts";
import { keepsRow } from "./mask-sql.ts";

/** What of the rules the source itself does not understand, in words: conditions are planned, of no row. */
export async function misfitsOfMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  const problems: string[] = [];
  for (const { table, columns } of plan.tables.values()) {
    for (const { column, rules } of columns) {
      for (const { where } of rules) {
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
