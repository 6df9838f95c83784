import type { Column } from "../model.ts";
import type { ObjectKey } from "../model-objects.ts";
import type { Node, Verdict } from "./node.ts";
import type { Nodes } from "./nodes.ts";

/** What is done with every object that is not left as it is. */
export interface Fates {
  /** Only in A, or on its way to be made anew. */
  drop: Set<ObjectKey>;
  create: Set<ObjectKey>;
  alter: Map<ObjectKey, Verdict>;
  /** Of both sets: it doesn't differ itself; in favour of what. */
  rebuilt: Map<ObjectKey, ObjectKey>;
  /** Of both sets: it differs. */
  replaced: Map<ObjectKey, Verdict>;
  /** Types that step aside until columns have changed over; columns until they have handed their values over. */
  swapped: Set<ObjectKey>;
  /** Columns that keep their rows over the swap of their type. */
  retyped: Set<ObjectKey>;
}

/** What differs, and what has to step aside for it, and for that again. */
export function fatesOf(a: Nodes, b: Nodes): Fates {
  const fates: Fates = {
    drop: new Set(),
    create: new Set(),
    alter: new Map(),
    rebuilt: new Map(),
    replaced: new Map(),
    swapped: new Set(),
    retyped: new Set(),
  };
  for (const [key, node] of a) {
    const twin = b.get(key);
    if (twin === undefined) {
      fates.drop.add(key);
      continue;
    }
    const verdict = node.compare(twin);
    if (verdict === undefined) continue;
    if (verdict.replace) replace(fates, key, verdict);
    else fates.alter.set(key, verdict);
  }
  for (const key of b.keys()) if (!a.has(key)) fates.create.add(key);
  const dependents = dependentsIn(a);
  remakeHeld(fates, { a, b, dependents });
  remakeLeft(fates, a);
  spread(fates, { a, b, dependents });
  carryAside(fates, a);
  return fates;
}

function replace(fates: Fates, key: ObjectKey, verdict: Verdict): void {
  if (verdict.keeps) fates.swapped.add(key);
  fates.replaced.set(key, verdict);
  fates.drop.add(key);
  fates.create.add(key);
}

/** The server looks at no value of a domain inside an array or a composite type: what it would have to be sure of is made anew. */
function remakeHeld(fates: Fates, { a, b, dependents }: Both): void {
  for (const key of [...fates.create, ...fates.alter.keys()]) {
    const demands =
      key.startsWith("domain constraint:") ||
      fates.alter.get(key)?.drafts.some(({ sql }) => /^ALTER DOMAIN .* (SET NOT NULL|NOT NULL .*)$/.test(sql));
    const type = key.startsWith("type:") ? key : (b.get(key)?.parents[0] ?? "");
    if (demands && a.has(type) && !fates.drop.has(type) && isHeld(type, { nodes: a, dependents }))
      rebuild(fates, type, key);
  }
}

/** Whether a column has the type as a part of its own; `inside` when that is sure of every column that has it. */
function isHeld(
  type: ObjectKey,
  given: { nodes: Nodes; dependents: Map<ObjectKey, ObjectKey[]> },
  inside = false,
): boolean {
  return (given.dependents.get(type) ?? []).some((key) => {
    const node = given.nodes.get(key);
    if (node?.kind === "column") return inside || columnOf(node)?.type.endsWith("[]") === true;
    if (node?.kind === "composite type") return isHeld(key, given, true);
    return node?.kind === "domain" && isHeld(key, given, inside);
  });
}

/** An index of a partition can't leave the partitioned one: that is made anew, and takes those that stay. */
function remakeLeft(fates: Fates, a: Nodes): void {
  const attached = new Map<ObjectKey, { parent: ObjectKey; partition: ObjectKey; key: ObjectKey }>();
  for (const [key, { parents }] of a) {
    const [own = "", parent = "", partition = ""] = parents;
    if (key.startsWith("attachment:")) attached.set(own, { parent, partition, key });
  }
  for (const one of attached.values()) {
    if (!fates.drop.has(one.key) || fates.drop.has(one.partition)) continue;
    let { parent: top } = one;
    for (let next = attached.get(top); next !== undefined && !fates.drop.has(next.partition); next = attached.get(top))
      top = next.parent;
    if (!fates.drop.has(top)) rebuild(fates, top, one.key);
  }
}

interface Both {
  a: Nodes;
  b: Nodes;
  /** Of A. */
  dependents: Map<ObjectKey, ObjectKey[]>;
}

