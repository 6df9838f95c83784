import type { Session } from "../../engine/index.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "../../engine/postgres/quote.ts";
import { messageOf } from "../../kit/errors.ts";
import { type ColumnMask, columnName, type MaskPlan } from "../../mask/plan.ts";
import type { Rule } from "../../mask/rule.ts";
import { breaks, type Trial, trialsOf } from "../../mask/trial.ts";
import type { Check, Table } from "../../schema/model.ts";
import { collidingMasks } from "./collisions.ts";
import { keepsRow } from "./mask-sql.ts";
import { keptVectors } from "./text-vectors.ts";

/** What of the rules the source itself does not understand, in words: conditions are planned and never run, and what `redact` puts there is read as its type. */
export async function misfitsOfMasks(whole: Session, plan: MaskPlan): Promise<string[]> {
  const session = await forgiving(whole);
  const problems = [...(await keptVectors(whole, plan)), ...(await collidingMasks(whole, plan))];
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

type Asking = Pick<Session, "query">;

/** Asks so that a statement that fails does not end the transaction, where there is one: then it began before the statement. */
async function forgiving(session: Session): Promise<Asking> {
  const [{ inside } = { inside: false }] = await session.query<{ inside: boolean }>(
    "SELECT pg_catalog.transaction_timestamp() < pg_catalog.statement_timestamp() AS inside",
  );
  if (!inside) return session;
  return {
    async query(text) {
      await session.query("SAVEPOINT ditto_asks");
      try {
        return await session.query(text);
      } finally {
        await session.query("ROLLBACK TO SAVEPOINT ditto_asks");
        // A snapshot can't be exported below one.
        await session.query("RELEASE SAVEPOINT ditto_asks");
      }
    },
  };
}

interface Site {
  session: Asking;
  table: Table;
  problems: string[];
}

/** Reads what the rule makes of invented values as the column's type, domains included, and asks the constraints that read it alone. */
async function tryConstraints({ session, table, problems }: Site, mask: ColumnMask, rule: Rule): Promise<void> {
  const { column } = mask;
  const all = trialsOf("postgres", mask, rule);
  if (all.length === 0) return;
  const checks = table.checks.filter(({ columns }) => columns.length === 1 && columns[0] === column.name);
  const name = columnName({ table, column });
  const ask = (values: string[], type: string) => askChecks(session, { column: column.name, checks, values, type });
  const trials = column.baseType === "" ? all : await takenTrials(all, (value) => ask([value], column.type));
  const base = column.baseType || column.type;
  // What a constraint can't be asked about it does not take.
  const given = await ask(
    trials.map((trial) => trial.given),
    base,
  ).catch(() => []);
  try {
    const made = await ask(
      trials.map((trial) => trial.made),
      column.type,
    );
    for (const [index, check] of checks.entries())
      if (breaks(trials.map((_, at) => ({ given: given[at]?.[index] ?? true, made: made[at]?.[index] === true }))))
        problems.push(
          `${name}: what the rule makes breaks the constraint ${check.name}; take another rule, or a type that it allows`,
        );
  } catch (error) {
    problems.push(`${name}: what the rule makes is no value of ${column.type} (${messageOf(error)})`);
  }
}

/** Which of the checks each value breaks. Throws where one of the values is none of the type. */
async function askChecks(
  session: Asking,
  { column, checks, values, type }: { column: string; checks: Check[]; values: string[]; type: string },
): Promise<boolean[][]> {
  const rows = values.map((value, at) => `(${at}, ${quoteLiteral(value)})`).join(", ");
  const own = `SELECT i AS ditto_at, CAST(v AS ${type}) AS ${quoteIdentifier(column)} FROM (VALUES ${rows}) AS made (i, v)`;
  const broken = checks.map(({ expression }) => `(${expression}) IS FALSE`);
  const found = await session.query<{ value: unknown; broken: boolean[] }>(
    `SELECT ${quoteIdentifier(column)}::text AS value, ARRAY[${broken.join(", ")}]::boolean[] AS broken FROM (${own}) AS tried ORDER BY ditto_at`,
  );
  return found.map((row) => row.broken);
}

/** The trials whose invented value a domain takes, which says no to all of a statement; all where it takes none. */
async function takenTrials(all: Trial[], ask: (value: string) => Promise<unknown>): Promise<Trial[]> {
  const taken: Trial[] = [];
  for (const trial of all)
    await ask(trial.given).then(
      () => taken.push(trial),
      () => {},
    );
  return taken.length > 0 ? taken : all;
}
