import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { type ColumnMask, columnName, type MaskPlan } from "../../mask/plan.ts";
import type { Rule } from "../../mask/rule.ts";
import { trialValues } from "../../mask/trial.ts";
import type { Table } from "../../schema/model.ts";
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
    for (const mask of columns) {
      const { column, kind, rules } = mask;
      const name = columnName({ table, column });
      for (const rule of rules) {
        await tryConstraints({ session, table, problems }, mask, rule);
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

interface Trial {
  session: Session;
  table: Table;
  problems: string[];
}

/** Reads what the rule makes of invented values as the column's type, domains included, and asks the constraints that read it alone. */
async function tryConstraints({ session, table, problems }: Trial, mask: ColumnMask, rule: Rule): Promise<void> {
  const { column } = mask;
  const values = trialValues("postgres", mask, rule);
  if (values.length === 0) return;
  const checks = table.checks.filter(({ columns }) => columns.length === 1 && columns[0] === column.name);
  const name = columnName({ table, column });
  const rows = values.map((value) => `(${quoteLiteral(value)})`).join(", ");
  const own = `SELECT CAST(v AS ${column.type}) AS ${quoteIdentifier(column.name)} FROM (VALUES ${rows}) AS made (v)`;
  const broken = checks.map(
    (check, index) => `count(*) FILTER (WHERE (${check.expression}) IS FALSE)::int AS c${index}`,
  );
  try {
    const [found = {}] = await session.query<Record<string, number>>(
      `SELECT ${[`count(${quoteIdentifier(column.name)})`, ...broken].join(", ")} FROM (${own}) AS tried`,
    );
    for (const [index, check] of checks.entries())
      if (found[`c${index}`])
        problems.push(
          `${name}: what the rule makes breaks the constraint ${check.name}; take another rule, or a type that it allows`,
        );
  } catch (error) {
    problems.push(`${name}: what the rule makes is no value of ${column.type} (${messageOf(error)})`);
  }
}