/** Follows the needs of A until nothing more is moved. */
function spread(fates: Fates, { a, b, dependents }: Both): void {
  const pending = [...fates.drop, ...[...fates.alter].filter(([, verdict]) => verdict.disturbs).map(([key]) => key)];
  const disturbed = new Set<ObjectKey>();
  for (let at = 0; at < pending.length; at++) {
    const moved = pending[at] ?? "";
    const gone = fates.drop.has(moved);
    for (const key of dependents.get(moved) ?? []) {
      const [node, twin] = [a.get(key), b.get(key)];
      if (node === undefined || twin === undefined || fates.drop.has(key)) continue;
      const step = stepAside(fates, { node, twin, moved, gone, of: a.get(moved)?.parents ?? [] });
      if (step === "rebuild") {
        rebuild(fates, key, moved);
        pending.push(key);
      } else if (step === "retype" && node.keyOf !== undefined) {
        fates.swapped.add(moved);
        if (fates.drop.has(node.keyOf)) continue;
        rebuild(fates, node.keyOf, moved);
        pending.push(node.keyOf);
      } else if (step === "retype" && !disturbed.has(key)) {
        disturbed.add(key);
        fates.retyped.add(key);
        fates.swapped.add(moved);
        pending.push(key);
      } else if (step === "disturbed" && !disturbed.has(key)) {
        disturbed.add(key);
        pending.push(key);
      }
    }
  }
}

/** What has stepped aside is still made of the types that it was made of: where those are made anew, they step aside too. */
function carryAside(fates: Fates, a: Nodes): void {
  const pending = [...fates.swapped];
  for (let at = 0; at < pending.length; at++) {
    for (const need of a.get(pending[at] ?? "")?.needs ?? []) {
      const again = need.startsWith("type:") && fates.drop.has(need) && fates.create.has(need);
      if (!again || fates.swapped.has(need)) continue;
      fates.swapped.add(need);
      pending.push(need);
    }
  }
}

function rebuild(fates: Fates, key: ObjectKey, reason: ObjectKey): void {
  const verdict = fates.alter.get(key);
  fates.alter.delete(key);
  fates.retyped.delete(key);
  if (verdict === undefined) fates.rebuilt.set(key, reason);
  else fates.replaced.set(key, { ...verdict, replace: true });
  fates.drop.add(key);
  fates.create.add(key);
}

function dependentsIn(nodes: Nodes): Map<ObjectKey, ObjectKey[]> {
  const dependents = new Map<ObjectKey, ObjectKey[]>();
  for (const [key, node] of nodes) {
    for (const need of new Set([...node.needs, ...node.parents])) {
      const list = dependents.get(need);
      if (list === undefined) dependents.set(need, [key]);
      else list.push(key);
    }
  }
  return dependents;
}

interface Move {
  node: Node;
  twin: Node;
  moved: ObjectKey;
  /** Dropped, not only altered. */
  gone: boolean;
  /** What the moved one is a part of. */
  of: ObjectKey[];
}

/** Kinds that stand in the way of another type of a column. */
const TOUCHY = new Set([
  "view",
  "materialized view",
  "rule",
  "policy",
  "trigger",
  "function",
  "procedure",
  "publication",
]);

function stepAside(fates: Fates, { node, twin, moved, gone, of }: Move): "stay" | "rebuild" | "retype" | "disturbed" {
  if (node.parents.includes(moved)) {
    if (gone) return twin.parents.includes(moved) || node.kind !== "sequence" ? "rebuild" : "stay";
    return touchedBelow(fates, node, moved);
  }
  // What doesn't need it any more is altered before it goes.
  const needed = twin.needs.has(moved) || of.some((whole) => fates.drop.has(whole) && twin.needs.has(whole));
  if (!needed && fates.alter.has(node.key)) return "stay";
  if (moved.startsWith("type:") && !gone)
    return node.key.startsWith("typing:") || node.kind === "default" ? "rebuild" : "stay";
  if (node.kind === "column") {
    if (node.implied && moved.startsWith("column:")) return "disturbed";
    if (isGenerated(node)) return "rebuild";
    return gone && twin.needs.has(moved) && node.retype !== undefined ? "retype" : "stay";
  }
  if (gone) return "rebuild";
  if (TOUCHY.has(node.kind)) return "rebuild";
  return node.kind === "foreign key" && reshapes(fates, moved) ? "rebuild" : "stay";
}

/** Of a column that changes its type: a default is of the old one, while the server takes indexes and checks along. */
function touchedBelow(fates: Fates, node: Node, moved: ObjectKey): "stay" | "rebuild" {
  if (node.kind === "default") return reshapes(fates, moved) ? "rebuild" : "stay";
  if (node.kind === "foreign key") return reshapes(fates, moved) ? "rebuild" : "stay";
  return "stay";
}

function isGenerated(node: Node): boolean {
  return columnOf(node)?.generated !== "no";
}

function columnOf(node: Node): Column | undefined {
  return (node.it as { column?: Column }).column;
}

/** It becomes another type, not only another length of the same. */
function reshapes(fates: Fates, column: ObjectKey): boolean {
  if (fates.retyped.has(column)) return true;
  const word = fates.alter.get(column)?.words.find((one) => one.startsWith("type: ")) ?? "";
  const [from = "", to = ""] = word
    .slice(6)
    .split(" → ")
    .map((type) => type.replace(/\([^)]*\)/g, ""));
  return word !== "" && from !== to;
}
