import { type Allowed, type Destructive, kindsOf, type Plan, type ScriptForm, type Statement } from "./change.ts";

/** One part of a script: statements of one transaction, or a single one outside of any. */
export interface Part {
  transaction: boolean;
  statements: Statement[];
}

/** The statements that may run, in as few transactions as they allow. */
export function partsOf(statements: Statement[]): Part[] {
  const parts: Part[] = [];
  let open: Part | undefined;
  for (const statement of statements) {
    if (!statement.transactional) {
      parts.push({ transaction: false, statements: [statement] });
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = { transaction: true, statements: [] };
      parts.push(open);
    }
    open.statements.push(statement);
    if (statement.commitAfter) open = undefined;
  }
  return parts;
}

/** True for what is carried out under these permissions. */
export function isAllowed(statement: Statement, allowed: Allowed): boolean {
  return kindsOf(statement).every((kind) => allowed.has(kind));
}

/** The destructive kinds that a plan holds and nobody allowed. */
export function notAllowed(plan: Plan, allowed: Allowed): Destructive[] {
  const kinds = plan.statements.flatMap(kindsOf);
  return [...new Set(kinds)].filter((kind) => !allowed.has(kind)).sort();
}

/** The plan as a script for the engine's own client: what is not allowed stands in it as a comment. */
export function renderSql(plan: Plan, form: ScriptForm, allowed: Allowed): string {
  if (plan.statements.length === 0) return "";
  const lines = form.before.map((sql) => terminated(sql, form));
  for (const part of partsOf(plan.statements)) {
    const wrapped = part.transaction && form.begin !== "" && part.statements.some((one) => isAllowed(one, allowed));
    lines.push("");
    if (wrapped) lines.push(`${form.begin};`);
    for (const statement of part.statements) lines.push(...renderStatement(statement, form, allowed));
    if (wrapped) lines.push(`${form.commit};`);
  }
  lines.push(...form.after.map((sql) => terminated(sql, form)));
  return `${lines.join("\n").trim()}\n`;
}

/** What ends a comment: for psql a carriage return does, too, and a name may hold one. */
const LINE_ENDS = /\r\n|\r|\n/g;

function renderStatement(statement: Statement, form: ScriptForm, allowed: Allowed): string[] {
  const lines = statement.hazards.map(({ name, detail }) => `-- ${name}: ${detail.replace(LINE_ENDS, " ")}`);
  const sql = terminated(statement.sql, form);
  if (isAllowed(statement, allowed)) return [...lines, sql];
  const comment = sql.split(LINE_ENDS).map((line) => `-- ${line}`);
  return [...lines, `-- left out, allow it by --allow ${kindsOf(statement).join(",")}`, ...comment];
}

function terminated(sql: string, form: ScriptForm): string {
  return form.terminated?.(sql) ?? `${sql};`;
}
