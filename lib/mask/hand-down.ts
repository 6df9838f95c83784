import { type Column, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import type { Match } from "./match.ts";
import { nameOf, type Rule } from "./rule.ts";

interface Place {
  table: Table;
  column: Column;
}

/** Rules with what they mean for columns that are linked with theirs. */
export interface HandedDown {
  matches: Match[];
  /** The columns that share their values with this one (`schema.table.column`), itself included. */
  groupOf(name: string): Place[];
}

/**
 * Gives the columns that reference a masked one its rule, because a child must get the pseudonym of its parent's row, and resolves
 * `same_as`. What can't be linked is added to `problems`.
 */
export function handDown(schema: Schema, matches: Match[], problems: string[]): HandedDown {
  const places = new Map(
    schema.tables.flatMap((table) => table.columns.map((column) => [placeName({ table, column }), { table, column }])),
  );
  const links = [...foreignLinks(schema, places), ...writtenLinks(schema, matches, places, problems)];
  const rules = new Map<string, Rule>();
  for (const { rule, table, column } of matches)
    if (rule.path === undefined && rule.same_as === undefined) rules.set(placeName({ table, column }), rule);
  const handed: Match[] = [];
  for (let grown = true; grown; ) {
    grown = false;
    for (const { child, parent, written } of links) {
      const rule = rules.get(parent);
      if (rule === undefined || rules.has(child) || (rule.strategy === "keep" && !written)) continue;
      const { table, column } = places.get(child) as Place;
      // Which rows of the parent stay raw, the child's row can't tell.
      const { where: _, ...own } = rule;
      rules.set(child, own);
      handed.push({ rule: own, table, column });
      grown = true;
    }
  }
  for (const link of links) problems.push(...contradictions(link, rules));
  const groups = groupsOf(
    links.filter(({ child, parent }) => changes(rules.get(parent)) && rules.get(child)?.strategy !== "nullify"),
  );
  return {
    matches: [...matches.filter(({ rule }) => rule.same_as === undefined), ...handed],
    groupOf: (name) => [...(groups.get(name) ?? [name])].flatMap((other) => places.get(other) ?? []),
  };
}

interface Link {
  child: string;
  parent: string;
  /** By `same_as`, not by a foreign key. */
  written: boolean;
}

function placeName({ table, column }: Place): string {
  return `${qualifiedName(table)}.${column.name}`;
}

function foreignLinks(schema: Schema, places: Map<string, Place>): Link[] {
  return schema.tables.flatMap((table) =>
    table.keys.flatMap(({ columns, references }) =>
      columns.flatMap((column, index) => {
        const parent = references && `${references.schema}.${references.table}.${references.columns[index]}`;
        const child = `${qualifiedName(table)}.${column}`;
        // A key may lead into another database.
        return parent !== undefined && parent !== child && places.has(parent)
          ? [{ child, parent, written: false }]
          : [];
      }),
    ),
  );
}

function writtenLinks(schema: Schema, matches: Match[], places: Map<string, Place>, problems: string[]): Link[] {
  return matches.flatMap(({ rule, table, column }) => {
    if (rule.same_as === undefined) return [];
    const child = placeName({ table, column });
    const parents = [
      rule.same_as,
      `${table.schema}.${rule.same_as}`,
      ...schema.tables.map((other) => `${other.schema}.${rule.same_as}`),
    ];
    const parent = parents.find((name) => places.has(name));
    if (parent === undefined)
      problems.push(`${nameOf(rule)}: same_as names "${rule.same_as}", which is not there; write table.column`);
    else if (parent === child) problems.push(`${nameOf(rule)}: same_as names the column itself`);
    else return [{ child, parent, written: true }];
    return [];
  });
}

function changes(rule: Rule | undefined): boolean {
  return rule !== undefined && rule.strategy !== "keep";
}

function contradictions({ child, parent, written }: Link, rules: Map<string, Rule>): string[] {
  const [own, other] = [rules.get(child), rules.get(parent)];
  const how = written ? "is to be the same as" : "references";
  if (written && other === undefined) return [`${child}: it ${how} ${parent}, which has no rule`];
  if (other?.where !== undefined && changes(other) && own?.strategy !== "nullify")
    return [`${parent}: "where" can't be used, because ${child} ${how} it and could not know which rows stayed raw`];
  if (own === undefined || own.strategy === "nullify" || sameEffect(own, other)) return [];
  if (!changes(own) && !changes(other)) return [];
  return [
    `${child}: it ${how} ${parent}, which has ${other === undefined ? "no rule" : "another rule"}; write the rule there, and this column follows`,
  ];
}

function sameEffect(a: Rule, b: Rule | undefined): boolean {
  const effect = (rule: Rule) => {
    const { table: _, column: __, schema: ___, where: ____, warn_only: _____, ...rest } = rule;
    return JSON.stringify(Object.entries(rest).sort());
  };
  return b !== undefined && effect(a) === effect(b);
}

/** Columns that links connect, by each one's name. */
function groupsOf(links: Link[]): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const { child, parent } of links) {
    const joined = new Set([...(groups.get(child) ?? [child]), ...(groups.get(parent) ?? [parent])]);
    for (const name of joined) groups.set(name, joined);
  }
  return groups;
}
