import { quoteLiteral } from "../../engine/postgres/quote.ts";
import { usageError } from "../../kit/errors.ts";
import type { Change, DiffOptions, Rename, Statement } from "../change.ts";
import type { Column, Table } from "../model.ts";
import type { FullSchema, ObjectKind } from "../model-objects.ts";
import { exclusive } from "./column-parts.ts";
import { ident, qualified, shown } from "./quote.ts";
import { bareToken, rewritten, sqlToken } from "./rewrite.ts";

/** A rename as it is carried out. */
interface Taken {
  kind: ObjectKind;
  from: string;
  to: string;
  sql: string;
  table?: Table;
}

/** A as it is once the confirmed renames are done, and what does them. */
export interface Renamed {
  schema: FullSchema;
  changes: Change[];
  statements: Statement[];
}

/** Does the confirmed renames in the model of A. Throws exit 2 for one that fits nothing. */
export function takeRenames(a: FullSchema, b: FullSchema, { renames }: DiffOptions): Renamed {
  let schema = a;
  const taken: Taken[] = [];
  // Tables first, so that their columns may be named by either name.
  const left = renames.filter((rename) => {
    const done = renameRelation(schema, b, rename) ?? renameType(schema, b, rename);
    if (done === undefined) return true;
    schema = done.schema;
    taken.push(done.taken);
    return false;
  });
  for (const rename of left) {
    const done = renameColumn(schema, b, rename) ?? renameLabel(schema, b, rename);
    if (done === undefined)
      throw usageError(
        `Cannot take --rename ${rename.from}=${rename.to}: A has no such object that B knows by the new name only`,
        "Name it as the proposal does: table=table, table.column=column, type.value=value",
        "RENAME_UNFIT",
      );
    schema = done.schema;
    taken.push(done.taken);
  }
  if (taken.length > 0) schema = followUp(schema, b, taken);
  return {
    schema,
    changes: taken.map((one) => changeOf(one)),
    statements: taken.map((one) => ({
      sql: one.sql,
      hazards: one.table === undefined ? [] : [exclusive(one.table)],
      transactional: true,
      change: changeOf(one).id,
    })),
  };
}

function changeOf({ kind, from, to }: Taken): Change {
  return { id: `rename:${kind} ${to}`, kind, name: to, action: "rename", words: [`name: ${from} → ${to}`] };
}

type Done = { schema: FullSchema; taken: Taken } | undefined;
type Wish = DiffOptions["renames"][number];

/** What may be called by a word: `name` or `schema.name`. */
function called<T extends { schema: string; name: string }>(things: T[], word: string): T[] {
  return things.filter(({ schema, name }) => word === name || word === `${schema}.${name}`);
}

/** The one of A that B lacks, and the one of B that A lacks, in the same schema. */
function pairOf<T extends { schema: string; name: string }>(a: T[], b: T[], { from, to }: Wish): [T, T] | undefined {
  const lacks = (things: T[], { schema, name }: T) => !things.some((one) => one.schema === schema && one.name === name);
  for (const old of called(a, from)) {
    const now = called(b, to).find(({ schema }) => schema === old.schema);
    if (now !== undefined && lacks(b, old) && lacks(a, now)) return [old, now];
  }
  return undefined;
}

const KEYWORDS: Record<Table["kind"], string> = {
  table: "TABLE",
  partitioned: "TABLE",
  partition: "TABLE",
  view: "VIEW",
  "materialized view": "MATERIALIZED VIEW",
  "foreign table": "FOREIGN TABLE",
};

function renameRelation(a: FullSchema, b: FullSchema, wish: Wish): Done {
  const [old, now] = pairOf(a.tables, b.tables, wish) ?? [];
  if (old === undefined || now === undefined) {
    const [sequence, other] = pairOf(a.sequences, b.sequences, wish) ?? [];
    return sequence === undefined || other === undefined ? undefined : sequenceRenamed(a, sequence, other.name);
  }
  const [from, to] = [qualified(old.schema, old.name), qualified(now.schema, now.name)];
  const replace = (text: string) =>
    text.replace(sqlToken(from), to).replace(bareToken(ident(old.name), "\\."), `${ident(now.name)}.`);
  const schema = rewritten(a, replace, (one) => {
    if (one.schema !== old.schema) return one;
    if (one.table === old.name) return { ...one, table: now.name };
    return one.name === old.name && "kind" in one && "columns" in one ? { ...one, name: now.name } : one;
  });
  const kind = old.kind === "partition" || old.kind === "partitioned" ? "table" : old.kind;
  const sql = `ALTER ${KEYWORDS[old.kind]} ${from} RENAME TO ${ident(now.name)}`;
  return {
    schema,
    taken: { kind, from: shown(old.schema, old.name), to: shown(now.schema, now.name), sql, table: old },
  };
}

