import type { Hazard } from "../change.ts";
import type { Check, Index, Key, Table } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import { commentDraft } from "./access.ts";
import { exclusive } from "./column-parts.ts";
import { keyOf } from "./keys.ts";
import { Differences, type Draft, hazardsOn, isPartition, type Node, node, type World } from "./node.ts";
import { afterIndex, compareIndexSettings, share } from "./nodes-indexes.ts";
import { type Adoption, adoptionNeeds } from "./nodes-inheritance.ts";
import { asideHazard, nameAside } from "./online-swap.ts";
import { ident, qualified, shown } from "./quote.ts";
import { optionDrafts } from "./relation-storage.ts";

/** A constraint of any kind with its table. */
interface Placed {
  table: Table;
  name: string;
  definition: string;
  validated: boolean;
  comment: string;
  index?: Index;
  /** The empty parent that brings it. */
  by?: string;
}

/** How it gets along with the parents'. */
interface ConstraintPlace {
  /** Its table stays and is no longer a part of the parent's: what came with that is its own from then on. */
  detached?: boolean;
  /** How it comes to be the parent's only. */
  adoption?: Adoption | undefined;
  /** The same of the parents. */
  above?: ObjectKey[];
}

export function constraintNode(
  world: World,
  table: Table,
  constraint: Key | Check,
  followsParent: boolean,
  { detached = false, adoption, above = [] }: ConstraintPlace = {},
): Node {
  const kind = "kind" in constraint ? constraint.kind : "check";
  const { name, definition = "", validated = true, comment = "" } = constraint;
  const index = "index" in constraint ? constraint.index : undefined;
  const it: Placed = {
    table,
    name,
    definition,
    validated,
    comment,
    ...(index === undefined ? {} : { index }),
    ...(adoption === undefined ? {} : { by: adoption.parent }),
  };
  const relation = keyOf.relation(table.schema, table.name);
  const foreign = kind === "foreign key" && "references" in constraint ? constraint.references : undefined;
  // An index comes with a name of its own; what is a rule only comes with the parent's.
  const theirsOnly = constraint.local === false && index === undefined && adoption === undefined;
  const implied = theirsOnly && (followsParent || (kind === "foreign key" && !detached));
  // Detached it stays when the parent's goes.
  const attached = (followsParent && index?.postgres?.attachedTo) || "";
  // A partition has it before it is attached; a child gets it with INHERITS.
  const theirs = constraint.local === false && !isPartition(table);
  const swappable = kind === "unique" && table.kind === "table" && attached === "" && !implied;
  return node<Placed>({
    key: keyOf.constraint(table.schema, table.name, name),
    kind,
    schema: table.schema,
    title: `${shown(table.schema, table.name)}.${ident(name)}`,
    names: [name, `${table.schema}.${table.name}.${name}`],
    it,
    parents: [
      relation,
      ...(attached === "" ? [] : [attached]),
      ...(constraint.local === false ? above : []),
      ...constraint.columns.map((column) => keyOf.column(table.schema, table.name, column)),
    ],
    needs: [
      relation,
      ...constraint.columns.map((column) => keyOf.column(table.schema, table.name, column)),
      ...adoptionNeeds(table, adoption),
      ...(foreign === undefined
        ? []
        : [
            keyOf.relation(foreign.schema, foreign.table),
            ...foreign.columns.map((column) => keyOf.column(foreign.schema, foreign.table, column)),
          ]),
    ],
    slots: [
      `constraint:${qualified(table.schema, table.name)}.${ident(name)}`,
      ...(index === undefined ? [] : [`class:${qualified(table.schema, index.name)}`]),
    ],
    implied,
    destructive: "drop-constraint",
    line: inlineable(it, kind) ? () => (theirs ? "" : `CONSTRAINT ${ident(name)} ${definition}`) : undefined,
    after: () => afterConstraint(it),
    merges: constraint.local === false ? [] : above,
    create: () => (implied ? [] : [...addConstraint(world, it, kind, foreign), ...afterConstraint(it)]),
    drop: () =>
      implied
        ? []
        : [
            {
              sql: `ALTER TABLE ${only(table, kind)}${qualified(table.schema, table.name)} DROP CONSTRAINT ${ident(name)}`,
              ...hazardsOn(world, relation, exclusive(table)),
            },
          ],
    swap: swappable
      ? {
          aside: () => [
            {
              sql: `ALTER TABLE ${qualified(table.schema, table.name)} RENAME CONSTRAINT ${ident(name)} TO ${ident(nameAside(name))}`,
              hazards: [asideHazard(name), exclusive(table)],
            },
          ],
          end: () => [
            {
              sql: `ALTER TABLE ${qualified(table.schema, table.name)} DROP CONSTRAINT ${ident(nameAside(name))}`,
              hazards: [exclusive(table)],
            },
          ],
        }
      : undefined,
    compare: (a, b) => compareConstraints(world, a, b),
  });
}

/** Foreign tables say ALTER FOREIGN TABLE, which ALTER TABLE understands too; a partitioned table's keys are its own first. */
function only(table: Table, kind: string): string {
  return table.kind === "partitioned" && kind !== "check" && kind !== "foreign key" ? "ONLY " : "";
}

