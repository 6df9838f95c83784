import type { Column, Table } from "../model.ts";
import type { FullSchema, ObjectKey, Trigger } from "../model-objects.ts";
import { keyOf, nameIn, parentsOf } from "./keys.ts";
import { isPartition, type Node, type World } from "./node.ts";
import { extensionNode, routineNode, schemaNode, triggerNode } from "./nodes-code.ts";
import { columnNode, defaultNode } from "./nodes-columns.ts";
import { constraintNode } from "./nodes-constraints.ts";
import { domainCheckNode, domainDefaultNode } from "./nodes-domain-checks.ts";
import { attachmentNode, indexNode, statisticsNode } from "./nodes-indexes.ts";
import {
  adoptionNodes,
  adoptionOf,
  heirsIn,
  isPointedAt,
  leavesHeirs,
  localityNode,
  sameAbove,
} from "./nodes-inheritance.ts";
import { otherNode, publicationNodes } from "./nodes-others.ts";
import { parentNode, typingNode } from "./nodes-parents.ts";
import { defaultPrivilegesNode, systemPrivilegesNode } from "./nodes-privileges.ts";
import { relationNode } from "./nodes-relations.ts";
import { policyNode, ruleNode } from "./nodes-rules.ts";
import { ownershipNode, sequenceNode } from "./nodes-sequences.ts";
import { typeNode } from "./nodes-types.ts";

import { ident } from "./quote.ts";

export type Nodes = Map<ObjectKey, Node>;

/** Every object of a schema; `other` is the one it is compared with. */
export function nodesOf(world: World, schema: FullSchema, other: FullSchema): Nodes {
  const nodes: Nodes = new Map();
  const add = (...some: Node[]) => {
    for (const one of some) nodes.set(one.key, one);
  };
  for (const one of schema.schemas) add(schemaNode(world, one));
  for (const one of schema.extensions) add(extensionNode(world, one));
  for (const one of schema.types) {
    add(typeNode(world, one));
    if (one.kind !== "domain") continue;
    for (const check of one.checks) add(domainCheckNode(one, check));
    if (one.default !== undefined) add(domainDefaultNode(one));
  }
  const twins = new Map(other.tables.map((table) => [keyOf.relation(table.schema, table.name), table]));
  const tables = new Map(schema.tables.map((table) => [keyOf.relation(table.schema, table.name), table]));
  const heirs = heirsIn(schema.tables);
  for (const [key, table] of tables)
    add(...tableNodes(world, table, { tables, others: twins, heirs, ofA: schema === world.a, twin: twins.get(key) }));
  orderPersistence(nodes, schema, twins);
  for (const one of schema.sequences) {
    add(sequenceNode(world, one));
    if (one.ownedBy !== undefined && !one.ofIdentity) add(ownershipNode(world, one, one.ownedBy));
  }
  for (const one of schema.statistics) add(statisticsNode(world, one));
  for (const one of schema.routines) add(routineNode(world, one));
  for (const one of schema.triggers) {
    const kind = tables.get(keyOf.relation(one.schema, one.table))?.kind;
    const above = one.local === false ? enabledAbove(schema, tables, one) : "";
    add(triggerNode(world, one, { keyword: kind === "foreign table" ? "FOREIGN TABLE" : "TABLE", above }));
  }
  for (const one of schema.rules) add(ruleNode(one));
  for (const one of schema.policies) add(policyNode(world, one));
  for (const one of schema.others) add(otherNode(world, one));
  for (const one of schema.postgres?.publications ?? []) add(...publicationNodes(world, one));
  for (const one of schema.postgres?.defaultPrivileges ?? []) add(defaultPrivilegesNode(world, one));
  for (const one of schema.postgres?.systemPrivileges ?? []) add(systemPrivilegesNode(world, one));
  addNeeds(nodes, schema);
  return nodes;
}

/** How a partition's trigger fires unless it is told otherwise: as the one that it came with. */
function enabledAbove(
  { triggers }: FullSchema,
  tables: Map<ObjectKey, Table>,
  { schema, table, name }: Trigger,
): string {
  const parents = tables.get(keyOf.relation(schema, table))?.postgres?.parents ?? [];
  const above = triggers.find((one) => one.name === name && parents.includes(keyOf.relation(one.schema, one.table)));
  return above?.enabled ?? "";
}

