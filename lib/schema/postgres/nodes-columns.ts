import { destroying, type Hazard } from "../change.ts";
import type { Column, Table } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import { commentDraft } from "./access.ts";
import { compareColumns } from "./column-changes.ts";
import { columnGrants, exclusive, identityClause, type Placed, usualNotNull } from "./column-parts.ts";
import { carriage } from "./composites.ts";
import { keyOf } from "./keys.ts";
import { type Draft, hazardsOn, isPartition, type Node, node, type World } from "./node.ts";
import { type Adoption, adoptionNeeds, handOver } from "./nodes-inheritance.ts";
import { ident, qualified, shown } from "./quote.ts";

/** What the column of a table needs besides what the server notes. */
export interface ColumnPlace {
  /** Attached, or inheriting, in both schemas: it changes with its parent's. */
  followsParent: boolean;
  /** The same column of the parents. */
  parents: string[];
  /** Those of them that it may be merged with: their tables and its own stand. */
  merges: string[];
  /** How it comes to be the parent's only. */
  adoption: Adoption | undefined;
  /** The parents' has a default. */
  defaultAbove: boolean;
  /** Of A's: the column that it becomes. */
  after: Column | undefined;
  /** Of B's: it is NOT NULL by a parent's in A, and that goes. */
  requiredAbove: boolean;
  /** Children have it still when it goes. */
  leavesHeirs: boolean;
  /** It stays where it is when the parent's goes. */
  left: boolean;
}

export function columnNode(world: World, table: Table, column: Column, place: ColumnPlace): Node {
  const key = keyOf.column(table.schema, table.name, column.name);
  const typedAbove = place.followsParent && column.postgres?.inherited === true;
  const inherited = typedAbove && !column.postgres?.local;
  const { followsParent, requiredAbove, adoption, leavesHeirs, defaultAbove } = place;
  const above = { inherited, typedAbove, followsParent, requiredAbove, adoption, leavesHeirs, defaultAbove };
  const it: Placed = { table, column, ...above };
  const sql = new ColumnSql(world, it);
  const sequence = column.postgres?.sequence;
  return node<Placed>({
    key,
    place: `column:${qualified(table.schema, table.name)}.${String(column.position).padStart(5, "0")}`,
    kind: "column",
    schema: table.schema,
    title: shown(table.schema, table.name, column.name),
    names: [`${table.schema}.${table.name}.${column.name}`],
    it,
    parents: [keyOf.relation(table.schema, table.name)],
    needs: [
      keyOf.relation(table.schema, table.name),
      ...(inherited ? place.parents : []),
      ...adoptionNeeds(table, place.after === undefined ? adoption : undefined),
    ],
    follows: requiredAbove ? place.parents : [],
    merges: isPartition(table) || inherited ? [] : place.merges,
    slots: sequence === undefined ? [] : [`class:${qualified(sequence.schema ?? "", sequence.name ?? "")}`],
    implied: inherited,
    destructive: column.generated === "no" ? "drop-column" : undefined,
    line: (members) => sql.line(members),
    after: () => sql.after(),
    create: (members) => [...(inherited ? [] : [sql.add(members)]), ...sql.after()],
    drop: () => (inherited && !place.left ? [] : [sql.drop()]),
    swap: adoption && place.after && handOver(table, column, adoption, place.after),
    compare: (a, b) => compareColumns(world, a, b),
    retype: () => (typedAbove ? [] : [sql.retype(), ...sql.stored()]),
    keyOf: world.partitionKeys.has(key) ? keyOf.relation(table.schema, table.name) : undefined,
  } as Parameters<typeof node<Placed>>[0]);
}

/** What statements say of one column. */
class ColumnSql {
  readonly #world: World;
  readonly #it: Placed;
  readonly #alter: string;
  readonly #table: string;

  constructor(world: World, it: Placed) {
    this.#world = world;
    this.#it = it;
    const { table } = it;
    const keyword = table.kind === "foreign table" ? "FOREIGN TABLE" : "TABLE";
    this.#table = keyOf.relation(table.schema, table.name);
    this.#alter = `ALTER ${keyword} ${qualified(table.schema, table.name)}`;
  }