function inlineable(it: Placed, kind: string): boolean {
  return kind !== "foreign key" && it.validated;
}

function addConstraint(world: World, it: Placed, kind: string, foreign: Key["references"]): Draft[] {
  const { table, name, definition } = it;
  const relation = keyOf.relation(table.schema, table.name);
  const alter = `ALTER TABLE ${it.by ?? `${only(table, kind)}${qualified(table.schema, table.name)}`}`;
  const mayFail: Hazard = { name: "may-fail", detail: `rows of ${shown(table.schema, table.name)} that break ${name}` };
  const scan: Hazard = { name: "scans-table", detail: shown(table.schema, table.name) };
  const lock = foreign === undefined ? exclusive(table) : shareRow(table, foreign);
  const add = `${alter} ADD CONSTRAINT ${ident(name)} ${definition}`;
  if (it.index !== undefined) {
    const online =
      world.options.online && kind !== "exclusion" && table.kind === "table" && world.standing.has(relation);
    if (online) return onlineKey(it, alter, mayFail);
    return [{ sql: add, ...hazardsOn(world, relation, mayFail, share(table), exclusive(table)) }];
  }
  const later =
    world.options.online &&
    it.validated &&
    table.kind !== "partitioned" &&
    world.standing.has(relation) &&
    !/NOT ENFORCED$/.test(definition);
  if (!later) return [{ sql: add, ...hazardsOn(world, relation, ...(it.validated ? [mayFail, scan] : []), lock) }];
  const shared: Hazard = { name: "locks", detail: `SHARE UPDATE EXCLUSIVE on ${shown(table.schema, table.name)}` };
  return [
    { sql: `${add} NOT VALID`, hazards: [lock], commitAfter: true },
    { sql: `${alter} VALIDATE CONSTRAINT ${ident(name)}`, hazards: [mayFail, scan, shared] },
  ];
}

function shareRow(table: Table, foreign: NonNullable<Key["references"]>): Hazard {
  const both = `${shown(table.schema, table.name)} and ${shown(foreign.schema, foreign.table)}`;
  return { name: "locks", detail: `SHARE ROW EXCLUSIVE on ${both}` };
}

/** The index first, while others write; a constraint on a finished index takes a moment. */
function onlineKey({ table, name, definition, index }: Placed, alter: string, mayFail: Hazard): Draft[] {
  const primary = definition.startsWith("PRIMARY KEY");
  const end = / (DEFERRABLE.*|NOT DEFERRABLE.*)$/.exec(definition)?.[0] ?? "";
  const built = (index?.definition ?? "").replace(/^CREATE UNIQUE INDEX/, "CREATE UNIQUE INDEX CONCURRENTLY");
  return [
    {
      sql: built,
      transactional: false,
      hazards: [mayFail, { name: "no-transaction", detail: "CREATE INDEX CONCURRENTLY" }],
    },
    {
      sql: `${alter} ADD CONSTRAINT ${ident(name)} ${primary ? "PRIMARY KEY" : "UNIQUE"} USING INDEX ${ident(index?.name ?? "")}${end}`,
      hazards: [exclusive(table)],
    },
  ];
}

function afterConstraint({ table, name, comment, index }: Placed): Draft[] {
  const drafts = index === undefined ? [] : afterIndex(table, index);
  // The constraint's definition doesn't tell them.
  if (index !== undefined)
    drafts.unshift(
      ...optionDrafts({ sqlName: `INDEX ${qualified(table.schema, index.name)}` }, {}, index.options ?? {}).drafts,
    );
  if (comment !== "")
    drafts.push(commentDraft(`CONSTRAINT ${ident(name)} ON ${qualified(table.schema, table.name)}`, comment));
  return drafts;
}

function compareConstraints(world: World, a: Placed, b: Placed) {
  const found = new Differences();
  const bare = (definition: string) => definition.replace(/ NOT VALID$/, "");
  const relation = keyOf.relation(b.table.schema, b.table.name);
  const name = ident(b.name);
  if (bare(a.definition) !== bare(b.definition)) found.anew("definition", a.definition, b.definition);
  else if (!a.validated && b.validated) {
    const scan: Hazard[] = [
      { name: "may-fail", detail: `rows of ${shown(b.table.schema, b.table.name)} that break ${b.name}` },
      { name: "scans-table", detail: shown(b.table.schema, b.table.name) },
    ];
    found.note("validated", "no", "yes", {
      sql: `ALTER TABLE ${qualified(b.table.schema, b.table.name)} VALIDATE CONSTRAINT ${name}`,
      ...hazardsOn(world, relation, ...scan),
    });
  } else if (a.validated && !b.validated) found.anew("validated", "yes", "no");
  if (found.replace) return found;
  if (a.index !== undefined && b.index !== undefined) {
    const named = { sqlName: `INDEX ${qualified(b.table.schema, b.index.name)}` };
    found.join(optionDrafts(named, a.index.options ?? {}, b.index.options ?? {}));
    compareIndexSettings(found, b.table, { a: a.index, b: b.index, tables: [a.table, b.table] });
  }
  found.note(
    "comment",
    a.comment,
    b.comment,
    commentDraft(`CONSTRAINT ${name} ON ${qualified(b.table.schema, b.table.name)}`, b.comment),
  );
  return found;
}
