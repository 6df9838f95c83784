import type { Hazard } from "../change.ts";
import type { Index, Table } from "../model.ts";
import type { Statistics } from "../model-objects.ts";
import { commentDraft, describeChange, describeNew } from "./access.ts";
import { exclusive } from "./column-parts.ts";
import { keyOf, nameIn } from "./keys.ts";
import { Differences, type Draft, hazardsOn, type Node, node, textWords, versionOf, type World } from "./node.ts";
import { asideHazard, nameAside } from "./online-swap.ts";
import { ident, qualified, shown } from "./quote.ts";
import { optionDrafts } from "./relation-storage.ts";

export const share = (table: { schema: string; name: string }): Hazard => ({
  name: "blocks-writes",
  detail: `writes to ${shown(table.schema, table.name)} wait until the index is built`,
});

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
  const dropped = (old: string): Draft[] =>
    concurrent && world.standing.has(relation)
      ? [
          {
            sql: `DROP INDEX CONCURRENTLY ${old}`,
            transactional: false,
            hazards: [{ name: "no-transaction", detail: "DROP INDEX CONCURRENTLY" }],
          },
        ]
      : [{ sql: `DROP INDEX ${old}`, ...hazardsOn(world, relation, exclusive(table)) }];
  const aside = nameAside(index.name);
  const swappable = concurrent && attached === "" && index.postgres?.valid !== false;
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
    drop: () => dropped(name),
    swap: swappable
      ? {
          aside: () => [{ sql: `ALTER INDEX ${name} RENAME TO ${ident(aside)}`, hazards: [asideHazard(index.name)] }],
          end: () => dropped(qualified(table.schema, aside)),
        }
      : undefined,
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
export function afterIndex(table: Table, index: Index): Draft[] {
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

export function compareIndexSettings(
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
