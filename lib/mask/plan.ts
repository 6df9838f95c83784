import type { EngineName } from "../engine/index.ts";
import { type Column, holdsRows, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import { isDrawn } from "./drawn.ts";
import { isOneExpression } from "./expression.ts";
import type { Fold } from "./fold.ts";
import { type Group, handDown } from "./hand-down.ts";
import { type Kind, kindOf } from "./kind.ts";
import { type Match, matchRules } from "./match.ts";
import { misfitOf } from "./misfit.ts";
import type { MaskRequest } from "./request.ts";
import type { Rule } from "./rule.ts";

/** A column that leaves the source changed. */
export interface ColumnMask {
  column: Column;
  kind: Kind;
  /** One rule, or one for each JSON path. */
  rules: Rule[];
  /** A unique index compares it. */
  unique: boolean;
  /** The most characters that it and every column linked with it can hold: they all get the same form. */
  max: number;
  /** Other columns share its values, by a foreign key or `same_as`. */
  linked: boolean;
  /** The least exact way in which it or a column linked with it compares. */
  ignores: Column["ignores"];
}

/** A table some of whose columns leave the source changed. */
export interface TableMask {
  table: Table;
  columns: ColumnMask[];
}

/** What the rules mean for a schema. */
export interface MaskPlan {
  /** By `schema.table`; tables without rows of their own are not in it. */
  tables: Map<string, TableMask>;
  /** Columns that a rule names, `keep` included, as `schema.table.column`; with a path only as `schema.table.column/path`. */
  reviewed: Set<string>;
  /** Of those the ones that a rule keeps. */
  kept: Set<string>;
  /** What has to be told: rules that matched nothing although they may. */
  notes: string[];
  /** What makes rules impossible, all of it, in words; the plan is then not to be used. */
  problems: string[];
}

/** Works out what the rules mean for a schema, with everything that is wrong with them. */
export function planMasks(engine: EngineName, schema: Schema, rules: Rule[]): MaskPlan {
  const { matches, problems, notes } = matchRules(schema, rules);
  const plan: MaskPlan = { tables: new Map(), reviewed: new Set(), kept: new Set(), notes, problems };
  const linked = handDown(schema, matches, problems);
  const masks = new Map<string, Match[]>();
  const ofGroups = new Map<Group, Shared>();
  for (const match of linked.matches) {
    const name = columnName(match);
    const path = match.rule.path;
    const reviewed = path === undefined ? name : `${name}/${path}`;
    plan.reviewed.add(reviewed);
    if (match.rule.strategy === "keep") plan.kept.add(reviewed);
    else masks.set(name, [...(masks.get(name) ?? []), match]);
  }
  for (const [name, same] of masks) {
    const [{ table, column }] = same as [Match];
    const group = linked.groupOf(name);
    const shared = ofGroups.get(group) ?? sharedBy(engine, group);
    ofGroups.set(group, shared);
    const mask: ColumnMask = {
      column,
      kind: typeOf(engine, column),
      rules: same.map(({ rule }) => rule),
      ...shared,
    };
    for (const { rule } of same)
      problems.push(
        ...problemsOf(engine, { table, rule, mask, ofBy: masks.get(`${qualifiedName(table)}.${rule.by}`) ?? [] }).map(
          (why) => `${name}: ${why}`,
        ),
      );
    if (!holdsRows(table)) continue;
    const entry = plan.tables.get(qualifiedName(table)) ?? { table, columns: [] };
    entry.columns.push(mask);
    plan.tables.set(qualifiedName(table), entry);
  }
  plan.problems = [...new Set(problems)];
  return plan;
}

type Shared = Pick<ColumnMask, "linked" | "unique" | "max" | "ignores">;

function sharedBy(engine: EngineName, { places, linked }: Group): Shared {
  const lengths = places.map(({ column }) => {
    const kind = typeOf(engine, column);
    return kind.is === "text" ? kind.max : Number.POSITIVE_INFINITY;
  });
  return {
    linked,
    unique: places.some(({ table, column }) => isUnique(table, column)),
    max: lengths.reduce((least, next) => Math.min(least, next)),
    ignores: leastExact(places.map(({ column }) => column.ignores)),
  };
}

/** The kind of a column of a schema. */
export function typeOf(engine: EngineName, { type, baseType, labels }: Column): Kind {
  return kindOf(engine, { type, ...(baseType ? { baseType } : {}), ...(labels.length > 0 ? { labels } : {}) });
}

/** `schema.table.column`, as keys of the plan's sets. */
export function columnName({ table, column }: { table: Table; column: Column }): string {
  return `${qualifiedName(table)}.${column.name}`;
}

/** True when a unique index or key compares the column, alone or with others. */
export function isUnique(table: Table, { name }: Column): boolean {
  // Values that differ may still meet in an exclusion constraint: those are looked at on their own.
  const keys = table.keys.filter(({ kind }) => kind === "primary key" || kind === "unique");
  return [...keys, ...table.indexes.filter(({ unique }) => unique)].some(({ columns }) => columns.includes(name));
}

/** What a value's mask is made for. Linked columns get the same form: the shortest one's length, the least exact one's fold. */
export function requestOf(
  engine: EngineName,
  { kind, max, unique, ignores, linked }: ColumnMask,
  rule: Rule,
): MaskRequest {
  const fold = FOLDS[ignores];
  // A hash stays the same in every engine unless a key has to join it under a collation that folds.
  const folds = fold === "case" || fold === "width" || (rule.strategy === "hash" && linked) ? fold : undefined;
  return {
    ...{ engine, rule, unique, kind: kind.is === "text" ? { ...kind, max } : kind },
    ...(folds === undefined ? {} : { fold: folds }),
  };
}

const FOLDS: Record<Column["ignores"], Fold | undefined> = {
  nothing: undefined,
  case: "case",
  "case and width": "width",
  "case and accents": "all",
};

function leastExact(all: Column["ignores"][]): Column["ignores"] {
  const ways = ["case and accents", "case and width", "case"] as const;
  return ways.find((way) => all.includes(way)) ?? "nothing";
}

/** Kinds of relation whose rows are computed or lie elsewhere. */
const WITHOUT_ROWS = ["view", "materialized view", "foreign table"];

function problemsOf(
  engine: EngineName,
  { table, rule, mask, ofBy }: { table: Table; rule: Rule; mask: ColumnMask; ofBy: Match[] },
): string[] {
  const { column } = mask;
  const problems: string[] = [];
  if (WITHOUT_ROWS.includes(table.kind))
    return [`${qualifiedName(table)} is a ${table.kind}; write the rule for the table that has the rows`];
  if (column.generated !== "no") return ["it is computed from other columns; write rules for those, and it follows"];
  if (table.partitionKey.includes(column.name))
    problems.push(
      "rows are spread over partitions by it, so that it can't be changed; keep it, or leave the table's rows out",
    );
  if (rule.strategy === "nullify" && rule.path === undefined && !column.nullable)
    problems.push('it is NOT NULL, so that "nullify" can\'t be; "redact", "replace" or "hash" can');
  if (rule.where !== undefined && !isOneExpression(rule.where))
    problems.push('"where" is not one SQL expression (no comments, backslashes, ";" or brackets that don\'t match)');
  if (rule.by !== undefined && !table.columns.some(({ name, generated }) => name === rule.by && generated === "no"))
    problems.push(`"by" names the column "${rule.by}", which ${qualifiedName(table)} doesn't have`);
  if (mask.unique && rule.range !== undefined && rule.where !== undefined)
    problems.push(
      '"range" and "where" don\'t go together in a unique column: numbers that change places would meet those that stay raw',
    );
  const covering = ofBy.find((other) => !isDrawn({ kind: typeOf(engine, other.column) }, other.rule));
  if (covering !== undefined)
    problems.push(
      `"by" names the column "${rule.by}", which "${covering.rule.strategy}" covers in the source, so that all rows would be shifted alike; name one that is kept, or that "replace" or "hash" changes`,
    );
  const misfit = misfitOf(requestOf(engine, mask, rule));
  if (misfit !== undefined) problems.push(misfit);
  return problems;
}