interface Surroundings {
  tables: Map<ObjectKey, Table>;
  /** Those of the other schema. */
  others: Map<ObjectKey, Table>;
  heirs: Map<ObjectKey, Table[]>;
  ofA: boolean;
  /** The table of the same name in the other schema. */
  twin: Table | undefined;
}

function tableNodes(world: World, table: Table, surroundings: Surroundings): Node[] {
  const { tables, others, heirs, ofA, twin } = surroundings;
  const nodes = [relationNode(world, table)];
  const view = table.kind === "view" || table.kind === "materialized view";
  const moves = table.postgres?.partitionBound !== twin?.postgres?.partitionBound;
  const alone = moves || world.remade.has(keyOf.relation(table.schema, table.name));
  const parents = parentsOf(table);
  const kept = parents.filter(
    (parent) => twin?.postgres?.parents.includes(parent) && !alone && !world.remade.has(parent),
  );
  const followsParent = kept.length > 0;
  const triggered = world.a.triggers.some((one) => one.schema === table.schema && one.table === table.name);
  const adoption = ofA
    ? twin && adoptionOf(twin, table, { tables: others, others: tables, kept, triggered })
    : adoptionOf(table, twin, { tables, others, kept, triggered });
  for (const column of table.columns) {
    const has = (one: Table | undefined) => one?.columns.some(({ name }) => name === column.name) === true;
    const above = parents.flatMap((parent) => {
      const found = tables.get(parent);
      return found !== undefined && has(found) ? [found] : [];
    });
    const follows = kept.some((parent) => has(tables.get(parent)) && (!has(twin) || has(others.get(parent))));
    const leaves = (one: Table) => ofA && leavesHeirs(one, column.name, { heirs, others });
    const keyIn = ({ schema, name }: Table) => keyOf.column(schema, name, column.name);
    const stands = (one: Table) => twin !== undefined && others.has(keyOf.relation(one.schema, one.name));
    if (!view)
      nodes.push(
        columnNode(world, table, column, {
          followsParent: follows,
          parents: above.map(keyIn),
          merges: above.filter(stands).map(keyIn),
          defaultAbove: above.some(({ columns }) =>
            columns.some(({ name, default: theirs }) => name === column.name && theirs !== undefined),
          ),
          requiredAbove: !ofA && kept.some((parent) => isFreed(column, others.get(parent), tables.get(parent))),
          adoption: adoption?.columns.has(column.name) ? adoption : undefined,
          after: ofA ? twin?.columns.find(({ name }) => name === column.name) : undefined,
          leavesHeirs: leaves(table),
          left: above.some(leaves),
        }),
      );
    if (column.default === undefined) continue;
    const same = above.some(({ columns }) =>
      columns.some(({ name, default: theirs }) => name === column.name && theirs === column.default),
    );
    const local = column.postgres?.local !== false || (isPartition(table) && !followsParent);
    nodes.push(
      defaultNode(table, column, {
        comes: same && !local && (follows || twin === undefined) && !has(twin),
        apart: view || !(local || adoption?.columns.has(column.name)),
        parents: above.map(({ schema, name }) => keyOf.default(schema, name, column.name)),
      }),
    );
  }
  const detached = ofA && twin !== undefined && !followsParent;
  for (const key of table.keys) {
    const above = key.local === false ? sameAbove(key, { tables, kept }) : [];
    const constraint = constraintNode(world, table, key, followsParent, { detached, above });
    nodes.push(constraint);
    // A partition can't go while its own family points at it.
    if (key.references?.schema === table.schema && key.references.table === table.name)
      for (const partition of heirs.get(keyOf.relation(table.schema, table.name)) ?? [])
        constraint.needs.add(keyOf.relation(partition.schema, partition.name));
  }
  for (const check of table.checks) {
    const adopted = adoption?.checks.has(check.name) ? adoption : undefined;
    const above = sameAbove(check, { tables, kept });
    nodes.push(constraintNode(world, table, check, followsParent, { adoption: adopted, above }));
  }
  for (const index of table.indexes) {
    if (!table.keys.some((key) => key.index === index)) nodes.push(indexNode(world, table, index, followsParent));
    if (index.postgres?.attachedTo) nodes.push(attachmentNode(table, index));
  }
  if (table.postgres?.ofType) nodes.push(typingNode(table));
  // What a partition must have to fit its parent is made before it is attached.
  const followers = nodes.filter(({ key }) => !key.startsWith("attachment:")).map(({ key }) => key);
  for (const parent of parents) {
    const { columns = [], checks = [], keys = [] } = tables.get(parent) ?? {};
    // Before its foreign keys go, for they would take the partition's along.
    const foreign = ofA ? keys.filter(({ kind }) => kind === "foreign key") : [];
    const above = [
      ...columns.map(({ name }) => `column:${nameIn(parent)}.${ident(name)}`),
      ...[...checks, ...foreign].map(({ name }) => `constraint:${nameIn(parent)}.${ident(name)}`),
    ];
    const apart = ofA && twin === undefined && isPointedAt(parent, { tables, others });
    nodes.push(parentNode(world, table, parent, { followers: [...followers, ...above], apart }));
  }
  const aboveAll = parentsOf(table).flatMap((parent) =>
    (tables.get(parent)?.columns ?? []).map(({ name }) => `column:${nameIn(parent)}.${ident(name)}`),
  );
  if (adoption !== undefined && !ofA) nodes.push(...adoptionNodes(table, adoption, [...followers, ...aboveAll]));
  const locality = ofA ? undefined : localityNode(table, twin, [...followers, ...aboveAll]);
  if (locality !== undefined) nodes.push(locality);
  return nodes;
}

