import type { Rule } from "../mask/rule.ts";
import type { Review } from "./review.ts";

/** What rules do to a source as JSON (snake_case, stable) and in words. */
export function describeReview({ plan, unreviewed }: Review): { json: Record<string, unknown>; text: string } {
  const columns = [...plan.tables.values()].flatMap(({ table, columns: masks }) =>
    masks.flatMap(({ column, rules }) =>
      rules.map((rule) => ({ schema: table.schema, table: table.name, column: column.name, ...effectOf(rule) })),
    ),
  );
  const names = columns.map(({ schema, table, column, path }) =>
    [`${schema}.${table}.${column}`, path].filter(Boolean).join(" "),
  );
  const width = Math.max(0, ...names.map(({ length }) => length));
  const lines = columns.map(
    ({ strategy, type }, at) => `${names[at]?.padEnd(width)}  ${[strategy, type].filter(Boolean).join(" ")}`,
  );
  const end = unreviewed.length === 0 ? "Nothing else looks personal" : `${unreviewed.length} more look personal`;
  return {
    json: { columns, unreviewed: unreviewed.map(({ suggest: _, ...finding }) => finding) },
    text: [...lines, `${countColumns(columns.length)}. ${end}`].join("\n"),
  };
}

/** How many columns are masked, as a sentence without its end. */
export function countColumns(number: number): string {
  return number === 1 ? "1 column is masked" : `${number} columns are masked`;
}

function effectOf({ strategy, type, path }: Rule): Pick<Rule, "strategy" | "type" | "path"> {
  return { strategy, ...(type === undefined ? {} : { type }), ...(path === undefined ? {} : { path }) };
}
