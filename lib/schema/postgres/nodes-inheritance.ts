import type { Check, Column, Key, Table } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import { keyOf, nameIn, parentsOf } from "./keys.ts";
import { isPartition, type Node, node } from "./node.ts";
import { ident, qualified, shown } from "./quote.ts";

/**
 * How a standing table comes to columns that are its parent's only. What is added to a table itself stays its own for
 * good, so that an empty parent is put above it for the time of the change, and gets them.
 */
export interface Adoption {
  /** The empty parent's name as SQL. */
  parent: string;
  columns: Set<string>;
  /** Those of them that the table has already, whose values move over. */
  moved: Set<string>;
  checks: Set<string>;
}

interface AdoptionPlace {
  /** B's and A's. */
  tables: Map<ObjectKey, Table>;
  others: Map<ObjectKey, Table>;
  /** Parents of both. */
  kept: ObjectKey[];
  /** It has triggers in A, which an UPDATE would set off. */
  triggered: boolean;
}

/** The columns and checks of B's table that have to come by an empty parent; undefined when none do. */
export function adoptionOf(
  table: Table,
  twin: Table | undefined,
  { tables, others, kept, triggered }: AdoptionPlace,
): Adoption | undefined {
  if (twin === undefined || isPartition(table) || isPartition(twin) || table.kind !== "table" || twin.kind !== "table")
    return undefined;
  const columns = table.columns.filter((column) => {
    const before = twin.columns.find(({ name }) => name === column.name);
    const has = (one: Table | undefined) => one?.columns.some(({ name }) => name === column.name) === true;
    const brought = kept.some((one) => has(tables.get(one)) && (before === undefined || has(others.get(one))));
    return isTheirs(column) && !brought && (before === undefined || (!triggered && movable(before, column)));
  });
  const names = new Set(columns.map(({ name }) => name));
  const checks = table.checks.filter(
    (check) => check.local === false && check.columns.length > 0 && check.columns.every((column) => names.has(column)),
  );
  if (names.size === 0) return undefined;
  const parent = qualified(table.schema, `${table.name.slice(0, 40)}__parent`);
  const moved = twin.columns.filter(({ name }) => names.has(name)).map(({ name }) => name);
  return { parent, columns: names, moved: new Set(moved), checks: new Set(checks.map(({ name }) => name)) };
}

/** Only the parent's, and something that stands without the table's other columns. */
function isTheirs({ postgres, generated, identity }: Column): boolean {
  return postgres?.inherited === true && !postgres.local && generated === "no" && identity === "no";
}

/** The table's own so far, and its values fit without a word. */
function movable(before: Column, column: Column): boolean {
  const own = before.postgres?.local === true && !before.postgres.inherited && before.generated === "no";
  const alike = before.type === column.type && before.postgres?.collate === column.postgres?.collate;
  return own && alike && before.identity === "no";
}

const adoptionKey = (table: Table): ObjectKey => `adoption:${qualified(table.schema, table.name)}`;

/** What an adopted column or check needs. */
export function adoptionNeeds(table: Table, adoption: Adoption | undefined): ObjectKey[] {
  return adoption === undefined ? [] : [adoptionKey(table)];
}

/** The empty parent comes first, and goes when the real ones are there. */
export function adoptionNodes(table: Table, { parent }: Adoption, followers: ObjectKey[]): Node[] {
  const relation = keyOf.relation(table.schema, table.name);
  const name = qualified(table.schema, table.name);
  const title = `${shown(table.schema, table.name)} inherits`;
  const shared = { kind: "table" as const, schema: table.schema, title, it: parent, implied: true, drop: () => [] };
  const inheritances = parentsOf(table).map((above) => `inheritance:${name} ${nameIn(above)}`);
  return [
    node<string>({
      ...shared,
      key: adoptionKey(table),
      needs: [relation],
      create: () => [{ sql: `CREATE TABLE ${parent} ()` }, { sql: `ALTER TABLE ${name} INHERIT ${parent}` }],
      compare: () => undefined,
    }),
    node<string>({
      ...shared,
      key: `adopted:${name}`,
      needs: [adoptionKey(table), ...inheritances],
      follows: followers,
      create: () => [{ sql: `ALTER TABLE ${name} NO INHERIT ${parent}` }, { sql: `DROP TABLE ${parent}` }],
      compare: () => undefined,
    }),
  ];
}

/** The parents' checks and foreign keys that are a table's too. Its own is made before them and dropped after; another goes with them. */
export function sameAbove(
  constraint: Key | Check,
  { tables, kept }: { tables: Map<ObjectKey, Table>; kept: ObjectKey[] },
): ObjectKey[] {
  const kind = "kind" in constraint ? constraint.kind : "check";
  return kept.flatMap((parent) => {
    const above = tables.get(parent);
    // A foreign key of a partition may have another name.
    const same =
      kind === "check"
        ? above?.checks.find(({ name }) => name === constraint.name)
        : above?.keys.find((key) => key.kind === "foreign key" && key.definition === constraint.definition);
    return above === undefined || same === undefined ? [] : [keyOf.constraint(above.schema, above.name, same.name)];
  });
}

