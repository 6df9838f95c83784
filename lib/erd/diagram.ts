import { holdsRows, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import { nameGroups } from "./groups.ts";

/** What is drawn: entities in the order of their names, relations in the order of what they join. */
export interface Diagram {
  engine: Schema["engine"];
  database: string;
  entities: Entity[];
  relations: Relation[];
  /** N-M relations, as the join tables make them. */
  manyToMany: ManyToMany[];
  /** Tables that were left out by `--schema` or `--table`. */
  hidden: number;
}

/** How something differs from what it was drawn against. */
export type Change = "added" | "removed" | "changed";

export interface Entity {
  /** `schema.name`; unique. */
  id: string;
  schema: string;
  name: string;
  kind: Table["kind"];
  comment: string;
  fields: Field[];
  /** Of a partitioned table. */
  partitions: number;
  /** The schema, or the name of the cluster's most connected table where there is one schema only. */
  group: string;
  /** A table that does little but join two others. */
  joins: boolean;
  change?: Change;
}

export interface Field {
  name: string;
  /** Short, as people write it: `varchar(100)`. */
  type: string;
  nullable: boolean;
  primary: boolean;
  foreign: boolean;
  /** Unique by itself. */
  unique: boolean;
  default: string;
  comment: string;
  change?: Change;
}

/** How many rows of one side stand beside a row of the other. */
export type Cardinality = "1" | "0..1" | "0..n";

/** A foreign key, from the child to its parent. */
export interface Relation {
  name: string;
  child: string;
  childColumns: string[];
  parent: string;
  parentColumns: string[];
  /** Children beside a parent: `0..1` where the foreign key is unique. */
  children: Cardinality;
  /** Parents beside a child: `1` where the foreign key can't be NULL. */
  parents: Cardinality;
  change?: Change;
}

export interface ManyToMany {
  left: string;
  right: string;
  through: string;
}

/** Which tables are drawn. */
export interface DiagramWish {
  /** Only these schemas; all by default. */
  schemas?: string[];
  /** Only this table (`name` or `schema.name`) and what is at most `depth` foreign keys away. */
  table?: string;
  depth?: number;
}

/** Draws up what a schema's tables are and how they hang together; the same schema gives the same diagram. */
export function diagramOf(schema: Schema, wish: DiagramWish = {}): Diagram {
  const tables = schema.tables.filter(isDrawn).sort((a, b) => order(qualifiedName(a), qualifiedName(b)));
  const relations = relationsAmong(schema.tables, new Set(tables.map(qualifiedName)));
  const kept = keptTables(tables, relations, wish);
  const shown = relations.filter(({ child, parent }) => kept.has(child) && kept.has(parent));
  const groups = nameGroups(tables, relations);
  const byChild = Map.groupBy(relations, ({ child }) => child);
  const parts = Map.groupBy(
    schema.tables.filter(({ kind }) => kind === "partition"),
    ({ parents }) => parents[0] ?? "",
  );
  const entities = tables
    .filter((table) => kept.has(qualifiedName(table)))
    .map((table) => {
      const group = groups.get(qualifiedName(table)) ?? table.schema;
      const foreign = byChild.get(qualifiedName(table))?.flatMap(({ childColumns }) => childColumns) ?? [];
      return entityOf(table, { group, foreign, partitions: partitionsOf(table, parts).length });
    });
  const links = Map.groupBy(shown, ({ child }) => child);
  const manyToMany = entities.flatMap((entity) => joinedBy(entity, links.get(entity.id) ?? []));
  const joining = new Set(manyToMany.map(({ through }) => through));
  return {
    engine: schema.engine,
    database: schema.database,
    entities: entities.map((entity) => ({ ...entity, joins: joining.has(entity.id) })),
    relations: shown,
    manyToMany,
    hidden: tables.length - kept.size,
  };
}

/** Partitions are their parents; views show what tables hold. */
function isDrawn(table: Table): boolean {
  const table_ = holdsRows(table) || table.kind === "partitioned" || table.kind === "foreign table";
  return table_ && table.kind !== "partition" && table.extension === "";
}

/** By code points, whatever the machine's language is. */
export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function relationsAmong(all: Table[], known: Set<string>): Relation[] {
  const tables = new Map(all.map((table) => [qualifiedName(table), table]));
  const root = (id: string): string => {
    const table = tables.get(id);
    return table?.kind === "partition" && table.parents[0] !== undefined ? root(table.parents[0]) : id;
  };
  const relations = all.flatMap((table) => relationsOf(table, root));
  const found = new Map(relations.map((relation) => [relationKey(relation), relation]));
  return [...found.values()]
    .filter(({ child, parent }) => known.has(child) && known.has(parent))
    .sort((a, b) => order(relationKey(a), relationKey(b)));
}

/** By what it joins: every partition has the same foreign key, under a name of its own. */
export function relationKey({ child, childColumns, parent, parentColumns }: Relation): string {
  return JSON.stringify([child, childColumns, parent, parentColumns]);
}

/** A table's foreign keys, to and from partitions as if those were what they are parts of. */
function relationsOf(table: Table, root: (id: string) => string): Relation[] {
  return table.keys.flatMap((key) => {
    if (!key.references) return [];
    const { schema, table: name, columns } = key.references;
    const optional = key.columns.some((column) => columnOf(table, column)?.nullable);
    return [
      {
        name: key.name,
        child: root(qualifiedName(table)),
        childColumns: key.columns,
        parent: root(qualifiedName({ schema, name })),
        parentColumns: columns,
        children: isUnique(table, key.columns) ? ("0..1" as const) : ("0..n" as const),
        parents: optional ? ("0..1" as const) : ("1" as const),
      },
    ];
  });
}

function columnOf(table: Table, name: string) {
  return table.columns.find((column) => column.name === name);
}

/** True when no two rows have the same values in these columns: some unique key asks for no more than they are. */
function isUnique(table: Table, columns: string[]): boolean {
  const within = (names: string[]) => names.length > 0 && names.every((name) => columns.includes(name));
  return uniqueKeys(table).some(within);
}

function uniqueKeys(table: Table): string[][] {
  const keys = table.keys.filter(({ kind }) => kind === "primary key" || kind === "unique");
  // Over expressions or a part of the rows it says nothing of columns.
  const plain = table.indexes.filter(
    ({ unique, predicate, parts }) => unique && !predicate && !parts?.some(({ expression }) => expression),
  );
  return [...keys.map(({ columns }) => columns), ...plain.map(({ columns }) => columns)];
}

/** `parts`: partitions by their parent. Those that are themselves divided are not where rows are. */
function partitionsOf(table: Table, parts: Map<string, Table[]>): Table[] {
  return (parts.get(qualifiedName(table)) ?? []).flatMap((part) => {
    const below = partitionsOf(part, parts);
    return below.length > 0 ? below : [part];
  });
}

function entityOf(
  table: Table,
  { group, foreign, partitions }: { group: string; foreign: string[]; partitions: number },
): Entity {
  const id = qualifiedName(table);
  const primary = table.keys.find(({ kind }) => kind === "primary key")?.columns ?? [];
  const alone = new Set(uniqueKeys(table).flatMap((columns) => (columns.length === 1 ? columns : [])));
  return {
    id,
    schema: table.schema,
    name: table.name,
    kind: table.kind,
    comment: table.comment ?? "",
    fields: [...table.columns]
      .sort((a, b) => a.position - b.position)
      .map((column) => ({
        name: column.name,
        type: shortType(column.type, table.schema),
        nullable: column.nullable,
        primary: primary.includes(column.name),
        foreign: foreign.includes(column.name),
        unique: alone.has(column.name) && !(primary.length === 1 && primary[0] === column.name),
        default: column.default ?? "",
        comment: column.comment,
      })),
    partitions,
    group,
    joins: false,
  };
}

const SHORTER: [RegExp, string][] = [
  [/^character varying/, "varchar"],
  [/^character(?=\(|$)/, "char"],
  [/^timestamp(\(\d+\))? with time zone/, "timestamptz$1"],
  [/^timestamp(\(\d+\))? without time zone/, "timestamp$1"],
  [/^time(\(\d+\))? with time zone/, "timetz$1"],
  [/^time(\(\d+\))? without time zone/, "time$1"],
  [/^double precision/, "double"],
];

/** A type of the table's own schema is written without it. */
function shortType(full: string, schema: string): string {
  const type = full.startsWith(`${schema}.`) ? full.slice(schema.length + 1) : full;
  const found = SHORTER.find(([long]) => long.test(type));
  const short = found ? type.replace(found[0], found[1]) : type;
  // The labels of MySQL's enums would fill the page.
  return short.replace(/^(enum|set)\(.{40,}\)$/s, "$1(…)");
}

function keptTables(tables: Table[], relations: Relation[], { schemas, table, depth = 1 }: DiagramWish): Set<string> {
  const ids = tables.filter(({ schema }) => !schemas?.length || schemas.includes(schema)).map(qualifiedName);
  if (table === undefined) return new Set(ids);
  const allowed = new Set(ids);
  const start = tables.filter((one) => one.name === table || qualifiedName(one) === table).map(qualifiedName);
  let kept = new Set(start.filter((id) => allowed.has(id)));
  for (let step = 0; step < depth; step++) {
    const beside = relations.flatMap(({ child, parent }) =>
      kept.has(child) ? [parent] : kept.has(parent) ? [child] : [],
    );
    kept = new Set([...kept, ...beside.filter((id) => allowed.has(id))]);
  }
  return kept;
}

/** A table whose key is made of two foreign keys makes an N-M relation. */
function joinedBy({ id, fields }: Entity, own: Relation[]): ManyToMany[] {
  const key = fields.filter(({ primary }) => primary).map(({ name }) => name);
  for (const [at, left] of own.entries()) {
    for (const right of own.slice(at + 1)) {
      const columns = new Set([...left.childColumns, ...right.childColumns]);
      const exact = key.length === columns.size && key.every((name) => columns.has(name));
      if (exact && key.length === left.childColumns.length + right.childColumns.length) {
        return [{ left: left.parent, right: right.parent, through: id }];
      }
    }
  }
  return [];
}
