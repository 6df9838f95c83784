import type { Hazard } from "../change.ts";
import type { Check, Index, Key, Table } from "../model.ts";
import type { ObjectKey, Statistics } from "../model-objects.ts";
import { commentDraft, describeChange, describeNew } from "./access.ts";
import { keyOf } from "./keys.ts";
import {
  Differences,
  type Draft,
  hazardsOn,
  isPartition,
  type Node,
  node,
  textWords,
  versionOf,
  type World,
} from "./node.ts";
import { exclusive } from "./nodes-columns.ts";
import { type Adoption, adoptionNeeds } from "./nodes-inheritance.ts";
import { nameIn, optionDrafts } from "./nodes-relations.ts";
import { ident, qualified, shown } from "./quote.ts";

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

const share = (table: { schema: string; name: string }): Hazard => ({
  name: "blocks-writes",
  detail: `writes to ${shown(table.schema, table.name)} wait until the index is built`,
});

/** How a check gets along with the parents'. */
interface CheckPlace {
  /** How it comes to be the parent's only. */
  adoption?: Adoption | undefined;
  /** Those of the parents that it is merged with. */
  merges?: ObjectKey[];
}

export function constraintNode(
  world: World,
  table: Table,
  constraint: Key | Check,
  followsParent: boolean,
  { adoption, merges = [] }: CheckPlace = {},
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
  const implied = theirsOnly && (followsParent || kind === "foreign key");
  // Detached it stays when the parent's goes.
  const attached = (followsParent && index?.postgres?.attachedTo) || "";
  // A partition has it before it is attached; a child gets it with INHERITS.
  const theirs = constraint.local === false && !isPartition(table);
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
    merges,
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

interface PlacedIndex {
  table: Table;
  index: Index;
}

export function indexNode(world: World, table: Table, index: Index, followsParent: boolean): Node {
  const relation = keyOf.relation(table.schema, table.name);
  const attached = (followsParent && index.postgres?.attachedTo) || "";
  const name = qualified(table.schema, index.name);
  const concurrent = world.options.online && table.kind !== "partitioned";
  const columns =
    table.kind === "materialized view"
      ? []
      : [...index.columns, ...(index.include ?? [])].map((column) => keyOf.column(table.schema, table.name, column));
  return node<PlacedIndex>({
    key: keyOf.index(table.schema, index.name),
    kind: "index",
    schema: table.schema,
    title: shown(table.schema, index.name),
    names: [index.name, `${table.schema}.${table.name}.${index.name}`],
    it: { table, index },
    parents: [relation, ...(attached === "" ? [] : [attached]), ...columns],
    needs: [relation, ...columns],
    slots: [`class:${name}`],
    destructive: "drop-index",
    create: () => [createIndex(world, table, index), ...afterIndex(table, index)],
    drop: () =>
      concurrent && world.standing.has(relation)
        ? [
            {
              sql: `DROP INDEX CONCURRENTLY ${name}`,
              transactional: false,
              hazards: [{ name: "no-transaction", detail: "DROP INDEX CONCURRENTLY" }],
            },
          ]
        : [{ sql: `DROP INDEX ${name}`, ...hazardsOn(world, relation, exclusive(table)) }],
    compare: (a, b) => compareIndexes(a, b),
  });
}

function createIndex(world: World, table: Table, index: Index): Draft {
  const relation = keyOf.relation(table.schema, table.name);
  const definition = index.definition ?? "";
  const standing = world.standing.has(relation) && table.kind !== "partitioned";
  const mayFail: Hazard[] = index.unique
    ? [{ name: "may-fail", detail: `rows of ${shown(table.schema, table.name)} that are alike for ${index.name}` }]
    : [];
  if (world.options.online && standing)
    return {
      sql: definition.replace(/^CREATE (UNIQUE )?INDEX/, "CREATE $1INDEX CONCURRENTLY"),
      transactional: false,
      hazards: [
        ...mayFail,
        {
          name: "no-transaction",
          detail: "CREATE INDEX CONCURRENTLY; when it fails it leaves an invalid index to be dropped",
        },
      ],
    };
  return { sql: definition, ...(standing ? { hazards: [...mayFail, share(table)] } : {}) };
}

/** What only ALTER says of an index: statistics, and that its table is ordered or identified by it. */
function afterIndex(table: Table, index: Index): Draft[] {
  const drafts: Draft[] = [];
  const name = qualified(table.schema, index.name);
  for (const [column, target] of Object.entries(index.postgres?.statistics ?? {}))
    drafts.push({ sql: `ALTER INDEX ${name} ALTER COLUMN ${column} SET STATISTICS ${target}` });
  if (index.comment) drafts.push(commentDraft(`INDEX ${name}`, index.comment));
  const kind = table.kind === "materialized view" ? "MATERIALIZED VIEW" : "TABLE";
  if (table.postgres?.clusteredOn === index.name)
    drafts.push({ sql: `ALTER ${kind} ${qualified(table.schema, table.name)} CLUSTER ON ${ident(index.name)}` });
  if (table.postgres?.replicaIdentity === `index ${index.name}`)
    drafts.push({
      sql: `ALTER TABLE ONLY ${qualified(table.schema, table.name)} REPLICA IDENTITY USING INDEX ${ident(index.name)}`,
    });
  return drafts;
}

function compareIndexes(a: PlacedIndex, b: PlacedIndex) {
  const found = new Differences();
  const bare = ({ definition = "" }: Index) => definition.replace(/ WITH \([^)]*\)/, "");
  if (bare(a.index) !== bare(b.index)) found.anew("definition", a.index.definition, b.index.definition);
  else if (a.index.postgres?.valid === false && b.index.postgres?.valid && b.table.kind !== "partitioned")
    found.anew("valid", "no", "yes");
  if (found.replace) return found;
  const named = { sqlName: `INDEX ${qualified(b.table.schema, b.index.name)}` };
  found.join(optionDrafts(named, a.index.options ?? {}, b.index.options ?? {}));
  compareIndexSettings(found, b.table, { a: a.index, b: b.index, tables: [a.table, b.table] });
  return found;
}

