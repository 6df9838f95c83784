import { quoteLiteral } from "../../engine/postgres/quote.ts";
import type { Hazard } from "../change.ts";
import type { Column, Table } from "../model.ts";
import { columnGrantsLeft, commentDraft, grantDrafts } from "./access.ts";
import { conversion } from "./casts.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Draft, hazardsOn, isPartition, type Node, node, versionOf, type World } from "./node.ts";
import { type Adoption, adoptionNeeds, handOver } from "./nodes-inheritance.ts";
import { ident, qualified, shown } from "./quote.ts";
import { sequenceChange, sequenceClauses } from "./sequence-sql.ts";

/** A column with the table it is in. */
interface Placed {
  table: Table;
  column: Column;
  /** It is the parent's, which says what it is. */
  inherited: boolean;
  /** It changes its type with the parent's, though it may be the child's own too. */
  typedAbove: boolean;
  /** As {@link ColumnPlace}. */
  followsParent: boolean;
  adoption: Adoption | undefined;
  leavesHeirs: boolean;
  defaultAbove: boolean;
}

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
  /** Children have it still when it goes. */
  leavesHeirs: boolean;
  /** It stays where it is when the parent's goes. */
  left: boolean;
}

export function columnNode(world: World, table: Table, column: Column, place: ColumnPlace): Node {
  const key = keyOf.column(table.schema, table.name, column.name);
  const typedAbove = place.followsParent && column.postgres?.inherited === true;
  const inherited = typedAbove && !column.postgres?.local;
  const { followsParent, adoption, leavesHeirs, defaultAbove } = place;
  const it: Placed = { table, column, inherited, typedAbove, followsParent, adoption, leavesHeirs, defaultAbove };
  const sql = new ColumnSql(world, it);
  const sequence = column.postgres?.sequence;
  return node<Placed>({
    key,
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
    retype: () => (typedAbove ? [] : [sql.retype()]),
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
    const { column } = this.#it;
    const rowsLack =
      !column.nullable && column.default === undefined && column.generated === "no" && column.identity === "no";
    const hazards: Hazard[] = [this.#exclusive()];
    if (rowsLack)
      hazards.push({
        name: "may-fail",
        detail: `rows that are there have no ${this.#name()}, which is NOT NULL without a default`,
      });
    if (column.generated === "stored" || column.identity !== "no" || isVolatile(column.default))
      hazards.push({ name: "rewrites-table", detail: `every row gets its ${this.#name()}` });
    const { adoption } = this.#it;
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
    if (postgres?.storage) drafts.push({ sql: `${alter} SET STORAGE ${postgres.storage}` });
    if (postgres?.compression) drafts.push({ sql: `${alter} SET COMPRESSION ${postgres.compression}` });
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

  /** From a type of the same name, which stepped aside. */
  retype(): Draft {
    const { column } = this.#it;
    const name = ident(column.name);
    const collate = column.postgres?.collate ? ` COLLATE ${column.postgres.collate}` : "";
    return {
      sql: `${this.#alter} ALTER COLUMN ${name} TYPE ${column.type}${collate} USING ${name}::text::${column.type}`,
      ...hazardsOn(
        this.#world,
        this.#table,
        this.#exclusive(),
        { name: "rewrites-table", detail: `every row for ${this.#name()}` },
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

/** The lock that most of ALTER TABLE takes. */
export function exclusive(table: { schema: string; name: string }): Hazard {
  return { name: "locks", detail: `ACCESS EXCLUSIVE on ${shown(table.schema, table.name)}` };
}

/** What Postgres calls a NOT NULL that nobody named; "" where it had to cut the name. */
export function usualNotNull(table: { name: string }, column: { name: string }): string {
  const name = `${table.name}_${column.name}_not_null`;
  return Buffer.byteLength(name) < 64 ? name : "";
}

function identityClause(table: Table, column: Column): string {
  const options = column.postgres?.sequence;
  const clauses = options === undefined ? [] : sequenceClauses(options, { type: options.type !== column.type });
  const usual = options?.schema === table.schema && options.name === `${table.name}_${column.name}_seq`;
  if (options !== undefined && !usual)
    clauses.unshift(`SEQUENCE NAME ${qualified(options.schema ?? "", options.name ?? "")}`);
  return `GENERATED ${column.identity.toUpperCase()} AS IDENTITY${clauses.length > 0 ? ` (${clauses.join(" ")})` : ""}`;
}

/** A default that gives every row its own value, so that they are written one by one. */
function isVolatile(expression: string | undefined): boolean {
  return /\b(nextval|random|gen_random_uuid|uuid_generate_\w+|clock_timestamp)\(/.test(expression ?? "");
}

function columnGrants(
  world: World,
  table: Table,
  pair: { before: NonNullable<Column["privileges"]>; after: Column },
): Draft[] {
  const on = { keyword: "TABLE", name: qualified(table.schema, table.name), columns: ident(pair.after.name) };
  const owner = table.owner || (world.a.postgres?.databaseOwner ?? "");
  return grantDrafts(world, on, { before: pair.before, after: pair.after.privileges ?? [], owner });
}

function compareColumns(world: World, a: Placed, b: Placed) {
  const found = new Differences();
  const { table } = b;
  const alter = `ALTER ${table.kind === "foreign table" ? "FOREIGN TABLE" : "TABLE"} ${qualified(table.schema, table.name)}`;
  if (b.adoption !== undefined) {
    found.anew("inherited", "no", "yes");
    found.keeps = true;
    return found;
  }
  const on = { world, found, alter, column: `${alter} ALTER COLUMN ${ident(b.column.name)}` };
  if (!b.inherited) {
    compareGenerated(on, a, b);
    if (!found.replace && !(a.typedAbove && b.typedAbove)) compareType(on, a, b);
  }
  if (found.replace) return found;
  if (!isPartition(table)) compareIdentity(on, a, b);
  compareNullable(on, a, b);
  compareSettings(on, a, b);
  const sqlName = `COLUMN ${qualified(table.schema, table.name)}.${ident(b.column.name)}`;
  found.note("comment", a.column.comment, b.column.comment, commentDraft(sqlName, b.column.comment));
  const grants = columnGrants(world, table, {
    before: columnGrantsLeft(a.table, b.table, a.column.privileges),
    after: b.column,
  });
  if (grants.length > 0) found.words.push("privileges differ");
  found.add(...grants);
  return found;
}

interface On {
  world: World;
  found: Differences;
  /** `ALTER TABLE t`. */
  alter: string;
  /** `ALTER TABLE t ALTER COLUMN c`. */
  column: string;
}

function compareGenerated({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  if (old.generated === now.generated && (old.expression ?? "") === (now.expression ?? "")) return;
  const told = ({ generated, expression }: Column) => (generated === "no" ? "" : `${expression} ${generated}`);
  if (old.generated === "stored" && now.generated === "no" && versionOf(world) >= 13)
    return void found.note("generated", told(old), told(now), `${column} DROP EXPRESSION`);
  if (versionOf(world) >= 17 && old.generated === now.generated && old.type === now.type) {
    const hazards =
      old.generated === "stored"
        ? [
            {
              name: "rewrites-table",
              detail: `every row for ${shown(b.table.schema, b.table.name, now.name)}`,
            } as const,
          ]
        : [];
    return void found.note("generated", told(old), told(now), {
      sql: `${column} SET EXPRESSION AS (${now.expression})`,
      hazards: [exclusive(b.table), ...hazards],
    });
  }
  found.anew("generated", told(old), told(now));
}

function compareType({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  const collate = [old.postgres?.collate ?? "", now.postgres?.collate ?? ""];
  if (old.type === now.type && collate[0] === collate[1]) return;
  const where = shown(b.table.schema, b.table.name, now.name);
  if (now.generated !== "no") {
    found.anew("type", old.type, now.type);
    found.anew("collation", collate[0], collate[1]);
    return;
  }
  const { using, hazards } = conversion(world, ident(now.name), { from: old.type, to: now.type, where });
  const collation = collate[1] !== "" ? ` COLLATE ${collate[1]}` : "";
  if (old.type !== now.type) found.words.push(`type: ${old.type} → ${now.type}`);
  if (collate[0] !== collate[1])
    found.words.push(`collation: ${collate[0] || "the type's"} → ${collate[1] || "the type's"}`);
  found.add({
    sql: `${column} TYPE ${now.type}${collation}${using === undefined ? "" : ` USING ${using}`}`,
    hazards: [exclusive(b.table), ...hazards],
  });
  found.disturbs = true;
}

function compareIdentity({ found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column, b.column];
  const [before, after] = [old.postgres?.sequence, now.postgres?.sequence];
  if (old.identity === "no" && now.identity !== "no") {
    // An identity needs the column to be NOT NULL already.
    if (old.nullable) found.add(`${column} SET NOT NULL`);
    found.note("identity", "", now.identity, `${column} ADD ${identityClause(b.table, now)}`);
    const sequence = after === undefined ? "" : qualified(after.schema ?? "", after.name ?? "");
    const top = `SELECT max(${ident(now.name)}) FROM ${qualified(b.table.schema, b.table.name)}`;
    // Or its first values would be those of rows that are there.
    found.add(`SELECT pg_catalog.setval(${quoteLiteral(sequence).trim()}, (${top})) WHERE (${top}) IS NOT NULL`);
  } else if (old.identity !== "no" && now.identity === "no") {
    found.note("identity", old.identity, "", `${column} DROP IDENTITY`);
  } else if (old.identity !== "no") {
    found.note("identity", old.identity, now.identity, `${column} SET GENERATED ${now.identity.toUpperCase()}`);
    if (before === undefined || after === undefined) return;
    const [from, to] = [
      qualified(before.schema ?? "", before.name ?? ""),
      qualified(after.schema ?? "", after.name ?? ""),
    ];
    if (before.schema === after.schema)
      found.note("sequence", from, to, `ALTER SEQUENCE ${from} RENAME TO ${ident(after.name ?? "")}`);
    // The column's type is the sequence's too, unless somebody said otherwise.
    const { words, clauses } = sequenceChange(before, after, "");
    found.words.push(...words.map((word) => `identity's ${word}`));
    const kept = clauses.filter((clause) => !clause.startsWith("AS "));
    if (clauses.some((clause) => clause.startsWith("AS "))) found.add(`ALTER SEQUENCE ${to} AS ${after.type}`);
    if (kept.length > 0)
      found.add(`${column} ${kept.map((clause) => `SET ${clause}`.replace(/^SET RESTART/, "RESTART")).join(" ")}`);
  }
}

function compareNullable({ world, found, alter, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column.postgres?.notNull, b.column.postgres?.notNull];
  // It comes and goes with the parent's.
  if (b.followsParent && (now ?? old)?.local === false && (old ?? now)?.local === false) return;
  const name = ident(b.column.name);
  const where = shown(b.table.schema, b.table.name, b.column.name);
  if (a.column.nullable && !b.column.nullable) {
    const added = b.column.identity !== "no" && a.column.identity === "no";
    const hazards: Hazard[] = [
      { name: "may-fail", detail: `rows whose ${where} is null` },
      { name: "scans-table", detail: `every ${where} is looked at` },
      exclusive(b.table),
    ];
    const named =
      now !== undefined && (now.name !== usualNotNull(b.table, b.column) || now.noInherit || !now.validated);
    const constraint = `${alter} ADD CONSTRAINT ${ident(now?.name ?? "")} NOT NULL ${name}`;
    if (named)
      found.note("nullable", "yes", "no", {
        sql: `${constraint}${now.noInherit ? " NO INHERIT" : ""}${now.validated ? "" : " NOT VALID"}`,
        hazards,
      });
    else if (world.options.online && !added) found.note("nullable", "yes", "no", ...onlineNotNull(alter, b, hazards));
    else found.note("nullable", "yes", "no", ...(added ? [] : [{ sql: `${column} SET NOT NULL`, hazards }]));
    if (now?.comment)
      found.add(
        commentDraft(`CONSTRAINT ${ident(now.name)} ON ${qualified(b.table.schema, b.table.name)}`, now.comment),
      );
  } else if (!a.column.nullable && b.column.nullable) {
    found.note("nullable", "no", "yes", `${column} DROP NOT NULL`);
  } else if (old !== undefined && now !== undefined && !b.inherited) {
    const constraint = qualified(b.table.schema, b.table.name);
    if (old.name !== now.name)
      found.note(
        "name of NOT NULL",
        old.name,
        now.name,
        `${alter} RENAME CONSTRAINT ${ident(old.name)} TO ${ident(now.name)}`,
      );
    if (old.noInherit !== now.noInherit)
      found.note(
        "NOT NULL inherited",
        String(!old.noInherit),
        String(!now.noInherit),
        `${alter} ALTER CONSTRAINT ${ident(now.name)} ${now.noInherit ? "NO INHERIT" : "INHERIT"}`,
      );
    if (!old.validated && now.validated)
      found.note("NOT NULL", "not valid", "valid", `${alter} VALIDATE CONSTRAINT ${ident(now.name)}`);
    found.note(
      "comment on NOT NULL",
      old.comment,
      now.comment,
      commentDraft(`CONSTRAINT ${ident(now.name)} ON ${constraint}`, now.comment),
    );
  }
}

/** A CHECK that is validated while others write spares SET NOT NULL its scan under the lock (Postgres 12 and later). */
function onlineNotNull(alter: string, { table, column }: Placed, hazards: Hazard[]): Draft[] {
  const check = ident(`${column.name.slice(0, 40)}_is_not_null`);
  const name = ident(column.name);
  const [mayFail, scan] = hazards;
  const shared: Hazard = { name: "locks", detail: `SHARE UPDATE EXCLUSIVE on ${shown(table.schema, table.name)}` };
  return [
    {
      sql: `${alter} ADD CONSTRAINT ${check} CHECK (${name} IS NOT NULL) NOT VALID`,
      hazards: [exclusive(table)],
      commitAfter: true,
    },
    {
      sql: `${alter} VALIDATE CONSTRAINT ${check}`,
      hazards: [mayFail, scan, shared].filter((one) => one !== undefined),
      commitAfter: true,
    },
    { sql: `${alter} ALTER COLUMN ${name} SET NOT NULL`, hazards: [exclusive(table)] },
    { sql: `${alter} DROP CONSTRAINT ${check}` },
  ];
}

function compareSettings({ world, found, column }: On, a: Placed, b: Placed): void {
  const [old, now] = [a.column.postgres, b.column.postgres];
  if (old === undefined || now === undefined) return;
  // 16 brought DEFAULT.
  const usual = versionOf(world) >= 16 ? "DEFAULT" : now.usualStorage;
  found.note("storage", old.storage, now.storage, `${column} SET STORAGE ${now.storage || usual}`);
  found.note(
    "compression",
    old.compression,
    now.compression,
    `${column} SET COMPRESSION ${now.compression || "DEFAULT"}`,
  );
  const target = (statistics: number) => (statistics < 0 ? "" : String(statistics));
  found.note(
    "statistics",
    target(old.statistics),
    target(now.statistics),
    `${column} SET STATISTICS ${now.statistics}`,
  );
  const gone = old.options.filter(
    (option) => !now.options.some((other) => other.split("=")[0] === option.split("=")[0]),
  );
  const come = now.options.filter((option) => !old.options.includes(option));
  if (gone.length > 0)
    found.note(
      "options",
      old.options.join(", "),
      now.options.join(", "),
      `${column} RESET (${gone.map((option) => option.split("=")[0]).join(", ")})`,
    );
  if (come.length > 0)
    found.note("options", old.options.join(", "), now.options.join(", "), `${column} SET (${come.join(", ")})`);
  const options = foreignOptions(old.foreignOptions, now.foreignOptions);
  if (options !== "")
    found.note("options", old.foreignOptions.join(", "), now.foreignOptions.join(", "), `${column} ${options}`);
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