function sequenceRenamed(a: FullSchema, sequence: { schema: string; name: string }, name: string): NonNullable<Done> {
  const [from, to] = [qualified(sequence.schema, sequence.name), qualified(sequence.schema, name)];
  const schema = rewritten(
    a,
    (text) => text.replace(sqlToken(from), to),
    (one) => (one.schema === sequence.schema && one.name === sequence.name && "last" in one ? { ...one, name } : one),
  );
  const sql = `ALTER SEQUENCE ${from} RENAME TO ${ident(name)}`;
  return {
    schema,
    taken: { kind: "sequence", from: shown(sequence.schema, sequence.name), to: shown(sequence.schema, name), sql },
  };
}

function renameType(a: FullSchema, b: FullSchema, wish: Wish): Done {
  const [old, now] = pairOf(a.types, b.types, wish) ?? [];
  if (old === undefined || now === undefined || old.kind !== now.kind) return undefined;
  const [from, to] = [qualified(old.schema, old.name), qualified(now.schema, now.name)];
  const schema = rewritten(
    a,
    (text) => text.replace(sqlToken(from), to),
    (one) =>
      one.schema === old.schema && one.name === old.name && one.kind === old.kind ? { ...one, name: now.name } : one,
  );
  const sql = `ALTER ${old.kind === "domain" ? "DOMAIN" : "TYPE"} ${from} RENAME TO ${ident(now.name)}`;
  const kind = old.kind === "enum" || old.kind === "domain" ? old.kind : (`${old.kind} type` as ObjectKind);
  return { schema, taken: { kind, from: shown(old.schema, old.name), to: shown(now.schema, now.name), sql } };
}

/** The parts of `table.column`, by every place at which a dot may cut it. */
function cuts(word: string): [string, string][] {
  return [...word.matchAll(/\./g)].map(({ index }) => [word.slice(0, index), word.slice(index + 1)]);
}

function renameColumn(a: FullSchema, b: FullSchema, { from, to }: Wish): Done {
  for (const [owner, name] of cuts(from)) {
    for (const table of called(a.tables, owner)) {
      const twin = b.tables.find((one) => one.schema === table.schema && one.name === table.name);
      const target = cuts(to).find(([prefix]) => called([table], prefix).length > 0)?.[1] ?? to;
      const has = (one: Table | undefined, column: string) => one?.columns.some((other) => other.name === column);
      if (has(table, name) && !has(table, target) && has(twin, target) && !has(twin, name))
        return columnRenamed(a, table, { from: name, to: target });
    }
  }
  return undefined;
}

function columnRenamed(a: FullSchema, table: Table, { from, to }: Wish): NonNullable<Done> {
  const relation = qualified(table.schema, table.name);
  const [old, now] = [ident(from), ident(to)];
  const key = (text: string) => text.replace(sqlToken(`${relation}.${old}`), `${relation}.${now}`);
  const bare = (text: string) => text.replace(bareToken(old), now);
  const names = (columns: string[]) => columns.map((column) => (column === from ? to : column));
  const touched = new Set(
    a.dependencies.filter((one) => one.to === `column:${relation}.${old}`).map((one) => one.from),
  );
  const isTable = (one: Record<string, unknown>) =>
    one.schema === table.schema && one.name === table.name && "columns" in one;
  const schema = rewritten(a, key, (one) => {
    if (isTable(one)) return ownTable(one as unknown as Table, { names, bare, from, to });
    if (one.schema === table.schema && one.table === table.name) {
      if (one.column === from) return { ...one, column: to };
      // Foreign keys that point here, triggers, rules and policies.
      if (Array.isArray(one.columns)) return { ...one, columns: names(one.columns as string[]) };
      return texts(one, bare);
    }
    const view =
      typeof one.definition === "string" &&
      "columns" in one &&
      touched.has(`relation:${qualified(String(one.schema), String(one.name))}`);
    if (view) return { ...one, definition: bare(one.definition as string) };
    // A foreign key's own text names the columns of the other table too.
    if (one.kind === "foreign key" && pointsTo(one.references, table))
      return { ...one, definition: foreignText(String(one.definition), old, now) };
    return one;
  });
  const sql = `ALTER TABLE ${relation} RENAME COLUMN ${old} TO ${now}`;
  return {
    schema,
    taken: {
      kind: "column",
      from: shown(table.schema, table.name, from),
      to: shown(table.schema, table.name, to),
      sql,
      table,
    },
  };
}