  /** `name type …` as in CREATE TABLE; "" where the parent brings it. */
  line(members: readonly Node[]): string {
    const { table, column } = this.#it;
    const theirs = !isPartition(table) && column.postgres?.inherited && !column.postgres.local;
    if (theirs) return "";
    if (table.postgres?.ofType === "") return this.#definition(members);
    const options = `${this.#defaultOf(members)}${this.#notNullClause()}`;
    return options === "" ? "" : `${ident(column.name)} WITH OPTIONS${options}`;
  }

  #definition(members: readonly Node[]): string {
    const { column } = this.#it;
    const { postgres } = column;
    const settled = this.#defaultOf(members);
    const collate = postgres?.collate ? ` COLLATE ${postgres.collate}` : "";
    const foreign = postgres?.foreignOptions.length ? ` OPTIONS (${postgres.foreignOptions.join(", ")})` : "";
    return `${ident(column.name)} ${column.type}${foreign}${collate}${settled}${this.#identity()}${this.#notNullClause()}`;
  }

  #notNullClause(): string {
    const { table, column } = this.#it;
    const { adoption } = this.#it;
    // The empty parent passes it on; values that are still to come it would refuse.
    const theirs = !isPartition(table) && column.postgres?.notNull?.local === false && adoption === undefined;
    return column.nullable || theirs || adoption?.moved.has(column.name) ? "" : ` ${this.#notNull()}`;
  }

  #notNull(): string {
    const { table, column } = this.#it;
    const { notNull } = column.postgres ?? {};
    // The partitions that stay keep the name of the constraint, and a nameless one would get another.
    const taken = table.kind === "partitioned" && this.#world.standing.has(this.#table);
    if (notNull === undefined || (notNull.name === usualNotNull(table, column) && !taken))
      return `NOT NULL${notNull?.noInherit ? " NO INHERIT" : ""}`;
    return `CONSTRAINT ${ident(notNull.name)} NOT NULL${notNull.noInherit ? " NO INHERIT" : ""}`;
  }

  #defaultOf(members: readonly Node[]): string {
    const { table, column } = this.#it;
    if (column.generated !== "no")
      return ` GENERATED ALWAYS AS (${column.expression}) ${column.generated.toUpperCase()}`;
    const key = keyOf.default(table.schema, table.name, column.name);
    return members.some((member) => member.key === key) ? ` DEFAULT ${column.default}` : "";
  }

  #identity(): string {
    const { table, column } = this.#it;
    if (column.identity === "no" || isPartition(table)) return "";
    return ` ${identityClause(table, column)}`;
  }

  add(members: readonly Node[]): Draft {
    const { column, adoption } = this.#it;
    const moved = adoption?.moved.has(column.name) === true;
    const rowsLack =
      !moved &&
      !column.nullable &&
      column.default === undefined &&
      column.generated === "no" &&
      column.identity === "no";
    const hazards: Hazard[] = [this.#exclusive()];
    if (rowsLack)
      hazards.push({
        name: "may-fail",
        detail: `rows that are there have no ${this.#name()}, which is NOT NULL without a default`,
      });
    if (column.generated === "stored" || column.identity !== "no" || isVolatile(column.default))
      hazards.push({ name: "rewrites-table", detail: `every row gets its ${this.#name()}` });
    const alter = adoption === undefined ? this.#alter : `ALTER TABLE ${adoption.parent}`;
    return {
      sql: `${alter} ADD COLUMN ${this.#definition(members)}`,
      ...hazardsOn(this.#world, this.#table, ...hazards),
    };
  }

  drop(): Draft {
    const { column } = this.#it;
    const lost: Hazard[] =
      column.generated === "no" ? [{ name: "deletes-data", detail: `the values of ${this.#name()}` }] : [];
    return {
      sql: `${this.#it.leavesHeirs ? this.#alter.replace(" TABLE ", " TABLE ONLY ") : this.#alter} DROP COLUMN ${ident(column.name)}`,
      ...hazardsOn(this.#world, this.#table, ...lost, this.#exclusive()),
    };
  }

  /** Settings that no column definition holds. */
  after(): Draft[] {
    const { table, column } = this.#it;
    const { postgres } = column;
    const drafts: Draft[] = [];
    const alter = `${this.#alter} ALTER COLUMN ${ident(column.name)}`;
    const comes = postgres?.inherited && !postgres.local && (this.#it.inherited || !isPartition(table));
    if (comes && this.#it.defaultAbove && column.default === undefined)
      drafts.push({ sql: `${alter.replace(" TABLE ", " TABLE ONLY ")} DROP DEFAULT` });
    drafts.push(...this.stored());
    if ((postgres?.statistics ?? -1) >= 0) drafts.push({ sql: `${alter} SET STATISTICS ${postgres?.statistics}` });
    if (postgres?.options.length) drafts.push({ sql: `${alter} SET (${postgres.options.join(", ")})` });
    if (column.comment !== "") drafts.push(commentDraft(`COLUMN ${this.#sqlName()}`, column.comment));
    drafts.push(...columnGrants(this.#world, table, { before: [], after: column }));
    if (postgres?.notNull?.comment)
      drafts.push(
        commentDraft(
          `CONSTRAINT ${ident(postgres.notNull.name)} ON ${qualified(table.schema, table.name)}`,
          postgres.notNull.comment,
        ),
      );
    return drafts;
  }

  /** How its values are stored, which another type takes back. */
  stored(): Draft[] {
    const { storage = "", compression = "" } = this.#it.column.postgres ?? {};
    const alter = `${this.#alter} ALTER COLUMN ${ident(this.#it.column.name)}`;
    return [
      ...(storage === "" ? [] : [{ sql: `${alter} SET STORAGE ${storage}` }]),
      ...(compression === "" ? [] : [{ sql: `${alter} SET COMPRESSION ${compression}` }]),
    ];
  }

  /** From a type of the same name, which stepped aside. */
  retype(): Draft {
    const { column } = this.#it;
    const name = ident(column.name);
    const collate = column.postgres?.collate ? ` COLLATE ${column.postgres.collate}` : "";
    const carried = carriage(this.#world, name, { from: column.type, to: column.type, where: this.#name() });
    return {
      sql: `${this.#alter} ALTER COLUMN ${name} TYPE ${column.type}${collate} USING ${carried.using}`,
      ...destroying(carried.losses),
      ...hazardsOn(
        this.#world,
        this.#table,
        this.#exclusive(),
        { name: "rewrites-table", detail: `every row for ${this.#name()}` },
        ...carried.hazards,
        { name: "may-fail", detail: `values of ${this.#name()} that the new type doesn't have` },
      ),
    };
  }

  #name(): string {
    return shown(this.#it.table.schema, this.#it.table.name, this.#it.column.name);
  }

  #sqlName(): string {
    return `${qualified(this.#it.table.schema, this.#it.table.name)}.${ident(this.#it.column.name)}`;
  }

  #exclusive(): Hazard {
    return exclusive(this.#it.table);
  }
}

/** A default that gives every row its own value, so that they are written one by one. */
function isVolatile(expression: string | undefined): boolean {
  return /\b(nextval|random|gen_random_uuid|uuid_generate_\w+|clock_timestamp)\(/.test(expression ?? "");
}

/** `comes`: with the parent's column, which has the same. `apart`: it can't stand in a statement that makes the column. */
export function defaultNode(
  table: Table,
  column: Column,
  place: { comes: boolean; apart: boolean; parents: ObjectKey[] },
): Node {
  const keyword = table.kind === "view" ? "VIEW" : table.kind === "foreign table" ? "FOREIGN TABLE" : "TABLE";
  // Each table has its own; without ONLY all children would get this one.
  const only = keyword === "TABLE" ? "ONLY " : "";
  const alter = `ALTER ${keyword} ${only}${qualified(table.schema, table.name)} ALTER COLUMN ${ident(column.name)}`;
  const own =
    table.kind === "view"
      ? keyOf.relation(table.schema, table.name)
      : keyOf.column(table.schema, table.name, column.name);
  return node<string>({
    key: keyOf.default(table.schema, table.name, column.name),
    kind: "default",
    schema: table.schema,
    title: shown(table.schema, table.name, column.name),
    it: column.default ?? "",
    parents: [own, keyOf.relation(table.schema, table.name)],
    needs: [own],
    follows: place.parents,
    implied: place.comes,
    line: place.apart ? undefined : () => "",
    create: () => (place.comes ? [] : [{ sql: `${alter} SET DEFAULT ${column.default}` }]),
    drop: () => [{ sql: `${alter} DROP DEFAULT` }],
    compare: (a, b) =>
      a === b ? undefined : { words: [`default: ${a} → ${b}`], drafts: [{ sql: `${alter} SET DEFAULT ${b}` }] },
  });
}