/** What the old column of an adopted one does: it makes room for it, and hands its values over. */
export function handOver(table: Table, column: Column, { parent }: Adoption, after: Column): NonNullable<Node["swap"]> {
  const name = qualified(table.schema, table.name);
  const aside = ident(`${column.name.slice(0, 50)}__old`);
  const own = ident(column.name);
  const { notNull } = after.postgres ?? {};
  const required =
    notNull === undefined
      ? `ALTER TABLE ${parent} ALTER COLUMN ${own} SET NOT NULL`
      : `ALTER TABLE ${parent} ADD CONSTRAINT ${ident(notNull.name)} NOT NULL ${own}`;
  return {
    aside: () => [{ sql: `ALTER TABLE ${name} RENAME COLUMN ${own} TO ${aside}` }],
    end: () => [
      {
        sql: `UPDATE ONLY ${name} SET ${own} = ${aside}`,
        hazards: [{ name: "rewrites-table", detail: `every row for ${shown(table.schema, table.name, column.name)}` }],
      },
      ...(after.nullable ? [] : [{ sql: required }]),
      { sql: `ALTER TABLE ${name} DROP COLUMN ${aside}` },
    ],
  };
}

/** What makes columns the table's own that were its parents' only; undefined where none became so. */
export function localityNode(table: Table, twin: Table | undefined, followers: ObjectKey[]): Node | undefined {
  const before = new Map(twin?.columns.map((column) => [column.name, column.postgres]));
  const become = table.columns.filter(({ name, postgres }) => {
    const was = before.get(name);
    return postgres?.inherited && postgres.local && was?.inherited && !was.local;
  });
  if (become.length === 0 || isPartition(table) || table.kind !== "table") return undefined;
  const theirs = table.columns.filter(({ postgres }) => postgres?.inherited && !postgres.local);
  if (theirs.some(({ generated }) => generated !== "no")) return undefined;
  const name = qualified(table.schema, table.name);
  const parent = qualified(table.schema, `${table.name.slice(0, 40)}__parent`);
  const checks = table.checks.filter(({ local }) => local === false);
  const lines = [
    ...theirs.map(({ name: column, type, postgres }) => {
      const required = postgres?.notNull?.local === false ? ` CONSTRAINT ${ident(postgres.notNull.name)} NOT NULL` : "";
      return `${ident(column)} ${type}${postgres?.collate ? ` COLLATE ${postgres.collate}` : ""}${required}`;
    }),
    ...checks.map((check) => `CONSTRAINT ${ident(check.name)} ${check.definition}`),
  ];
  const statements = [
    `CREATE TABLE ${parent} (${lines.join(", ")})`,
    `ALTER TABLE ${name} INHERIT ${parent}`,
    ...parentsOf(table).map((one) => `ALTER TABLE ${name} NO INHERIT ${nameIn(one)}`),
    ...parentsOf(table).map((one) => `ALTER TABLE ${name} INHERIT ${nameIn(one)}`),
    `ALTER TABLE ${name} NO INHERIT ${parent}`,
    `DROP TABLE ${parent}`,
  ];
  return node<string>({
    key: `locality:${name}`,
    kind: "table",
    schema: table.schema,
    title: `${shown(table.schema, table.name)} has columns of its own`,
    it: become.map((column) => column.name).join(", "),
    needs: parentsOf(table).map((one) => `inheritance:${name} ${nameIn(one)}`),
    follows: followers,
    create: () => statements.map((sql) => ({ sql })),
    drop: () => [],
    compare: () => undefined,
  });
}

/** Whether another table's foreign key, which stays, leads to a partitioned table or one above it: no partition of it can be dropped. */
export function isPointedAt(
  target: ObjectKey,
  { tables, others }: { tables: Map<ObjectKey, Table>; others: Map<ObjectKey, Table> },
): boolean {
  const pointed = [...tables].some(([own, { keys }]) =>
    keys.some(({ name, references }) => {
      const points = references !== undefined && keyOf.relation(references.schema, references.table) === target;
      return points && own !== target && others.get(own)?.keys.some((key) => key.name === name);
    }),
  );
  const table = tables.get(target);
  const above = table === undefined ? [] : parentsOf(table);
  return pointed || above.some((parent) => isPointedAt(parent, { tables, others }));
}

/** Children by the key of their parent. */
export function heirsIn(tables: Iterable<Table>): Map<ObjectKey, Table[]> {
  const heirs = new Map<ObjectKey, Table[]>();
  for (const table of tables)
    for (const parent of parentsOf(table)) heirs.set(parent, [...(heirs.get(parent) ?? []), table]);
  return heirs;
}

/** A column that goes from A's table, while a child has it in B too: dropped with the child's it would take its values. */
export function leavesHeirs(
  table: Table,
  column: string,
  { heirs, others }: { heirs: Map<ObjectKey, Table[]>; others: Map<ObjectKey, Table> },
): boolean {
  const has = (one: Table | undefined) => one?.columns.some(({ name }) => name === column) === true;
  const key = keyOf.relation(table.schema, table.name);
  if (!others.has(key) || has(others.get(key))) return false;
  return (heirs.get(key) ?? []).some((heir) => !isPartition(heir) && has(heir) && has(twinOf(heir, others)));
}

function twinOf(table: Table, others: Map<ObjectKey, Table>): Table | undefined {
  return others.get(keyOf.relation(table.schema, table.name));
}