/** The column of A's table is NOT NULL, and that of B's isn't. */
function isFreed({ name }: Column, a: Table | undefined, b: Table | undefined): boolean {
  const [before, after] = [a, b].map((table) => table?.columns.find((column) => column.name === name));
  return before?.nullable === false && after?.nullable === true;
}

/** A table may only reference one that outlives a crash as it does: who references becomes unlogged first, and logged last. */
function orderPersistence(nodes: Nodes, schema: FullSchema, twins: Map<ObjectKey, Table>): void {
  for (const table of schema.tables) {
    const own = keyOf.relation(table.schema, table.name);
    const unlogged = table.postgres?.unlogged;
    const twin = twins.get(own);
    if (twin === undefined || twin.postgres?.unlogged === unlogged) continue;
    for (const { references } of table.keys) {
      const target = references === undefined ? own : keyOf.relation(references.schema, references.table);
      if (target === own) continue;
      if (unlogged) nodes.get(target)?.follows.push(own);
      else nodes.get(own)?.follows.push(target);
    }
  }
}

/** The server's own notes, but for those that stand for being part of something. */
function addNeeds(nodes: Nodes, schema: FullSchema): void {
  const typings = new Set([...nodes.keys()].filter((key) => key.startsWith("typing:")).map(nameIn));
  for (const { from, to } of schema.dependencies) {
    const node = nodes.get(from);
    if (node === undefined || from === to) continue;
    // A sequence ends with its column, and is made before it.
    if (from.startsWith("sequence:") && (to.startsWith("column:") || to.startsWith("relation:"))) continue;
    // That a table is another's partition or child is a thing of its own.
    if (
      from.startsWith("relation:") &&
      to.startsWith("relation:") &&
      node.kind !== "view" &&
      node.kind !== "materialized view"
    )
      continue;
    if (from.startsWith("relation:") && to.startsWith(`column:${nameIn(from)}.`)) continue;
    if (to.startsWith("type:") && from.startsWith("relation:") && typings.has(nameIn(from))) continue;
    // An index of a partition is attached by a thing of its own.
    if (from.startsWith("index:") && (to.startsWith("index:") || to.startsWith("constraint:"))) continue;
    if (from.startsWith("constraint:") && node.implied) continue;
    if (
      node.kind !== "foreign key" &&
      from.startsWith("constraint:") &&
      (to.startsWith("constraint:") || to.startsWith("index:"))
    )
      continue;
    // The server notes of a domain what its default needs; of what could be the base as well, both.
    const given = from.startsWith("type:") ? nodes.get(`domain default:${nameIn(from)}`) : undefined;
    given?.needs.add(to);
    if (given === undefined || !/^(routine|sequence|operator):/.test(to)) node.needs.add(to);
  }
}
