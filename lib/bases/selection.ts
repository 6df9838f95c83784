import { DittoError, usageError } from "../kit/errors.ts";
import { holdsRows, isOfUser, type Key, qualifiedName, type Schema, type Table } from "../schema/model.ts";
import type { Selection } from "./build.ts";
import { excludedPatterns } from "./excluded-extensions.ts";

/** What the selection means for the tables that are there. */
export interface Chosen {
  /** Neither definition nor rows are taken; `dragged` are in it. */
  left: Table[];
  /** Views that nobody named and that go because they read what is left out. */
  dragged: Table[];
  /** The definition is taken, the rows aren't. */
  emptied: Table[];
  /** Only rows that meet the condition. */
  filtered: { table: Table; condition: string }[];
  /** All rows. */
  whole: Table[];
}

/** Applies a selection. Throws exit 2 for a name that matches nothing, and `BROKEN_KEYS` for foreign keys that could not be made. */
export function choose(schema: Schema, selection: Selection): Chosen {
  const excludedExtensions = excludedPatterns(selection.excludeExtensions);
  const tables = schema.tables.filter(
    (table) =>
      isOfUser(table) && !(table.extension && excludedExtensions.some(({ glob }) => glob.match(table.extension))),
  );
  const family = new Family(tables);
  const find = (patterns: string[], key: string) =>
    family.withDescendants(patterns.flatMap((pattern) => matching(tables, pattern, key)));
  const wanted = find(selection.tables, "tables");
  const ancestors = family.ancestors(wanted);
  const excluded = find(selection.excludeTables, "exclude_tables");
  const emptied = find(selection.excludeTableData, "exclude_table_data");
  const conditions = new Map<Table, string>();
  for (const [pattern, condition] of Object.entries(selection.rows)) {
    for (const table of find([pattern], "rows")) conditions.set(table, condition);
  }
  const unwanted = (table: Table) => wanted.size > 0 && !wanted.has(table) && !isView(table);
  // An extension brings its tables along, whatever becomes of their rows.
  const named = tables.filter(
    (table) => table.extension === "" && (excluded.has(table) || (unwanted(table) && !ancestors.has(table))),
  );
  const dragged = viewsOf(tables, named);
  const left = new Set([...named, ...dragged]);
  const chosen: Chosen = { left: [...left], dragged, emptied: [], filtered: [], whole: [] };
  for (const table of tables) {
    const condition = conditions.get(table);
    if (left.has(table) || !holdsRows(table)) continue;
    // An inherited parent is only there to be inherited from.
    if (emptied.has(table) || excluded.has(table) || unwanted(table)) chosen.emptied.push(table);
    else if (condition !== undefined)
      chosen.filtered.push({
        table,
        condition: table.configuration === undefined ? condition : `(${condition}\n) AND (${table.configuration}\n)`,
      });
    else chosen.whole.push(table);
  }
  refuseBrokenKeys(chosen, tables, family);
  return chosen;
}

function isView(table: Table): boolean {
  return table.kind === "view" || table.kind === "materialized view";
}

/** Views that read one of these tables, directly or through other views. */
function viewsOf(tables: Table[], left: Table[]): Table[] {
  const gone = new Set(left.map(qualifiedName));
  const found: Table[] = [];
  for (let grown = true; grown; ) {
    const more = tables.filter(
      (table) => !gone.has(qualifiedName(table)) && table.needs?.some((name) => gone.has(name)),
    );
    for (const table of more) gone.add(qualifiedName(table));
    found.push(...more);
    grown = more.length > 0;
  }
  return found;
}

/** Partitions and inheritance, by `schema.name`. */
class Family {
  readonly #children = new Map<string, Table[]>();
  readonly #byName: Map<string, Table>;

  constructor(tables: Table[]) {
    this.#byName = new Map(tables.map((table) => [qualifiedName(table), table]));
    for (const table of tables) {
      for (const parent of table.parents) this.#children.set(parent, [...(this.#children.get(parent) ?? []), table]);
    }
  }

  withDescendants(tables: Iterable<Table>): Set<Table> {
    return grow(tables, (table) => this.#children.get(qualifiedName(table)) ?? []);
  }

  ancestors(tables: Iterable<Table>): Set<Table> {
    return grow(tables, (table) => table.parents.flatMap((name) => this.#byName.get(name) ?? []));
  }
}

function grow(from: Iterable<Table>, next: (table: Table) => Table[]): Set<Table> {
  const found = new Set(from);
  for (const table of found) for (const other of next(table)) found.add(other);
  return found;
}

/** Tables that a name means, plain, with its schema, or quoted as in SQL; where none has that very name, a glob. */
function matching(tables: Table[], pattern: string, key: string): Table[] {
  const plain = /^"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?$/.test(pattern)
    ? pattern.slice(1, -1).replaceAll('"."', ".").replaceAll('""', '"')
    : pattern;
  const exact = tables.filter((table) => table.name === plain || qualifiedName(table) === plain);
  if (exact.length > 0) return exact;
  // Bun's globs are for paths: "*" stops at "/".
  const glob = new Bun.Glob(pattern.replaceAll("/", "\u2215"));
  const found = tables.filter((table) =>
    [table.name, qualifiedName(table)].some((name) => glob.match(name.replaceAll("/", "\u2215"))),
  );
  if (found.length > 0) return found;
  throw usageError(
    `Cannot use "${pattern}" of dump.${key}: the source has no such table`,
    `The source has ${tables.map(qualifiedName).slice(0, 8).join(", ")}${tables.length > 8 ? ", …" : ""}`,
  );
}

function refuseBrokenKeys(chosen: Chosen, tables: Table[], family: Family): void {
  // A partitioned table lacks rows as soon as one of its partitions does.
  const left = new Set(chosen.left.map(qualifiedName));
  const gone = new Set([...chosen.left, ...chosen.emptied]);
  const lacking = new Set(
    [...family.ancestors(gone)].filter((table) => gone.has(table) || table.kind === "partitioned").map(qualifiedName),
  );
  const holdsNothing = (table: Table) =>
    (table.kind === "partitioned" ? [...family.withDescendants([table])].filter(holdsRows) : [table]).every((part) =>
      gone.has(part),
    );
  const broken: string[] = [];
  const referencing = new Set<string>();
  for (const table of tables) {
    const name = qualifiedName(table);
    if (left.has(name)) continue;
    for (const key of table.keys) {
      const target = targetOf(key);
      if (target === undefined || target === name) continue;
      if (left.has(target)) broken.push(`${name}.${key.name} → ${target} (left out)`);
      // One that isn't validated may be broken on the source as well.
      else if (key.validated && lacking.has(target) && !holdsNothing(table))
        broken.push(`${name}.${key.name} → ${target} (without rows)`);
      else continue;
      referencing.add(name);
    }
  }
  if (broken.length === 0) return;
  throw new DittoError(
    `Cannot leave these tables out: foreign keys of other tables would break: ${broken.join(", ")}`,
    {
      code: "BROKEN_KEYS",
      exit: 2,
      hint: `Leave out the rows of ${[...referencing].join(", ")} as well (dump.exclude_table_data), or the tables themselves (dump.exclude_tables)`,
    },
  );
}

function targetOf(key: Key): string | undefined {
  return key.references && `${key.references.schema}.${key.references.table}`;
}
