import type { Allowed, Plan } from "./change.ts";
import { isAllowed } from "./render-sql.ts";
import type { Sides } from "./render-text.ts";

/** The comparison as data: snake_case, stable. */
export function planJson(plan: Plan, sides: Sides, allowed: Allowed): object {
  return {
    a: sides.a,
    b: sides.b,
    same: plan.changes.length === 0,
    changes: plan.changes,
    statements: plan.statements.map((statement) => ({
      sql: statement.sql,
      change: statement.change,
      hazards: statement.hazards,
      destructive: statement.destructive ?? null,
      allowed: isAllowed(statement, allowed),
      transactional: statement.transactional,
      commit_after: statement.commitAfter ?? false,
    })),
    renames: plan.renames,
    not_compared: plan.notCompared,
  };
}
