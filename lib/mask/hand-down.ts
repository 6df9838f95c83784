import { type Column, holdsRows, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import type { Match } from "./match.ts";
import { nameOf, type Rule } from "./rule.ts";

export interface Place {
  table: Table;
  column: Column;
}

/** Rules with what they mean for columns that are linked with theirs. */
export interface HandedDown {
  matches: Match[];
  /** The columns that share their values with this one (`schema.table.column`), itself and its table's parts included. */
  groupOf(name: string): Group;
}

export interface Group {
  places: Place[];
  /** Joined by a foreign key or `same_as`, not only as parts of one table. */
  linked: boolean;
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
  const parts = partLinks(schema, places);
  const rules = new Map<string, Rule>();
  for (const { rule, table, column } of matches)
    if (rule.path === undefined && rule.same_as === undefined) rules.set(placeName({ table, column }), rule);
  const handed: Match[] = [];
  for (let grown = true; grown; ) {
    grown = false;
    for (const { child, parent, written } of [...links, ...parts]) {
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
  for (const link of parts) problems.push(...partContradictions(link, rules, places));
  const joined = links.filter(
    ({ child, parent }) => changes(rules.get(parent)) && rules.get(child)?.strategy !== "nullify",
  );
  const alike = parts.filter(({ child, parent }) => {
    const [own, other] = [rules.get(child), rules.get(parent)];
    return own !== undefined && changes(own) && sameEffect(own, other);
  });
  const groups = groupsOf([...joined, ...alike]);
  const linked = new Set(joined.map(({ child }) => groups.get(child)));
  const found = new Map<Set<string>, Group>();
  return {
    matches: [...matches.filter(({ rule }) => rule.same_as === undefined), ...handed],
    groupOf(name) {
      const names = groups.get(name) ?? new Set([name]);
      const group = found.get(names) ?? {
        places: [...names].flatMap((other) => places.get(other) ?? []),
        linked: linked.has(names),
      };
      found.set(names, group);
      return group;
    },
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

/** The columns of partitions and of tables that inherit, which hold rows of their parent's. */
function partLinks(schema: Schema, places: Map<string, Place>): Link[] {
  return schema.tables
    .filter((table) => holdsRows(table) || table.kind === "partitioned")
    .flatMap((table) =>
      table.parents.flatMap((parent) =>
        table.columns.flatMap((column) =>
          places.has(`${parent}.${column.name}`)
            ? [{ child: placeName({ table, column }), parent: `${parent}.${column.name}`, written: false }]
            : [],
        ),
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

/** A partition's rows are its parent's, foreign keys included; a table that inherits has its own. */
function partContradictions({ child, parent }: Link, rules: Map<string, Rule>, places: Map<string, Place>): string[] {
  const [own, other] = [rules.get(child), rules.get(parent)];
  if (own === undefined || other === undefined || own.strategy === "nullify" || sameEffect(own, other)) return [];
  if (places.get(child)?.table.kind === "table") return [];
  return [`${child}: it is a part of ${parent}, which has another rule; write the rule there, and this column follows`];
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
  const groupOf = (name: string) => {
    const group = groups.get(name) ?? new Set([name]);
    groups.set(name, group);
    return group;
  };
  for (const { child, parent } of links) {
    const [one, other] = [groupOf(child), groupOf(parent)];
    if (one === other) continue;
    // The smaller one moves: a table may have thousands of parts.
    const [to, from] = one.size < other.size ? [other, one] : [one, other];
    for (const name of from) groups.set(name, to.add(name));
  }
  return groups;
}