function pointsTo(references: unknown, table: Table): boolean {
  const target = references as { schema?: string; table?: string } | undefined;
  return target?.schema === table.schema && target.table === table.name;
}

function foreignText(definition: string, old: string, now: string): string {
  const at = definition.indexOf(" REFERENCES ");
  return definition.slice(0, at) + definition.slice(at).replace(bareToken(old), now);
}

/** The definitions that an object of a table has. */
function texts(one: Record<string, unknown>, change: (text: string) => string): Record<string, unknown> {
  const changed = { ...one };
  for (const field of ["definition", "using", "check", "expression", "predicate"])
    if (typeof changed[field] === "string") changed[field] = change(changed[field] as string);
  return changed;
}

function ownTable(
  table: Table,
  { names, bare, from, to }: { names(columns: string[]): string[]; bare(text: string): string } & Wish,
): Record<string, unknown> {
  const own = <T extends { columns: string[]; include?: string[] }>(one: T): T => ({
    ...(texts(one as unknown as Record<string, unknown>, bare) as unknown as T),
    columns: names(one.columns),
    ...(one.include === undefined ? {} : { include: names(one.include) }),
  });
  const column = (one: Column): Column => ({
    ...one,
    name: one.name === from ? to : one.name,
    ...(one.expression === undefined ? {} : { expression: bare(one.expression) }),
  });
  const keys = table.keys.map((key) => ({
    ...own(key),
    ...(key.index === undefined ? {} : { index: own(key.index) }),
  }));
  const indexes = table.indexes.map((index) => keys.find((key) => key.index?.name === index.name)?.index ?? own(index));
  return {
    ...table,
    columns: table.columns.map(column),
    keys,
    indexes,
    checks: table.checks.map(own),
  } as unknown as Record<string, unknown>;
}

function renameLabel(a: FullSchema, b: FullSchema, { from, to }: Wish): Done {
  for (const [owner, label] of cuts(from)) {
    for (const type of called(a.types, owner)) {
      const twin = b.types.find((one) => one.schema === type.schema && one.name === type.name);
      if (type.kind !== "enum" || twin?.kind !== "enum") continue;
      const target = cuts(to).find(([prefix]) => called([type], prefix).length > 0)?.[1] ?? to;
      if (!type.labels.includes(label) || type.labels.includes(target) || !twin.labels.includes(target)) continue;
      const name = qualified(type.schema, type.name);
      const [old, now] = [label, target].map((text) => quoteLiteral(text).trim());
      const schema = rewritten(
        a,
        (text) => text.replaceAll(`${old}::${name}`, `${now}::${name}`),
        (one) =>
          one === (type as unknown)
            ? { ...one, labels: type.labels.map((text) => (text === label ? target : text)) }
            : one,
      );
      const sql = `ALTER TYPE ${name} RENAME VALUE ${old} TO ${now}`;
      return {
        schema,
        taken: {
          kind: "enum",
          from: `${shown(type.schema, type.name)}.${label}`,
          to: `${shown(type.schema, type.name)}.${target}`,
          sql,
        },
      };
    }
  }
  return undefined;
}

