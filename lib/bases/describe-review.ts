import type { Rule } from "../mask/rule.ts";
import type { Review } from "./review.ts";

/** What rules do to a source as JSON (snake_case, stable) and in words. */
export function describeReview({ plan, unreviewed }: Review): { json: Record<string, unknown>; text: string } {
  const columns = [...plan.tables.values()].flatMap(({ table, columns: masks }) =>
    masks.flatMap(({ column, rules }) =>
      rules.map((rule) => ({ schema: table.schema, table: table.name, column: column.name, ...effectOf(rule) })),
    ),
  );
  const lines = columns.map(
    ({ schema, table, column, path, strategy, type }) =>
      `${schema}.${table}.${column}${path === undefined ? "" : ` ${path}`}  ${strategy}${type === undefined ? "" : ` ${type}`}`,
  );
  const end = unreviewed.length === 0 ? "Nothing else looks personal" : `${unreviewed.length} more look personal`;
  return {
    json: { columns, unreviewed: unreviewed.map(({ suggest: _, ...finding }) => finding) },
    text: [...lines, `${columns.length} columns are masked. ${end}`].join("\n"),
  };
}

function effectOf({ strategy, type, path }: Rule): Pick<Rule, "strategy" | "type" | "path"> {
  return { strategy, ...(type === undefined ? {} : { type }), ...(path === undefined ? {} : { path }) };
}