function compareIndexSettings(
  found: Differences,
  table: Table,
  { a, b, tables }: { a: Index; b: Index; tables: [Table, Table] },
): void {
  const name = qualified(table.schema, b.name);
  found.note(
    "tablespace",
    a.postgres?.tablespace,
    b.postgres?.tablespace,
    `ALTER INDEX ${name} SET TABLESPACE ${ident(b.postgres?.tablespace || "pg_default")}`,
  );
  const [old, now] = [a.postgres?.statistics ?? {}, b.postgres?.statistics ?? {}];
  for (const column of new Set([...Object.keys(old), ...Object.keys(now)]))
    found.note(
      `statistics of part ${column}`,
      String(old[column] ?? -1),
      String(now[column] ?? -1),
      `ALTER INDEX ${name} ALTER COLUMN ${column} SET STATISTICS ${now[column] ?? -1}`,
    );
  found.note("comment", a.comment, b.comment, commentDraft(`INDEX ${name}`, b.comment ?? ""));
  const [before, after] = tables.map(({ postgres }) => postgres);
  const kind = table.kind === "materialized view" ? "MATERIALIZED VIEW" : "TABLE";
  if (after?.clusteredOn === b.name && before?.clusteredOn !== b.name)
    found.note(
      "table is clustered on it",
      "no",
      "yes",
      `ALTER ${kind} ${qualified(table.schema, table.name)} CLUSTER ON ${ident(b.name)}`,
    );
  const identity = `index ${b.name}`;
  if (after?.replicaIdentity === identity && before?.replicaIdentity !== identity)
    found.note(
      "replica identity",
      before?.replicaIdentity,
      identity,
      `ALTER TABLE ONLY ${qualified(table.schema, table.name)} REPLICA IDENTITY USING INDEX ${ident(b.name)}`,
    );
}

/** An index of a partition as a part of the partitioned one. */
export function attachmentNode(table: Table, index: Index): Node {
  const own = index.postgres?.constraint
    ? keyOf.constraint(table.schema, table.name, index.postgres.constraint)
    : keyOf.index(table.schema, index.name);
  const parent = index.postgres?.attachedTo ?? "";
  const partition = keyOf.partition(table.schema, table.name);
  // A constraint's index is called as the constraint, in the schema of the table.
  const parentIndex = parent.startsWith("constraint:") ? constraintIndex(parent) : nameIn(parent);
  return node<string>({
    key: `attachment:${qualified(table.schema, index.name)}`,
    kind: "index",
    schema: table.schema,
    title: `${shown(table.schema, index.name)} as part of ${parentIndex}`,
    it: parent,
    parents: [own, parent, partition],
    needs: [own, parent, partition],
    create: `ALTER INDEX ${parentIndex} ATTACH PARTITION ${qualified(table.schema, index.name)}`,
    drop: () => [],
    compare: (a, b) => (a === b ? undefined : { words: [`part of: ${a} → ${b}`], replace: true }),
  });
}

/** `constraint:public.t.t_pkey` → `public.t_pkey`. */
function constraintIndex(key: string): string {
  const [schema = "", , name = ""] = [...nameIn(key).matchAll(/"(?:[^"]|"")*"|[^.]+/g)].map(([part]) => part);
  return `${schema}.${name}`;
}

export function statisticsNode(world: World, it: Statistics): Node {
  const name = qualified(it.schema, it.name);
  const named = { sqlName: `STATISTICS ${name}`, schema: it.schema };
  const target = (statistics: Statistics) => (statistics.target < 0 ? "" : String(statistics.target));
  return node<Statistics>({
    key: keyOf.statistics(it.schema, it.name),
    kind: "statistics",
    schema: it.schema,
    title: shown(it.schema, it.name),
    it,
    parents: [it.table],
    needs: [it.table, keyOf.schema(it.schema)],
    slots: [`statistics:${name}`],
    destructive: "drop-statistics",
    create: () => [
      { sql: it.definition },
      ...(it.target < 0 ? [] : [{ sql: `ALTER STATISTICS ${name} SET STATISTICS ${it.target}` }]),
      ...describeNew(world, named, it),
    ],
    drop: `DROP STATISTICS ${name}`,
    compare: (a, b) => {
      const found = new Differences();
      // The server writes columns in the table's order.
      const parts = ({ definition }: Statistics) => definition.split(/,? /).sort().join(" ");
      if (parts(a) !== parts(b)) {
        found.words.push(...textWords("definition", a.definition, b.definition));
        found.replace = true;
        return found;
      }
      found.note(
        "statistics target",
        target(a),
        target(b),
        `ALTER STATISTICS ${name} SET STATISTICS ${b.target < 0 ? (versionOf(world) >= 17 ? "DEFAULT" : "-1") : b.target}`,
      );
      found.join(describeChange(world, named, a, b));
      return found;
    },
  });
}
