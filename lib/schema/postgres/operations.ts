import type { ObjectKey } from "../model-objects.ts";
import type { Fates } from "./closure.ts";
import type { Node } from "./node.ts";
import type { Nodes } from "./nodes.ts";

export type Verb = "drop" | "alter" | "create";

/** One step of the way from A to B. */
export interface Operation {
  id: string;
  verb: Verb;
  key: ObjectKey;
  node: Node;
  /** The operation whose statement does this one too. */
  within: string | undefined;
}

/** Operations with what has to come before each. */
export interface Steps {
  operations: Map<string, Operation>;
  before: Map<string, Set<string>>;
}

export const idOf = (verb: Verb, key: ObjectKey) => `${verb} ${key}`;

/** What there is to do, and in which order it may be done. */
export function stepsOf(fates: Fates, { a, b }: { a: Nodes; b: Nodes }): Steps {
  const operations = new Map<string, Operation>();
  const add = (verb: Verb, node: Node | undefined, within?: string) => {
    if (node === undefined) return;
    operations.set(idOf(verb, node.key), { id: idOf(verb, node.key), verb, key: node.key, node, within });
  };
  for (const key of fates.drop) add("drop", a.get(key), dropWithin(fates, a.get(key)));
  for (const key of fates.create) add("create", b.get(key), createWithin(fates, b.get(key)));
  for (const key of new Set([...fates.alter.keys(), ...fates.retyped])) add("alter", b.get(key));
  const before = new Map<string, Set<string>>([...operations.keys()].map((id) => [id, new Set()]));
  const first = (earlier: string, later: string) => {
    if (earlier !== later && operations.has(earlier)) before.get(later)?.add(earlier);
  };
  for (const operation of operations.values()) order(operation, { fates, a, b, first });
  orderSlots(operations, { a, b, first });
  return { operations, before };
}

/** With what it ends; a relation before a column, for it takes both. */
function dropWithin(fates: Fates, node: Node | undefined): string | undefined {
  // A column that hands its values over first outlives what was made of it.
  const stays = (key: ObjectKey) => key.startsWith("column:") && fates.swapped.has(key);
  const parent = node?.parents.find((key) => fates.drop.has(key) && !stays(key));
  return parent === undefined ? undefined : idOf("drop", parent);
}

/** In whose statement it may stand. */
function createWithin(fates: Fates, node: Node | undefined): string | undefined {
  if (node?.line === undefined) return undefined;
  const holds = (key: ObjectKey) =>
    /^(relation|type):/.test(key) || (node.kind === "default" && key.startsWith("column:"));
  const parent = node.parents.find((key) => fates.create.has(key) && holds(key));
  return parent === undefined ? undefined : idOf("create", parent);
}

interface Ordering {
  fates: Fates;
  a: Nodes;
  b: Nodes;
  first: (earlier: string, later: string) => void;
}

function order({ id, verb, key }: Operation, { fates, a, b, first }: Ordering): void {
  const [needsA, needsB] = [a.get(key)?.needs ?? [], b.get(key)?.needs ?? []];
  if (verb === "drop") {
    for (const need of needsA) {
      if (ofParent(a, key, need)) {
        first(idOf("drop", need), id);
        continue;
      }
      first(id, idOf("drop", need));
      // What makes room for itself goes when the new one is there, and that comes late.
      if (!fates.swapped.has(key)) first(id, idOf("alter", need));
      // By the name that it still has, which is part of that of a function; nothing is called after a collation.
      if (fates.swapped.has(need) && !fates.swapped.has(key) && !need.startsWith("collation:"))
        first(id, idOf("create", need));
    }
    const aside = fates.swapped.has(key) || a.get(key)?.parents.some((parent) => fates.swapped.has(parent));
    if (!aside) first(id, idOf("create", key));
    else if (fates.swapped.has(key)) first(idOf("create", key), id);
    for (const other of a.get(key)?.merges ?? []) first(idOf("drop", other), id);
    // What a partition has, and what it is a partition of, change apart from each other.
    if (/^(partition|inheritance|typing):/.test(key))
      for (const other of a.get(key)?.follows ?? []) {
        first(id, idOf("drop", other));
        if (!other.startsWith("column:")) continue;
        for (const change of ["alter", "create"] as const) first(id, idOf(change, other));
      }
    return;
  }
  for (const need of needsB) {
    first(idOf("create", need), id);
    first(idOf("alter", need), id);
  }
  for (const other of b.get(key)?.follows ?? []) {
    first(idOf("create", other), id);
    first(idOf("alter", other), id);
    if (fates.swapped.has(other)) first(idOf("drop", other), id);
  }
  for (const other of b.get(key)?.merges ?? []) first(id, idOf("create", other));
  if (verb === "create") return;
  const still = new Set(needsB);
  for (const need of needsA) {
    if (ofParent(a, key, need)) first(idOf("drop", need), id);
    else first(id, idOf("drop", need));
    if (!still.has(need)) first(id, idOf("alter", need));
  }
}

/** A child's column, which follows the parent's, or is left alone by it. */
function ofParent(nodes: Nodes, key: ObjectKey, need: ObjectKey): boolean {
  const [column, above] = [nodes.get(key), nodes.get(need)];
  return column?.kind === "column" && above?.kind === "column" && column.parents[0] !== above.parents[0];
}

/** A name is free when who had it is gone, or has got another. */
function orderSlots(operations: Map<string, Operation>, { a, b, first }: Omit<Ordering, "fates">): void {
  const leaving = new Map<string, string[]>();
  for (const { id, verb, key } of operations.values()) {
    if (verb === "create") continue;
    const kept = new Set(verb === "alter" ? b.get(key)?.slots : []);
    for (const slot of a.get(key)?.slots ?? []) {
      if (!kept.has(slot)) leaving.set(slot, [...(leaving.get(slot) ?? []), id]);
    }
  }
  for (const { id, verb, key, node } of operations.values()) {
    if (verb === "drop") continue;
    for (const slot of node.slots) {
      for (const other of leaving.get(slot) ?? []) if (operations.get(other)?.key !== key) first(other, id);
    }
  }
}
