import type { Session } from "../../engine/index.ts";
import { quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { columnName, type MaskPlan } from "../../mask/plan.ts";
import { keepsRow } from "./mask-sql.ts";
import { keptVectors } from "./text-vectors.ts";

/** What of the rules the source itself does not understand, in words: conditions are planned and never run, and what `redact` puts there is read as its type. */
export async function misfitsOfMasks(session: Session, plan: MaskPlan): Promise<string[]> {
  const problems = await keptVectors(session, plan);
  const ask = async (text: string, state: string) => {
    try {
      await session.query(text);
    } catch (error) {
      problems.push(`${state} (${messageOf(error)})`);
    }
  };
  for (const { table, columns } of plan.tables.values()) {
    for (const { column, kind, rules } of columns) {
      const name = columnName({ table, column });
      for (const rule of rules) {
        if (rule.where !== undefined)
          await ask(
            `EXPLAIN SELECT ${keepsRow(rule.where)} FROM ONLY ${quoteQualified(table)}`,
            `${name}: the source does not understand "where"`,
          );
        if (
          rule.strategy === "redact" &&
          rule.with !== undefined &&
          rule.path === undefined &&
          kind.is !== "text" &&
          kind.is !== "bytes"
        )
          await ask(
            `SELECT CAST(${quoteLiteral(rule.with)} AS ${column.type})`,
            `${name}: "with" is no value of ${column.type}`,
          );
      }
    }
  }
  return problems;
}