/** Keys, indexes and sequences are often called after the table and the column: they follow where B has the same by another name. */
function followUp(start: FullSchema, b: FullSchema, taken: Taken[]): FullSchema {
  let a = start;
  for (const table of a.tables) {
    const twin = b.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
    if (twin === undefined) continue;
    for (const { kind, from, to } of followers(table, twin)) {
      const relation = qualified(table.schema, table.name);
      const sql =
        kind === "index"
          ? `ALTER INDEX ${qualified(table.schema, from)} RENAME TO ${ident(to)}`
          : `ALTER TABLE ${relation} RENAME CONSTRAINT ${ident(from)} TO ${ident(to)}`;
      taken.push({ kind, from: shown(table.schema, from), to: shown(table.schema, to), sql });
      const [old, now] =
        kind === "index"
          ? [qualified(table.schema, from), qualified(table.schema, to)]
          : [`${relation}.${ident(from)}`, `${relation}.${ident(to)}`];
      const replace = (text: string) =>
        text
          .replace(sqlToken(old), now)
          .replace(new RegExp(`^(CREATE (?:UNIQUE )?INDEX )${escaped(ident(from))} `), `$1${ident(to)} `);
      a = rewritten(a, replace, (one) => (one.name === from && isPartOf(one) ? { ...one, name: to } : one));
    }
  }
  for (const sequence of a.sequences) {
    const { ownedBy } = sequence;
    if (
      ownedBy === undefined ||
      sequence.ofIdentity ||
      b.sequences.some(({ schema, name }) => schema === sequence.schema && name === sequence.name)
    )
      continue;
    const twin = b.sequences.find(
      (one) => JSON.stringify(one.ownedBy) === JSON.stringify(ownedBy) && one.schema === sequence.schema,
    );
    if (
      twin === undefined ||
      twin.ofIdentity ||
      a.sequences.some(({ schema, name }) => schema === twin.schema && name === twin.name)
    )
      continue;
    const done = sequenceRenamed(a, sequence, twin.name);
    a = done.schema;
    taken.push(done.taken);
  }
  return a;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

function isPartOf(one: Record<string, unknown>): boolean {
  return "definition" in one && ("validated" in one || "parts" in one);
}

interface Named {
  name: string;
  definition?: string;
}

function followers(table: Table, twin: Table): { kind: ObjectKind; from: string; to: string }[] {
  const bare = ({ definition = "" }: Named) =>
    definition.replace(/^(CREATE (UNIQUE )?INDEX )("(?:[^"]|"")*"|\S+) /, "$1");
  const pairs = (kind: (one: Named) => ObjectKind, old: Named[], now: Named[]) => {
    const free = now.filter(({ name }) => !old.some((one) => one.name === name));
    return old.flatMap((one) => {
      if (now.some(({ name }) => name === one.name)) return [];
      const at = free.findIndex((other) => bare(other) === bare(one));
      const [found] = at < 0 ? [] : free.splice(at, 1);
      return found === undefined ? [] : [{ kind: kind(one), from: one.name, to: found.name }];
    });
  };
  const alone = ({ indexes, keys }: Table) =>
    indexes.filter(({ name }) => !keys.some(({ index }) => index?.name === name));
  return [
    ...pairs(
      (one) => ("kind" in one ? (one.kind as ObjectKind) : "check"),
      [...table.keys, ...table.checks],
      [...twin.keys, ...twin.checks],
    ),
    ...pairs(() => "index", alone(table), alone(twin)),
  ];
}

/** Pairs that look like one object under two names. */
export function proposeRenames(a: FullSchema, b: FullSchema): Rename[] {
  const shape = (table: Table) =>
    JSON.stringify([table.kind, table.columns.map(({ name, type }) => [name, type]), table.definition ?? ""]);
  const missing = <T extends { schema: string; name: string }>(some: T[], others: T[]) => {
    const names = new Set(others.map(({ schema, name }) => qualified(schema, name)));
    return some.filter(({ schema, name }) => !names.has(qualified(schema, name)));
  };
  const free = missing(b.tables, a.tables);
  const tables = missing(a.tables, b.tables).flatMap((old): Rename[] => {
    const at = free.findIndex(
      (now) => now.schema === old.schema && old.columns.length > 0 && shape(now) === shape(old),
    );
    const [now] = at < 0 ? [] : free.splice(at, 1);
    return now === undefined
      ? []
      : [{ kind: "table", from: shown(old.schema, old.name), to: shown(now.schema, now.name) }];
  });
  const twins = new Map(b.tables.map((table) => [qualified(table.schema, table.name), table]));
  const columns = a.tables.flatMap((table) => proposeColumns(table, twins.get(qualified(table.schema, table.name))));
  return [...tables, ...columns];
}

function proposeColumns(table: Table, twin: Table | undefined): Rename[] {
  if (twin === undefined || table.kind === "view" || table.kind === "materialized view") return [];
  const place = (columns: Column[], column: Column) => columns.indexOf(column);
  return table.columns.flatMap((old): Rename[] => {
    if (twin.columns.some(({ name }) => name === old.name)) return [];
    const now = twin.columns.find(
      (one) =>
        one.type === old.type &&
        place(twin.columns, one) === place(table.columns, old) &&
        !table.columns.some(({ name }) => name === one.name),
    );
    if (now === undefined) return [];
    return [
      {
        kind: "column",
        from: shown(table.schema, table.name, old.name),
        to: shown(table.schema, table.name, now.name),
      },
    ];
  });
}
