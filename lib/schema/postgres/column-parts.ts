import type { Hazard } from "../change.ts";
import type { Column, Table } from "../model.ts";
import { grantDrafts } from "./access.ts";
import type { Draft, World } from "./node.ts";
import type { Adoption } from "./nodes-inheritance.ts";
import { ident, qualified, shown } from "./quote.ts";
import { sequenceClauses } from "./sequence-sql.ts";

/** A column with the table it is in. */
export interface Placed {
  table: Table;
  column: Column;
  /** It is the parent's, which says what it is. */
  inherited: boolean;
  /** It changes its type with the parent's, though it may be the child's own too. */
  typedAbove: boolean;
  /** It is attached, or inherits, in both schemas: it changes with its parent's. */
  followsParent: boolean;
  /** It is NOT NULL by a parent's, which goes. */
  requiredAbove: boolean;
  adoption: Adoption | undefined;
  leavesHeirs: boolean;
  defaultAbove: boolean;
}

/** The lock that most of ALTER TABLE takes. */
export function exclusive(table: { schema: string; name: string }): Hazard {
  return { name: "locks", detail: `ACCESS EXCLUSIVE on ${shown(table.schema, table.name)}` };
}

/** What Postgres calls a NOT NULL that nobody named; "" where it had to cut the name. */
export function usualNotNull(table: { name: string }, column: { name: string }): string {
  const name = `${table.name}_${column.name}_not_null`;
  return Buffer.byteLength(name) < 64 ? name : "";
}

/** `GENERATED … AS IDENTITY (…)`, with what differs from the usual. */
export function identityClause(table: Table, column: Column): string {
  const options = column.postgres?.sequence;
  const clauses = options === undefined ? [] : sequenceClauses(options, { type: options.type !== column.type });
  const usual = options?.schema === table.schema && options.name === `${table.name}_${column.name}_seq`;
  if (options !== undefined && !usual)
    clauses.unshift(`SEQUENCE NAME ${qualified(options.schema ?? "", options.name ?? "")}`);
  return `GENERATED ${column.identity.toUpperCase()} AS IDENTITY${clauses.length > 0 ? ` (${clauses.join(" ")})` : ""}`;
}

/** What makes the privileges on one column those on another. */
export function columnGrants(
  world: World,
  table: Table,
  pair: { before: NonNullable<Column["privileges"]>; after: Column },
): Draft[] {
  const on = { keyword: "TABLE", name: qualified(table.schema, table.name), columns: ident(pair.after.name) };
  const owner = table.owner || (world.a.postgres?.databaseOwner ?? "");
  return grantDrafts(world, on, { before: pair.before, after: pair.after.privileges ?? [], owner });
}

/** `OPTIONS (ADD a 'x', SET b 'y', DROP c)`, or "" when nothing differs; options are `name 'value'`. */
export function foreignOptions(a: string[], b: string[]): string {
  const nameOf = (option: string) => /^("(?:[^"]|"")*"|\S+)/.exec(option)?.[0] ?? option;
  const names = (options: string[]) => new Set(options.map(nameOf));
  const [before, after] = [names(a), names(b)];
  const parts = [
    ...a.filter((option) => !after.has(nameOf(option))).map((option) => `DROP ${nameOf(option)}`),
    ...b
      .filter((option) => !a.includes(option))
      .map((option) => `${before.has(nameOf(option)) ? "SET" : "ADD"} ${option}`),
  ];
  return parts.length === 0 ? "" : `OPTIONS (${parts.join(", ")})`;
}
